import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../api/analysis.ts';
import type { ObjectCache } from '../ports/kube.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { changedObject } from './changed-object.ts';
import { providerTypeName } from '../core/analysis/provider-type.ts';

/** Shows the templates that there are, and what they measure with. */
export function showTemplates(
  caches: readonly ObjectCache<AnalysisTemplate | ClusterAnalysisTemplate>[],
  metrics: Metrics,
): void {
  for (const cache of caches) {
    cache.subscribe((change) => {
      const { metadata, spec } = changedObject(change);
      const { namespace = '', name } = metadata;
      if (change.type === 'deleted') metrics.templateGone({ namespace, name });
      else
        metrics.templateObserved({
          namespace,
          name,
          metrics: (spec.metrics ?? []).map((metric) => ({ metric: metric.name, type: providerTypeName(metric) })),
        });
    });
  }
}
