import type { Script } from '../conversation.ts';
import { apply, get, MERGE, patch, post, put, remove, TABLE, PARTIAL, PARTIAL_LIST } from './asks.ts';
import { resourceOf, SPECIMENS, type Named } from './objects.ts';

/** What becomes of one object of each kind: defaults, tables, selections, dry runs, conflicts, and its end. */
export const kinds: readonly Script[] = SPECIMENS.map((specimen) => ({
  title: `a ${specimen.kind}`,
  asks: lifeOf(specimen),
}));

function lifeOf(specimen: Named): Script['asks'] {
  const resource = resourceOf(specimen);
  const { name } = specimen.metadata;
  const one = `${resource}/${name}`;
  const labelled = { metadata: { labels: { tier: 'web' } } };
  const outdated = { ...specimen, metadata: { ...specimen.metadata, resourceVersion: '1' } };
  return [
    post(`${resource}?dryRun=All`, specimen),
    get(one),
    post(resource, specimen),
    post(resource, specimen),
    get(resource, TABLE),
    get(`${one}?includeObject=None`, TABLE),
    get(`${resource}?includeObject=Object`, TABLE),
    get(one, PARTIAL),
    get(resource, PARTIAL_LIST),
    get(`${resource}?fieldSelector=metadata.name%3D${name}`),
    get(`${resource}?fieldSelector=metadata.name%21%3D${name}`),
    get(`${resource}?fieldSelector=spec.nothing%3Dx`),
    get(`${resource}?labelSelector=tier%20in%20(web)`),
    patch(`${one}?dryRun=All`, MERGE, labelled),
    patch(one, MERGE, labelled),
    patch(one, MERGE, labelled),
    get(`${resource}?labelSelector=tier%20in%20(web)`, PARTIAL_LIST),
    put(one, outdated),
    put(one, { ...specimen, metadata: { ...specimen.metadata, name: 'other' } }),
    apply(`${one}?fieldManager=second`, specimen),
    apply(`${one}?fieldManager=third&force=true`, { ...specimen, metadata: { name, annotations: { by: 'third' } } }),
    apply(`${resource}/applied?fieldManager=second`, { ...specimen, metadata: { name: 'applied' } }),
    get(`${one}/status`),
    patch(`${one}/status`, MERGE, { status: {} }),
    get(`${one}/scale`),
    get(`${one}/nothing`),
    remove(`${one}?dryRun=All`),
    remove(one, { preconditions: { uid: 'other' } }),
    remove(one, { preconditions: { resourceVersion: '1' } }),
    remove(one),
    remove(one),
    remove(resource, { gracePeriodSeconds: 0 }),
    get(resource),
  ];
}
