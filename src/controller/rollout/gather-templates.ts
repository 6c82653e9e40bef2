import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../../api/analysis.ts';
import type { RolloutCaches } from './caches.ts';

/** The templates that are named and, level by level, those that they name. */
export function templatesFor(
  caches: RolloutCaches,
  namespace: string,
  references: {
    readonly analysisTemplates: readonly string[];
    readonly clusterAnalysisTemplates: readonly string[];
  },
): Templates {
  const analysisTemplates: Record<string, AnalysisTemplate | null> = {};
  const clusterAnalysisTemplates: Record<string, ClusterAnalysisTemplate | null> = {};
  const pending = [
    ...references.analysisTemplates.map((name) => ({ name, clusterScope: false })),
    ...references.clusterAnalysisTemplates.map((name) => ({ name, clusterScope: true })),
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { name, clusterScope } = next;
    const found: Record<string, AnalysisTemplate | ClusterAnalysisTemplate | null> = clusterScope
      ? clusterAnalysisTemplates
      : analysisTemplates;
    if (name in found) continue;
    const template =
      (clusterScope ? caches.clusterAnalysisTemplates?.get('', name) : caches.analysisTemplates.get(namespace, name)) ??
      null;
    found[name] = template;
    for (const nested of template?.spec.templates ?? []) {
      pending.push({ name: nested.templateName ?? '', clusterScope: nested.clusterScope ?? false });
    }
  }
  return { analysisTemplates, clusterAnalysisTemplates };
}

export interface Templates {
  readonly analysisTemplates: Readonly<Record<string, AnalysisTemplate | null>>;
  readonly clusterAnalysisTemplates: Readonly<Record<string, ClusterAnalysisTemplate | null>>;
}
