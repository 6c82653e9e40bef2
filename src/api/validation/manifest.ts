import type { z } from 'zod';

import type { AnalysisTemplate } from '../analysis.ts';
import type { Experiment } from '../experiment.ts';
import type { GitSource } from '../git-source.ts';
import type { KubeObject } from '../kube-object.ts';
import type { Rollout } from '../rollout.ts';
import { analysisRunSpecSchema, analysisTemplateSpecSchema } from '../schema/analysis.ts';
import { experimentSpecSchema } from '../schema/experiment.ts';
import { gitSourceSpecSchema } from '../schema/git-source.ts';
import { rolloutSpecSchema } from '../schema/rollout-spec.ts';
import { validateAnalysisTemplate } from './analysis-template.ts';
import { validateExperiment } from './experiment.ts';
import { validateGitSource } from './git-source.ts';
import type { Problem } from './problem.ts';
import { validateRollout } from './rollout.ts';
import { validateShape } from './shape.ts';

/**
 * Everything that can be said of one object from a file, which no API server has looked at: first its shape, and when
 * that is right, its meaning. Objects of other kinds are not looked at.
 */
export function validateManifest(object: KubeObject): readonly Problem[] {
  const schema = schemaOf(object.kind);
  if (schema === undefined) return [];
  const problems = validateShape(schema, object['spec'], 'spec');
  return problems.length > 0 ? problems : validateMeaning(object);
}

function schemaOf(kind: string): z.ZodType | undefined {
  switch (kind) {
    case 'Rollout':
      return rolloutSpecSchema;
    case 'AnalysisTemplate':
    case 'ClusterAnalysisTemplate':
      return analysisTemplateSpecSchema;
    case 'AnalysisRun':
      return analysisRunSpecSchema;
    case 'Experiment':
      return experimentSpecSchema;
    case 'GitSource':
      return gitSourceSpecSchema;
    default:
      return undefined;
  }
}

/** The shape was checked, so the object is what its kind says. */
function validateMeaning(object: KubeObject): readonly Problem[] {
  switch (object.kind) {
    case 'Rollout':
      return validateRollout(object as Rollout);
    case 'AnalysisTemplate':
    case 'ClusterAnalysisTemplate':
      return validateAnalysisTemplate(object as AnalysisTemplate);
    case 'Experiment':
      return validateExperiment(object as Experiment);
    case 'GitSource':
      return validateGitSource(object as GitSource, { fileUrls: 'allowed', namespaces: 'any' });
    default:
      return [];
  }
}
