import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAddressGuard } from '../adapters/http/address-guard.ts';
import { controllerCommand, type ControllerOptions } from './controller-options.ts';

async function parse(args: string, environment: Readonly<Record<string, string>> = {}): Promise<ControllerOptions> {
  let options: ControllerOptions | undefined;
  const command = controllerCommand((given) => {
    options = given;
    return Promise.resolve();
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    await command.parseAsync(args.split(' ').filter(Boolean), { from: 'user' });
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
  assert.ok(options !== undefined);
  return options;
}

describe('the options of the controller', () => {
  /* A start script of the API's other controller, all of its own flags. */
  const START_SCRIPT =
    '--rollout-resync=600 --namespaced=false --loglevel=warning --logformat=text --kloglevel=0 --metricsport=9090 ' +
    '--healthzPort=8081 --instance-id=blue --qps=40 --burst=80 --rollout-threads=20 --experiment-threads=5 ' +
    '--analysis-threads=40 --service-threads=10 --ingress-threads=10 --ephemeral-metadata-threads=10 ' +
    '--ephemeral-metadata-update-pod-retries=3 --istio-api-version=v1alpha3 --ambassador-api-version=x ' +
    '--traffic-split-api-version=v1alpha1 --traefik-api-group=traefik.io --traefik-api-version=v1 ' +
    '--ingress-api-version=networking.k8s.io/v1 --appmesh-crd-version=v1beta2 --alb-ingress-classes=alb ' +
    '--nginx-ingress-classes=nginx --aws-verify-target-group --aws-target-group-binding-api-version=v1 ' +
    '--alb-tag-key-resource-id=x --self-service-notification-enabled --enable-pprof-address= ' +
    '--leader-elect=true --leader-election-namespace=argo --leader-election-lease-duration=30s ' +
    '--leader-election-renew-deadline=20s --leader-election-retry-period=4s';

  it('are taken as the start scripts of the replaced controller have them', async () => {
    const options = await parse(START_SCRIPT);

    assert.equal(options.rolloutResync, 600);
    assert.equal(options.namespaced, false);
    assert.equal(options.loglevel, 'warn');
    assert.equal(options.logformat, 'pretty');
    assert.equal(options.metricsPort, 9090);
    assert.equal(options.instanceId, 'blue');
    assert.equal(options.analysisThreads, 40);
    assert.equal(options.leaderElectionLeaseDuration, 30_000);
  });

  it('that have no effect are told, one by one', async () => {
    const { remarks = [] } = await parse('--qps 40 --burst=80 --istio-api-version v1');

    assert.deepEqual(remarks, [
      '--qps has no effect: the limit on requests adapts to the API server',
      '--burst has no effect: the limit on requests adapts to the API server',
      '--istio-api-version has no effect: Rollouts with this traffic router are refused by name',
    ]);
    assert.deepEqual((await parse('')).remarks, []);
  });

  it('are taken from the environment, also a false', async () => {
    const environment = {
      HEADGATE_NAMESPACED: 'false',
      HEADGATE_SHARDING: 'true',
      HEADGATE_LEADER_ELECT: 'false',
      HEADGATE_ROLLOUT_THREADS: '3',
      HEADGATE_INSTANCE_ID: 'green',
      HEADGATE_LOGLEVEL: 'debug',
      HEADGATE_QPS: '10',
    };

    const options = await parse('', environment);

    assert.deepEqual(
      [options.namespaced, options.sharding, options.leaderElect, options.rolloutThreads, options.instanceId],
      [false, true, false, 3, 'green'],
    );
    assert.equal(options.loglevel, 'debug');
    assert.equal(options.remarks?.length, 1);
  });

  it('each have a name in the environment', () => {
    const command = controllerCommand(() => Promise.resolve());

    const nameless = command.options.filter((option) => !option.hidden && option.envVar === undefined);

    assert.deepEqual(nameless, []);
  });

  it('refuse a place for the Jobs of measurements that cannot be chosen here', async () => {
    await assert.rejects(
      parse('', { ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE: 'jobs' }),
      /from env 'ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE' is invalid. Jobs of measurements run where/,
    );
    await assert.rejects(parse('', { ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG: 'in-cluster' }));
    await parse('', { ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE: '' });
  });

  for (const wrong of ['--loglevel=loud', '--logformat=xml', '--namespaced=maybe', '--controllers=analysis']) {
    it(`refuses ${wrong}`, async () => {
      await assert.rejects(parse(wrong));
    });
  }

  const METADATA = ['169.254.169.254', '[fd00:ec2::254]', '[fd20:ce::254]', '100.100.100.200', '168.63.129.16'];
  for (const address of METADATA) {
    it(`keep requests of metrics from what clouds tell their machines: ${address}`, async () => {
      assert.equal(createAddressGuard((await parse('')).deniedAddresses).denies(address), true);
      assert.equal(createAddressGuard((await parse('--denied-addresses=')).deniedAddresses).denies(address), false);
    });
  }
});
