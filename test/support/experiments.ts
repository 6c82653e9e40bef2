import { podTemplate } from './manifests.ts';

export interface ExperimentInput {
  readonly name: string;
  readonly templates?: readonly Readonly<Record<string, unknown>>[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Its pods go at once at the end, unless asked otherwise: most stories are not about the delay. */
export function experiment({ name, templates, spec = {} }: ExperimentInput): Record<string, unknown> {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name },
    spec: {
      scaleDownDelaySeconds: 0,
      templates: templates ?? [version('baseline', 'shop:1'), version('canary', 'shop:2')],
      ...spec,
    },
  };
}

export function version(
  name: string,
  image: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { name, selector: { matchLabels: { app: name } }, template: podTemplate(name, image), ...more };
}
