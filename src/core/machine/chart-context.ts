import type { ProgressingReason } from '../../api/conditions.ts';
import { lookAt, type World } from '../rollout/world.ts';
import { positionOf, type Position } from '../rollout/position.ts';

/** What the chart moves in: the world as it was seen, and the position that it changes. */
export interface ChartContext {
  readonly world: World;
  readonly position: Position;
  /** What the condition Progressing has to say about the last move, if it has to. */
  readonly mark: Mark | undefined;
  /** A user resumed after an inconclusive verdict: that verdict no longer counts. */
  readonly measuredAgain: boolean;
}

export interface Mark {
  readonly reason: ProgressingReason;
  readonly message: string;
}

/** For the context factory, which is also called without input: a Rollout of nothing. */
export const NOWHERE: ChartContext = {
  world: lookAt({
    nowMs: 0,
    rollout: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: '' }, spec: {} },
    replicaSets: [],
    services: {},
    endpointSlices: {},
    traffic: [],
    analysisRuns: [],
    analysisTemplates: {},
    clusterAnalysisTemplates: {},
    pods: [],
    options: { propagationDelayMs: 0 },
  }),
  position: positionOf(undefined),
  mark: undefined,
  measuredAgain: false,
};
