/** What the program says about itself: log lines and numbers. Nobody above the adapters knows which library carries them. */
export interface Telemetry {
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A static message, facts as fields: `log.warn({ rollout, stepIndex, cause }, 'measurement failed')`. */
export interface Log {
  debug(facts: LogFacts, message: string): void;
  info(facts: LogFacts, message: string): void;
  warn(facts: LogFacts, message: string): void;
  error(facts: LogFacts, message: string): void;
  /** A log that adds these facts to each of its lines. */
  child(facts: LogFacts): Log;
}

/** `cause` takes an Error and is written with its stack; fields whose name tells of a secret are redacted. */
export type LogFacts = Readonly<Record<string, unknown>>;

/** The numbers, by what happened. The names of the series are the adapter's; label sets are bounded there. */
export interface Metrics {
  kubeCallDone(call: KubeCallDone): void;
  eventRecorded(event: {
    readonly namespace: string;
    readonly name: string;
    readonly type: string;
    readonly reason: string;
  }): void;
  /** A pass over one object ended. */
  reconciled(pass: ReconcilePass): void;
  /** The present state of a Rollout; replaces what was shown of it before. */
  rolloutObserved(rollout: RolloutFacts): void;
  /** An update is over, however it ended. */
  updateEnded(update: UpdateFacts): void;
  /** The present state of an AnalysisRun; replaces what was shown of it before. */
  analysisRunObserved(run: AnalysisRunFacts): void;
  /** The present state of an Experiment; replaces what was shown of it before. */
  experimentObserved(experiment: { readonly namespace: string; readonly name: string; readonly phase: string }): void;
  /** What a template measures; replaces what was shown of it before. A template of the whole cluster has no namespace. */
  templateObserved(template: TemplateFacts): void;
  templateGone(template: { readonly namespace: string; readonly name: string }): void;
  /** Drops every series of an object that was deleted, after a last scrape had its chance. */
  objectGone(object: { readonly kind: ReconciledKind; readonly namespace: string; readonly name: string }): void;
  notificationDone(notice: {
    readonly namespace: string;
    readonly name: string;
    readonly service: string;
    readonly reason: string;
    readonly ok: boolean;
    readonly seconds: number;
  }): void;
  /** Says how to read, at each scrape, what this process has of the objects that several share. */
  shareIs(read: () => ShareFacts): void;
  queue(name: string): QueueMetrics;
}

export interface ShareFacts {
  /** Processes that share the objects, this one included; 0 while this one may not act. */
  readonly members: number;
  /** How many objects this process works on, by their kind in the plural. */
  readonly owned: Readonly<Record<string, number>>;
  /** How many of its Rollouts another controller writes to. */
  readonly contested: number;
}

export type ReconciledKind = 'rollout' | 'analysis_run' | 'experiment' | 'git_source';

export interface KubeCallDone {
  /** Plural, as in the address: `replicasets`, with a subresource `rollouts/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly verb: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
}

export interface ReconcilePass {
  readonly kind: ReconciledKind;
  readonly namespace: string;
  readonly name: string;
  readonly seconds: number;
  readonly failed: boolean;
}

export interface RolloutFacts {
  readonly namespace: string;
  readonly name: string;
  readonly strategy: string;
  readonly trafficRouter: string;
  /** As dashboards call it: `Completed`, `Abort`. */
  readonly phase: string;
  readonly replicas: {
    readonly available: number;
    readonly unavailable: number;
    readonly desired: number;
    readonly updated: number;
  };
}

export interface UpdateFacts {
  /** How it ended: `Promoted`, `Aborted`. */
  readonly status: string;
  readonly totalSeconds: number;
  readonly manualPauseSeconds: number;
}

export interface AnalysisRunFacts {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly metrics: readonly AnalysisMetricFacts[];
}

export interface TemplateFacts {
  readonly namespace: string;
  readonly name: string;
  readonly metrics: readonly Pick<AnalysisMetricFacts, 'metric' | 'type'>[];
}

export interface AnalysisMetricFacts {
  readonly metric: string;
  /** As dashboards call the provider: `Prometheus`, `Web`. */
  readonly type: string;
  readonly phase: string;
  readonly dryRun: boolean;
}

/** What a work queue tells; names as in client-go's `workqueue_*`. */
export interface QueueMetrics {
  depth(length: number): void;
  added(): void;
  retried(): void;
  waited(seconds: number): void;
  worked(seconds: number): void;
  /** Says how to read, at each scrape, for how many seconds each key that is worked on has been. */
  workingIs(read: () => readonly number[]): void;
}
