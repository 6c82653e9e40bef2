import { controllerOf, type KubeObject, type ManagedFieldsEntry } from '../../api/kube-object.ts';

/** Controllers that work on AnalysisRuns, by the names under which they write: this one, and the one it continues. */
const CONTROLLERS: ReadonlySet<string | undefined> = new Set(['headgate', 'rollouts-controller']);
const ERASED = 'metadata.managedFields (erased by somebody unknown)';
/** How the existing tools ask a run to end. */
const COMMANDS: ReadonlySet<string> = new Set(['spec.terminate']);

/**
 * What somebody other than a controller wrote into a run or an Experiment, after `metadata.managedFields`:
 * `status.phase (by kubectl-edit)`. Who erases that erases what there was to trust. The spec of a run that nobody owns is
 * its author's, and so are labels and annotations everywhere.
 */
export function foreignChanges(run: Pick<KubeObject, 'metadata'>): readonly string[] {
  if (run.metadata.managedFields?.length === 0) return [ERASED];
  const isOwned = controllerOf(run) !== undefined;
  return (run.metadata.managedFields ?? [])
    .filter(isForeign)
    .flatMap(({ manager, fields = [] }) =>
      fields
        .filter(
          (field) => field.startsWith('status.') || (isOwned && field.startsWith('spec.') && !COMMANDS.has(field)),
        )
        .map((field) => `${field} (by ${manager ?? 'somebody unknown'})`),
    );
}

/** The same as a reason to distrust what it says; undefined when nobody interfered. */
export function tampering(run: Pick<KubeObject, 'metadata'>): string | undefined {
  const changes = foreignChanges(run);
  return changes.length === 0 ? undefined : `${changes.join(', ')} was written by hand`;
}

function isForeign({ manager }: ManagedFieldsEntry): boolean {
  return !CONTROLLERS.has(manager);
}
