import type { OpenApiSchema } from '../resource.ts';
import { PatchFailed } from './json-patch.ts';

export function applyStrategicMergePatch(
  _document: Readonly<Record<string, unknown>>,
  _patch: Readonly<Record<string, unknown>>,
  _schema: OpenApiSchema,
): unknown {
  throw new PatchFailed('strategic merge patches are not implemented yet');
}
