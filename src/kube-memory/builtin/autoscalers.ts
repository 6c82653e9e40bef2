import type { KubeObject } from '../../api/kube-object.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { atLeast, invalid, required } from './field-errors.ts';
import { fieldsAt, filled, itemsAt, listAt, numberAt, textAt, type Fields } from './fields.ts';
import { horizontalPodAutoscalerSchema } from './schemas/autoscaling.ts';

export const autoscalerResource: ResourceDefinition = define({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [{ name: 'status' }],
  schema: horizontalPodAutoscalerSchema,
  columns: [
    column(
      'Reference',
      (scaler) =>
        `${textAt(scaler, 'spec', 'scaleTargetRef', 'kind') ?? ''}/${textAt(scaler, 'spec', 'scaleTargetRef', 'name') ?? ''}`,
    ),
    column('Targets', targetsText),
    column('MinPods', (scaler) => String(numberAt(scaler, 'spec', 'minReplicas') ?? '<unset>')),
    column('MaxPods', (scaler) => numberAt(scaler, 'spec', 'maxReplicas') ?? 0),
    column('Replicas', (scaler) => numberAt(scaler, 'status', 'currentReplicas') ?? 0),
    ageColumn,
  ],
  defaults: defaultedAutoscaler,
  validate: checkAutoscaler,
});

const CPU_DEFAULT = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};
const ANY_PERCENT = { type: 'Percent', value: 100, periodSeconds: 15 };
const SCALE_UP = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, ANY_PERCENT],
};
const SCALE_DOWN = { selectPolicy: 'Max', policies: [ANY_PERCENT] };

function defaultedAutoscaler(scaler: KubeObject): KubeObject {
  const spec = filled(fieldsAt(scaler, 'spec'), { minReplicas: 1 });
  const metrics = listAt(spec, 'metrics').length === 0 ? [CPU_DEFAULT] : spec.metrics;
  const behavior =
    spec.behavior === undefined || spec.behavior === null
      ? {}
      : { behavior: defaultedBehavior(fieldsAt(spec, 'behavior')) };
  return {
    ...scaler,
    spec: { ...spec, metrics, ...behavior },
    status: filled(fieldsAt(scaler, 'status'), { desiredReplicas: 0, currentMetrics: null }),
  };
}

function defaultedBehavior(behavior: Fields): Fields {
  return {
    ...behavior,
    scaleUp: filled(fieldsAt(behavior, 'scaleUp'), SCALE_UP),
    scaleDown: filled(fieldsAt(behavior, 'scaleDown'), SCALE_DOWN),
  };
}

function checkAutoscaler(scaler: KubeObject): readonly FieldError[] {
  const spec = fieldsAt(scaler, 'spec');
  const most = numberAt(spec, 'maxReplicas') ?? 0;
  const least = numberAt(spec, 'minReplicas') ?? 1;
  return [
    ...atLeast('spec.minReplicas', least, 1),
    ...(most < 1 ? [invalid('spec.maxReplicas', most, 'must be greater than 0')] : []),
    ...(most < least ? [invalid('spec.maxReplicas', most, 'must be greater than or equal to `minReplicas`')] : []),
    ...['kind', 'name']
      .filter((field) => (textAt(spec, 'scaleTargetRef', field) ?? '') === '')
      .map((field) => required(`spec.scaleTargetRef.${field}`)),
    ...((textAt(spec, 'scaleTargetRef', 'apiVersion') ?? '') === ''
      ? [invalid('spec.scaleTargetRef.apiVersion', '', 'apiVersion must specify API group')]
      : []),
    ...itemsAt(spec, 'metrics').flatMap((metric, index) => checkMetric(`spec.metrics[${index}]`, metric)),
  ];
}

function checkMetric(path: string, metric: Fields): readonly FieldError[] {
  const type = textAt(metric, 'type') ?? '';
  if (type === '') return [required(`${path}.type`, 'must specify a metric source type')];
  const source = `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
  return metric[source] === undefined
    ? [required(`${path}.${source}`, 'must populate information for the given metric source')]
    : [];
}

/** Current and wanted values of resource metrics; other sources show `<unknown>` for the current one. */
function targetsText(scaler: KubeObject): string {
  const texts = itemsAt(scaler, 'spec', 'metrics').map((metric, index) => {
    const source = textAt(metric, 'type') ?? '';
    const key = `${source.charAt(0).toLowerCase()}${source.slice(1)}`;
    const target = fieldsAt(metric, key, 'target');
    const current = fieldsAt(itemsAt(scaler, 'status', 'currentMetrics')[index], key, 'current');
    const name = textAt(metric, key, 'name') ?? '';
    const text = `${amountText(current)}/${amountText(target)}`;
    return source === 'Resource' ? `${name}: ${text}` : text;
  });
  return texts.join(', ') || '<none>';
}

function amountText(amount: Fields): string {
  if (typeof amount.averageUtilization === 'number') return `${amount.averageUtilization}%`;
  const value = amount.averageValue ?? amount.value;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '<unknown>';
}
