import { applyConflict, type ApiError } from '../status-error.ts';
import { formatPath, pathsOf, type FieldSet } from './field-set.ts';
import type { Share } from './managers.ts';

/** Fields of another manager that an apply would change. */
export interface Conflict {
  readonly share: Share;
  readonly fields: FieldSet;
}

/** The 409 of a server-side apply, with one cause for each field and the message that kubectl shows. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const lines = conflicts.flatMap(({ share, fields }) =>
    [...pathsOf(fields)].map((path) => ({ manager: printed(share), path: formatPath(path) })),
  );
  const causes = lines.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${manager}`,
    field: path,
  }));
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) {
    return applyConflict(`Apply failed with 1 conflict: conflict with ${only.manager}: ${only.path}`, causes);
  }
  const byManager = Map.groupBy(lines, (line) => line.manager);
  const blocks = [...byManager.keys()]
    .sort()
    .flatMap((manager) => [
      `conflicts with ${manager}:`,
      ...(byManager.get(manager) ?? []).map((line) => `- ${line.path}`),
    ]);
  return applyConflict(`Apply failed with ${lines.length} conflicts: ${blocks.join('\n')}`, causes);
}

function printed(share: Share): string {
  const manager =
    JSON.stringify(share.manager) +
    (share.subresource === '' ? '' : ` with subresource ${JSON.stringify(share.subresource)}`);
  return share.operation === 'Update' ? `${manager} using ${share.apiVersion}` : manager;
}
