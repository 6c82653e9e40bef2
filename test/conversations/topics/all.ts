import type { Script } from '../conversation.ts';
import { kinds } from './kinds.ts';
import { lives } from './lives.ts';
import { changes, refusals } from './refusals.ts';
import { rules } from './rules.ts';

/** Conversations that are written by hand, by the name of the file that keeps the answers. */
export const TOPICS: Readonly<Record<string, readonly Script[]>> = { changes, kinds, lives, refusals, rules };
