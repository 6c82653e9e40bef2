import { KINDS } from '../../api/kinds.ts';
import type { HttpRoute, RouteParentStatus } from '../../api/workloads.ts';

export type Acceptance = { readonly acceptance: 'accepted' | 'pending' | 'unknown'; readonly message?: string };

/** The least that any Gateway of any route says. */
export function acceptanceOf(routes: readonly HttpRoute[]): Acceptance {
  const answers = routes.flatMap(answersOf);
  const pending = answers.find(({ acceptance }) => acceptance === 'pending');
  if (pending !== undefined) return pending;
  const accepted = answers.length > 0 && answers.every(({ acceptance }) => acceptance === 'accepted');
  return { acceptance: accepted ? 'accepted' : 'unknown' };
}

function answersOf(route: HttpRoute): readonly Acceptance[] {
  const statuses = route.status?.parents ?? [];
  const parents = route.spec.parentRefs ?? [];
  if (parents.length === 0) return [{ acceptance: 'unknown' }];
  return parents.flatMap((parent): readonly Acceptance[] => {
    const answers = statuses.filter(({ parentRef }) => isSameParent(parentRef, parent, route.metadata.namespace));
    return answers.length === 0 ? [{ acceptance: 'unknown' }] : answers.map((answer) => answerOf(answer, route));
  });
}

function isSameParent(
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
  routeNamespace: string | undefined,
): boolean {
  const same = (field: string, fallback?: unknown): boolean => (left[field] ?? fallback) === (right[field] ?? fallback);
  return (
    same('name') &&
    same('namespace', routeNamespace) &&
    same('kind', 'Gateway') &&
    same('group', KINDS.httpRoute.group) &&
    same('sectionName') &&
    same('port')
  );
}

/**
 * Some data planes never fill observedGeneration: then True is no statement about this version of the route, and only
 * time can tell. False holds back in any case.
 */
function answerOf(answer: RouteParentStatus, route: HttpRoute): Acceptance {
  const generation = route.metadata.generation ?? 0;
  let acceptance: Acceptance['acceptance'] = 'accepted';
  for (const type of ['Accepted', 'ResolvedRefs']) {
    const condition = answer.conditions?.find((candidate) => candidate.type === type);
    const seen = condition?.observedGeneration ?? 0;
    if (condition?.status === 'False') return pendingAt(answer, route, `${type} is False: ${condition.message ?? ''}`);
    if (seen > 0 && seen < generation) {
      return pendingAt(answer, route, `it has seen generation ${seen} of ${generation}`);
    }
    if (condition?.status !== 'True' || seen === 0) acceptance = 'unknown';
  }
  return { acceptance };
}

function pendingAt(answer: RouteParentStatus, route: HttpRoute, what: string): Acceptance {
  const { name } = answer.parentRef;
  const gateway = typeof name === 'string' && name !== '' ? name : answer.controllerName;
  const { kind, metadata } = route;
  const message = `${kind} "${metadata.namespace ?? ''}/${metadata.name}" is not in effect at ${gateway}: ${what}`;
  return { acceptance: 'pending', message };
}
