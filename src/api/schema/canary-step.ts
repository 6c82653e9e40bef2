import { rolloutAnalysisSchema, dryRunSchema, rolloutArgumentSchema } from './analysis-reference.ts';
import { extraMetadataSchema, labelSelectorSchema } from './common.ts';
import {
  anyValue,
  atMostOneOf,
  flag,
  int32,
  intOrString,
  listOf,
  mapOf,
  object,
  text,
  withRules,
  word,
} from './fields.ts';

const stringMatch = object('How a text must look; exactly one field.', {
  exact: text('It must be this.').optional(),
  prefix: text('It must start with this.').optional(),
  regex: text('It must match this regular expression.').optional(),
});

const experimentTemplate = object('A version to run in the experiment.', {
  name: text('The name of this version in the experiment.'),
  specRef: word<'canary' | 'stable'>('Whose pod template is taken: canary or stable.'),
  replicas: int32('How many pods; 1 if unset.').optional(),
  metadata: extraMetadataSchema.describe('Labels and annotations to add to the pods.').optional(),
  selector: labelSelectorSchema.describe('The selector of the pods; that of the Rollout if unset.').optional(),
  weight: int32('The percentage of traffic that these pods get.').optional(),
  service: object('The Service to create for these pods.', {
    name: text('The name of the Service; that of the ReplicaSet if unset.').optional(),
  }).optional(),
});

const experimentStep = object('Runs versions side by side and measures them.', {
  templates: listOf(experimentTemplate, 'The versions to run.'),
  duration: text('How long to run them, such as 5m; until the analyses end if unset.').optional(),
  analyses: listOf(
    object('A measurement of the versions.', {
      name: text('The name of this measurement in the experiment.'),
      templateName: text('The name of the AnalysisTemplate or ClusterAnalysisTemplate.'),
      clusterScope: flag('Whether it is a ClusterAnalysisTemplate.').optional(),
      args: listOf(rolloutArgumentSchema, 'Values for the arguments of the template.').optional(),
      requiredForCompletion: flag('Whether the experiment waits for this measurement.').optional(),
    }),
    'What to measure.',
  ).optional(),
  dryRun: listOf(dryRunSchema, 'Metrics whose outcome is only recorded.').optional(),
  analysisRunMetadata: extraMetadataSchema.describe('Labels and annotations for the AnalysisRuns.').optional(),
  scaleDownDelaySeconds: int32('Seconds that the pods stay after the end.').optional(),
});

const routeMatch = object('Requests to match; all given fields must match.', {
  method: stringMatch.describe('The method of the request.').optional(),
  path: stringMatch.describe('The path of the request.').optional(),
  headers: mapOf(stringMatch, 'Headers of the request.').optional(),
});

export const canaryStepSchema = withRules(
  object('One step of the update; set exactly one field.', {
    setWeight: int32('Sends this percentage of the traffic to the new version.').optional(),
    pause: object('Waits.', {
      duration: intOrString('How long: seconds, or a duration such as 10m. Until someone resumes if unset.').optional(),
    }).optional(),
    analysis: rolloutAnalysisSchema.describe('Measures the new version and goes on when it is good.').optional(),
    experiment: experimentStep.optional(),
    setCanaryScale: object('Scales the new version without moving traffic; needs trafficRouting.', {
      weight: int32('The percentage of the replicas that the new version gets.').optional(),
      replicas: int32('The number of replicas that the new version gets.').optional(),
      matchTrafficWeight: flag('Ends the effect of earlier setCanaryScale steps.').optional(),
    }).optional(),
    setHeaderRoute: object('Sends requests with certain headers to the new version.', {
      name: text('The name of the route, one of managedRoutes.').optional(),
      match: listOf(
        object('A header to match.', {
          headerName: text('The name of the header.'),
          headerValue: stringMatch.describe('How the value must look.'),
        }),
        'The headers to match; an empty list removes the route.',
      ).optional(),
    }).optional(),
    setMirrorRoute: object('Sends copies of requests to the new version.', {
      name: text('The name of the route, one of managedRoutes.'),
      match: listOf(routeMatch, 'The requests to copy; an empty list removes the route.').optional(),
      percentage: int32('The percentage of them to copy; 100 if unset.').optional(),
    }).optional(),
    plugin: object('Runs a step plug-in.', {
      name: text('The name of the plug-in.'),
      config: anyValue('The settings of this step.').optional(),
    }).optional(),
  }),
  [
    {
      rule: atMostOneOf(['setWeight', 'pause', 'analysis', 'experiment']),
      message: 'a step does one thing: give setWeight, pause, analysis and experiment a step of their own each',
    },
  ],
);
