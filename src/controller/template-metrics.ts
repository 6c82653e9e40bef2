import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../api/analysis.ts';
import type { ObjectCache } from '../ports/kube.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { providerTypeName } from '../core/analysis/provider-type.ts';

type Template = AnalysisTemplate | ClusterAnalysisTemplate;

/** Shows the templates that there are, and what they measure with, from now on. */
export function showTemplates(cache: ObjectCache<Template>, metrics: Metrics): void {
  const show = ({ metadata, spec }: Template): void =>
    metrics.templateObserved({
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      metrics: (spec.metrics ?? []).map((metric) => ({ metric: metric.name, type: providerTypeName(metric) })),
    });
  cache.list().forEach(show);
  cache.subscribe((change) => {
    if (change.type !== 'deleted') return show(change.object);
    const { namespace = '', name } = change.old.metadata;
    metrics.templateGone({ namespace, name });
  });
}
