import type { Log, Metrics, QueueMetrics } from '../../ports/telemetry.ts';

/** A log that says nothing. */
export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT_LOG };

const SILENT_QUEUE: QueueMetrics = { depth() {}, added() {}, retried() {}, waited() {}, worked() {}, workingIs() {} };

/** Metrics that nobody reads. */
export const SILENT_METRICS: Metrics = {
  kubeCallDone() {},
  eventRecorded() {},
  reconciled() {},
  rolloutObserved() {},
  updateEnded() {},
  analysisRunObserved() {},
  experimentObserved() {},
  templateObserved() {},
  templateGone() {},
  objectGone() {},
  notificationDone() {},
  shareIs() {},
  queue: () => SILENT_QUEUE,
};
