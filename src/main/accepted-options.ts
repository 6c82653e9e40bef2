import { InvalidArgumentError, Option } from 'commander';

/** Options that start scripts of the API's other controller may have. They are taken, and nothing comes of them. */
export function acceptedOptions(): readonly Option[] {
  return ACCEPTED.map(({ flags, why }) => {
    const option = new Option(flags, why).helpGroup(ACCEPTED_GROUP);
    return option.env(environmentName(option));
  });
}

/** `--rollout-threads` is `HEADGATE_ROLLOUT_THREADS`. */
export function environmentName(option: Option): string {
  return `HEADGATE_${option.name().replaceAll('-', '_').toUpperCase()}`;
}

/** Variables by which the API's other controller is told what cannot be done here: to ignore them would be worse than not to start. */
export function refusedVariables(): readonly Option[] {
  return REFUSED.map(({ flags, variable }) => {
    const option = new Option(flags).env(variable).hideHelp();
    return option.argParser((value: string) => {
      if (value !== '') throw new InvalidArgumentError(JOBS_STAY);
    });
  });
}

export const ACCEPTED_GROUP = 'Accepted without effect:';

/** What to say of those that were given: `--qps has no effect: …`. */
export function ineffectiveOptions(given: Readonly<Record<string, unknown>>): readonly string[] {
  return acceptedOptions()
    .filter((option) => given[option.attributeName()] !== undefined)
    .map((option) => `${option.long} has no effect: ${option.description}`);
}

const ADAPTIVE = 'the limit on requests adapts to the API server';
const WITH_ROLLOUT = 'this is done together with the Rollout; see --rollout-threads';
const NO_ROUTER = 'Rollouts with this traffic router are refused by name';

const ACCEPTED: readonly { readonly flags: string; readonly why: string }[] = [
  { flags: '--qps <n>', why: ADAPTIVE },
  { flags: '--burst <n>', why: ADAPTIVE },
  { flags: '--service-threads <n>', why: WITH_ROLLOUT },
  { flags: '--ingress-threads <n>', why: WITH_ROLLOUT },
  { flags: '--ephemeral-metadata-threads <n>', why: WITH_ROLLOUT },
  { flags: '--ephemeral-metadata-update-pod-retries <n>', why: 'it is tried until it is done' },
  { flags: '--kloglevel <n>', why: 'there is one log; see --loglevel' },
  { flags: '--nginx-ingress-classes <class>', why: 'an Ingress of any class is routed that a Rollout names' },
  { flags: '--ingress-api-version <version>', why: 'Ingresses are read as networking.k8s.io/v1' },
  { flags: '--alb-ingress-classes <class>', why: NO_ROUTER },
  { flags: '--alb-verify-weight [bool]', why: NO_ROUTER },
  { flags: '--alb-tag-key-resource-id <key>', why: NO_ROUTER },
  { flags: '--aws-verify-target-group [bool]', why: NO_ROUTER },
  { flags: '--aws-target-group-binding-api-version <version>', why: NO_ROUTER },
  { flags: '--istio-api-version <version>', why: NO_ROUTER },
  { flags: '--ambassador-api-version <version>', why: NO_ROUTER },
  { flags: '--traffic-split-api-version <version>', why: NO_ROUTER },
  { flags: '--traefik-api-group <group>', why: NO_ROUTER },
  { flags: '--traefik-api-version <version>', why: NO_ROUTER },
  { flags: '--appmesh-crd-version <version>', why: NO_ROUTER },
  { flags: '--self-service-notification-enabled [bool]', why: 'notifications are set up by options and annotations' },
  { flags: '--enable-pprof-address <address>', why: 'Node.js has other means; see its --inspect' },
];

const JOBS_STAY = 'Jobs of measurements run where their AnalysisRun is, which owns them; start without it.';

const REFUSED: readonly { readonly flags: string; readonly variable: string }[] = [
  { flags: '--analysis-job-namespace <namespace>', variable: 'ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE' },
  { flags: '--analysis-job-kubeconfig <file>', variable: 'ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG' },
];
