import type { ServerState } from '../server-state.ts';
import { notImplemented } from '../status-error.ts';
import type { Target, WriteOptions, Written } from '../target.ts';

export function applyObject(
  _server: ServerState,
  _target: Target,
  _config: Readonly<Record<string, unknown>>,
  _options: WriteOptions,
): Written {
  throw notImplemented('server-side apply');
}
