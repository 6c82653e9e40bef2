import type { ExperimentStatus } from '../../api/experiment.ts';
import type { EventNotice } from '../../api/kube-write.ts';
import { isBadTemplate } from './ending.ts';

/** What changed with a version, as the API tells it. */
export function versionNotices(before: ExperimentStatus, next: ExperimentStatus): readonly EventNotice[] {
  return (next.templateStatuses ?? []).flatMap(({ name, status = '', message = '' }): readonly EventNotice[] => {
    const previous = before.templateStatuses?.find((one) => one.name === name)?.status ?? '';
    if (previous === status) return [];
    return [
      {
        type: isBadTemplate(status) ? 'Warning' : 'Normal',
        reason: `Template${status}`,
        message: withCause(`Template '${name}' transitioned from ${previous} -> ${status}`, message),
      },
    ];
  });
}

/** What changed with a measurement. The Rollout of the experiment tells it too. */
export function analysisNotices(before: ExperimentStatus, next: ExperimentStatus): readonly EventNotice[] {
  return (next.analysisRuns ?? []).flatMap(({ name, phase, message = '' }): readonly EventNotice[] => {
    const previous = before.analysisRuns?.find((one) => one.name === name)?.phase ?? '';
    if (previous === phase) return [];
    return [
      {
        type: isBad(phase) ? 'Warning' : 'Normal',
        reason: `AnalysisRun${phase}`,
        message: withCause(`AnalysisRun '${name}' transitioned from ${previous} -> ${phase}`, message),
      },
    ];
  });
}

export function phaseNotices(before: ExperimentStatus, next: ExperimentStatus): readonly EventNotice[] {
  const { phase = 'Pending' } = next;
  if (before.phase === phase) return [];
  const message = `Experiment transitioned from ${before.phase ?? ''} -> ${phase}`;
  return [{ type: isBad(phase) ? 'Warning' : 'Normal', reason: `Experiment${phase}`, message }];
}

function isBad(phase: string): boolean {
  return phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
}

function withCause(text: string, cause: string): string {
  return cause === '' ? text : `${text}: ${cause}`;
}
