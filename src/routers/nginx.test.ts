import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refKey, type KubeObject } from '../api/kube-object.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { Ingress } from '../api/workloads.ts';
import type { TrafficPlan, TrafficTarget } from '../core/traffic.ts';
import type { CurrentObjects } from './contract.ts';
import { nginx } from './nginx.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';

describe('the canary Ingress', () => {
  it('repeats the hosts and paths that lead to the stable Service, and nothing else', () => {
    const stable = stableIngress({
      ingressClassName: 'nginx',
      tls: [{ hosts: ['shop.example'], secretName: 'tls' }],
      defaultBackend: to('stable'),
      rules: [
        {
          host: 'shop.example',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: to('stable') },
              { path: '/old', pathType: 'Prefix', backend: to('legacy') },
            ],
          },
        },
        { host: 'old.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: to('legacy') }] } },
        { host: 'empty.example' },
      ],
    });

    const [write] = writesAt(20, [stable]);

    assert.deepEqual(write, {
      verb: 'create',
      kind: KINDS.ingress,
      object: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: {
          name: 'checkout-web-canary',
          namespace: 'shop',
          annotations: { [`${PREFIX}/canary`]: 'true', [`${PREFIX}/canary-weight`]: '20' },
          ownerReferences: [OWNER],
        },
        spec: {
          ingressClassName: 'nginx',
          tls: [{ hosts: ['shop.example'], secretName: 'tls' }],
          defaultBackend: to('canary'),
          rules: [
            {
              host: 'shop.example',
              http: { paths: [{ path: '/', pathType: 'Prefix', backend: to('canary') }] },
            },
          ],
        },
      },
    });
  });

  it('is absent until it is made, and is made at weight 0 already', () => {
    assert.deepEqual(nginx.observed(targetOf({}), currentOf({}, [stableIngress()])), {
      routerId: 'nginx',
      state: 'absent',
    });
    assert.equal(annotationsAt(0, [stableIngress()])[`${PREFIX}/canary-weight`], '0');
  });

  it('takes the class from the annotation of the stable Ingress where that says it', () => {
    const stable = stableIngress(undefined, { 'kubernetes.io/ingress.class': 'edge', team: 'blue' });

    assert.deepEqual(annotationsAt(20, [stable]), {
      'kubernetes.io/ingress.class': 'edge',
      [`${PREFIX}/canary`]: 'true',
      [`${PREFIX}/canary-weight`]: '20',
    });
  });

  it('has the annotations that the Rollout adds, but never another weight', () => {
    const config = {
      annotationPrefix: 'edge.example',
      additionalIngressAnnotations: { 'canary-by-header': 'X-Canary', 'canary-weight': '99' },
      canaryIngressAnnotations: { 'example.com/owner': 'blue', 'edge.example/canary': 'false' },
    };

    assert.deepEqual(annotationsAt(20, [stableIngress()], config), {
      'edge.example/canary-by-header': 'X-Canary',
      'example.com/owner': 'blue',
      'edge.example/canary': 'true',
      'edge.example/canary-weight': '20',
    });
  });

  it('says the total where all traffic is not 100, or where a total is written already', () => {
    const plan = { canaryWeight: 20, weightTotal: 1_000 };
    const left = ownIngress({ 'canary-weight': '0', 'canary-weight-total': '1000' });

    assert.equal(annotationsOf(writesFor(plan, [stableIngress()])[0])[`${PREFIX}/canary-weight-total`], '1000');
    assert.equal(annotationsAt(20, [stableIngress(), left])[`${PREFIX}/canary-weight-total`], '100');
    assert.equal(annotationsAt(20, [stableIngress()])[`${PREFIX}/canary-weight-total`], undefined);
  });

  it('is put right by force once it is ours', () => {
    const [write] = writesAt(20, [stableIngress(), ownIngress({ 'canary-weight': '35' })]);

    assert.equal(write?.verb === 'apply' && write.force, true);
  });

  it('loses what steers traffic and left the spec, also when another controller wrote it', () => {
    const left = ownIngress({ canary: 'true', 'canary-weight': '20', 'canary-by-header': 'X-Old', 'limit-rps': '5' });
    const spec = { ...left.spec, tls: [{ hosts: ['gone.example'] }] };

    const writes = writesAt(20, [stableIngress(), { ...left, spec }]);

    assert.deepEqual(writes, [
      {
        verb: 'patch',
        ref: { kind: KINDS.ingress, namespace: 'shop', name: 'checkout-web-canary' },
        patchType: 'merge',
        body: {
          metadata: { resourceVersion: '7', annotations: { [`${PREFIX}/canary-by-header`]: null } },
          spec: { tls: null },
        },
      },
    ]);
  });

  it('is not taken from somebody else', () => {
    const own = ownIngress({ 'canary-weight': '35' });
    for (const owner of [
      { ...OWNER, uid: 'uid-of-another' },
      { ...OWNER, controller: false },
    ]) {
      const foreign = { ...own, metadata: { ...own.metadata, ownerReferences: [owner] } };

      const shown = nginx.observed(targetOf({}), currentOf({}, [stableIngress(), foreign]));

      assert.equal(
        shown.state === 'unusable' && shown.message,
        'Ingress "shop/checkout-web-canary" exists but does not belong to Rollout "checkout"; delete it, so that it can be made for the canary',
      );
      assert.deepEqual(writesAt(20, [stableIngress(), foreign]), []);
      assert.deepEqual(writesAt(0, [stableIngress(), foreign]), []);
    }
  });

  it('says what the API says where the stable Ingress does not exist', () => {
    const shown = nginx.observed(targetOf({}), currentOf({}, []));

    assert.equal(
      shown.state === 'unusable' && shown.problem?.message,
      'spec.strategy.canary.trafficRouting.nginx.stableIngress: Invalid value: "web": ingress.networking.k8s.io "web" not found',
    );
  });

  it('gives its traffic back when the stable Ingress leads elsewhere', () => {
    const elsewhere = stableIngress({
      rules: [{ http: { paths: [{ pathType: 'Prefix', path: '/', backend: to('new') }] } }],
    });
    const own = ownIngress({ canary: 'true', 'canary-weight': '35' });

    const shown = nginx.observed(targetOf({}), currentOf({}, [elsewhere, own]));

    assert.equal(shown.state === 'unusable' && shown.message.includes('no path to Service "stable"'), true);
    assert.equal(
      shown.state === 'unusable' && shown.problem?.message,
      'spec.strategy.canary.trafficRouting.nginx.stableIngress: Invalid value: "web": ingress `web` has no rules using service stable backend',
    );
    assert.deepEqual(writesAt(50, [elsewhere, own]), []);
    const [write] = writesAt(0, [elsewhere, own]);
    assert.deepEqual(write?.verb === 'patch' && write.body, {
      metadata: { resourceVersion: '7', annotations: { [`${PREFIX}/canary-weight`]: '0' } },
    });
    assert.deepEqual(writesAt(0, [elsewhere, ownIngress({ canary: 'true', 'canary-weight': '0' })]), []);
  });

  it('is named after the Rollout and the stable Ingress, within 253 characters', () => {
    const names = (stable: string): readonly string[] =>
      nginx.reads(targetOf({ stableIngress: stable })).map(({ name }) => name);

    assert.deepEqual(names('web'), ['web', 'checkout-web-canary']);
    assert.equal(names('w'.repeat(253))[1], `checkout-${'w'.repeat(237)}-canary`);
    assert.equal(names(`${'w'.repeat(235)}.${'x'.repeat(17)}`)[1], `checkout-${'w'.repeat(235)}.x-canary`);
    assert.equal(names(`${'w'.repeat(236)}.${'x'.repeat(16)}`)[1], `checkout-${'w'.repeat(236)}-canary`);
  });
});

describe('what canary Ingresses show', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, number, number])[] = [
    ['the weight of 100', { 'canary-weight': '35' }, 35, 100],
    ['the weight of the total', { 'canary-weight': '35', 'canary-weight-total': '50' }, 35, 50],
    ['everything, when the weight cannot be read', { 'canary-weight': 'many' }, 100, 100],
    ['everything, when no weight is written', {}, 100, 100],
    ['at most everything', { 'canary-weight': '300' }, 100, 100],
  ];
  for (const [title, annotations, canaryWeight, weightTotal] of cases) {
    it(`is ${title}`, () => {
      const shown = nginx.observed(targetOf({}), currentOf({}, [stableIngress(), ownIngress(annotations)]));

      assert.equal(shown.state, 'known');
      assert.deepEqual([shown.canaryWeight, shown.weightTotal], [canaryWeight, weightTotal]);
      assert.equal(shown.acceptance, 'unknown');
    });
  }

  it('is drift when something besides the weight is not as it should be', () => {
    const right = ownIngress({ canary: 'true', 'canary-weight': '35' });
    const { metadata, spec } = right;
    const cases = [
      [right, false],
      [{ ...right, spec: { ...spec, ingressClassName: 'other' } }, true],
      [{ ...right, spec: { ...spec, rules: rulesTo('legacy') } }, true],
      [ownIngress({ 'canary-weight': '35' }), true],
      [withAnnotation(right, 'kubernetes.io/ingress.class', 'other'), true],
      [withAnnotation(right, 'example.com/theirs', 'kept'), false],
      [{ ...right, metadata: { ...metadata, labels: { theirs: 'kept' } } }, false],
    ] as const;

    for (const [own, drifted] of cases) {
      const shown = nginx.observed(targetOf({}), currentOf({}, [stableIngress(), own]));
      assert.equal(shown.state === 'known' && shown.drifted, drifted, JSON.stringify(own));
    }
  });

  it('is the highest share and pending while one of several is missing', () => {
    const config = { stableIngress: '', stableIngresses: ['web', 'api'] };
    const api = { ...stableIngress(), metadata: { name: 'api', namespace: 'shop' } };
    const current = currentOf(config, [stableIngress(), api, ownIngress({ canary: 'true', 'canary-weight': '35' })]);

    const shown = nginx.observed(targetOf(config), current);

    assert.deepEqual(shown, {
      routerId: 'nginx',
      state: 'known',
      canaryWeight: 35,
      weightTotal: 100,
      acceptance: 'pending',
      message:
        'Ingress "shop/checkout-web-canary" gives the canary 35 of 100, but Ingress "shop/checkout-api-canary" gives the canary 0 of 100; they are being aligned',
      drifted: true,
    });
  });

  it('is unusable when no Ingress is named', () => {
    const shown = nginx.observed(targetOf({ stableIngress: '' }), new Map());

    assert.equal(shown.state === 'unusable' && shown.message.includes('set stableIngress'), true);
  });
});

const OWNER = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  name: 'checkout',
  uid: 'uid-1',
  controller: true,
  blockOwnerDeletion: true,
};

function targetOf(config: Readonly<Record<string, unknown>>): TrafficTarget {
  return {
    namespace: 'shop',
    rolloutName: 'checkout',
    rolloutUid: 'uid-1',
    stableService: 'stable',
    canaryService: 'canary',
    config: { stableIngress: 'web', ...config },
  };
}

function to(name: string): { readonly service: { readonly name: string; readonly port: { readonly number: number } } } {
  return { service: { name, port: { number: 80 } } };
}

function rulesTo(service: string): NonNullable<Ingress['spec']['rules']> {
  return [{ host: 'shop.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: to(service) }] } }];
}

function stableIngress(
  spec: Ingress['spec'] = { rules: rulesTo('stable') },
  annotations?: Readonly<Record<string, string>>,
): Ingress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'shop', ...(annotations === undefined ? {} : { annotations }) },
    spec,
  };
}

/** A canary Ingress of this Rollout; annotations without their prefix. */
function ownIngress(annotations: Readonly<Record<string, string>>): Ingress {
  const entries = Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value] as const);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'checkout-web-canary',
      namespace: 'shop',
      resourceVersion: '7',
      annotations: Object.fromEntries(entries),
      ownerReferences: [OWNER],
    },
    spec: { rules: rulesTo('canary') },
  };
}

function withAnnotation(ingress: Ingress, key: string, value: string): Ingress {
  const { metadata } = ingress;
  return { ...ingress, metadata: { ...metadata, annotations: { ...metadata.annotations, [key]: value } } };
}

function currentOf(config: Readonly<Record<string, unknown>>, objects: readonly KubeObject[]): CurrentObjects {
  return new Map(
    nginx
      .reads(targetOf(config))
      .map((ref) => [refKey(ref), objects.find(({ metadata }) => metadata.name === ref.name) ?? null]),
  );
}

function writesFor(
  plan: TrafficPlan,
  objects: readonly KubeObject[],
  config: Readonly<Record<string, unknown>> = {},
): readonly KubeWrite[] {
  return nginx.desired(plan, targetOf(config), currentOf(config, objects));
}

function writesAt(
  canaryWeight: number,
  objects: readonly KubeObject[],
  config: Readonly<Record<string, unknown>> = {},
): readonly KubeWrite[] {
  return writesFor({ canaryWeight, weightTotal: 100 }, objects, config);
}

function annotationsAt(
  canaryWeight: number,
  objects: readonly KubeObject[],
  config: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, string>> {
  return annotationsOf(writesAt(canaryWeight, objects, config).at(-1));
}

function annotationsOf(write: KubeWrite | undefined): Readonly<Record<string, string>> {
  assert.ok(write?.verb === 'create' || write?.verb === 'apply');
  return write.object.metadata.annotations ?? {};
}
