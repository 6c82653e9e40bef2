import { BLUE_GREEN } from './blue-green.ts';
import { CANARY, ROUTED } from './canaries.ts';
import type { Strategy } from './strategy.ts';

export const STRATEGIES: readonly Strategy[] = [CANARY, ROUTED, BLUE_GREEN];
