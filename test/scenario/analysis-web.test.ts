import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Manifest } from '../support/api-client.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import type { Scene } from '../support/world.ts';

onEachControlPlane('a metric from an HTTP server', { concurrency: 4 }, (name) => {
  const stage = stageOn(name);
  const server = opened(startServer, (listening) => listening.close());
  const story = storiesOn(stage, 'web');

  story('is asked with a token of a Secret, and judged by what a path finds', async (scene) => {
    await scene.apply(token(), run({ url: `${server.url}/checks`, jsonPath: '{$.checks[?(@.name=="new")].failed}' }));

    const ended = await untilMeasured(scene);

    assert.equal(ended['status'].phase, 'Successful');
    assert.equal(ended['status'].metricResults[0].measurements[0].value, '0');
  });

  story('never shows the token, also where the server repeats it', async (scene) => {
    await scene.apply(token(), run({ url: `${server.url}/echo` }));

    const ended = await untilMeasured(scene);

    const [measurement] = ended['status'].metricResults[0].measurements;
    assert.equal(measurement.phase, 'Error');
    assert.equal(measurement.message, 'received non 2xx response code: 500: you sent *****');
    assert.ok(!JSON.stringify(ended).includes('t0p-s3cret'));
  });

  story('never shows the token as a value either', async (scene) => {
    await scene.apply(token(), run({ url: `${server.url}/mirror`, successCondition: 'result.authorization != ""' }));

    const ended = await untilMeasured(scene);

    assert.equal(ended['status'].phase, 'Successful');
    assert.equal(ended['status'].metricResults[0].measurements[0].value, '{"authorization":"*****"}');
    assert.ok(!JSON.stringify(ended).includes('t0p-s3cret'));
  });

  story('is recorded in part where it is too long for an object', async (scene) => {
    await scene.apply(token(), run({ url: `${server.url}/long`, successCondition: 'len(result) == 3000000' }));

    const ended = await untilMeasured(scene);

    assert.equal(ended['status'].phase, 'Successful');
    assert.match(ended['status'].metricResults[0].measurements[0].value, /^"x+… \(3000002 characters\)$/);
  });

  story('is not asked at the address of a metadata service, nor sent there by a redirect', async (scene) => {
    await scene.apply(token(), run({ url: 'http://169.254.169.254/latest/meta-data/' }));
    await scene.apply(run({ name: 'moved', url: `${server.url}/moved` }));

    assert.match(messageOf(await untilMeasured(scene)), /requests to this address are denied/);
    assert.match(messageOf(await untilMeasured(scene, 'moved')), /redirected to 169\.254\.169\.254, another place/);
  });
});

/** Answers with what the tests above speak of. */
const answer = ((request, response) => {
  const authorization = request.headers.authorization ?? '';
  if (request.url === '/echo') {
    response.writeHead(500).end(`you sent ${authorization}`);
  } else if (request.url === '/mirror') {
    response.writeHead(200).end(JSON.stringify({ authorization }));
  } else if (request.url === '/long') {
    response.writeHead(200).end(JSON.stringify('x'.repeat(3_000_000)));
  } else if (request.url === '/moved') {
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
  } else {
    const checks = [
      { name: 'old', failed: 7 },
      { name: 'new', failed: authorization === 'Bearer t0p-s3cret' ? 0 : 1 },
    ];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ checks }));
  }
}) satisfies Parameters<typeof createServer>[1];

async function startServer(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function token(): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'checks' }, stringData: { token: 't0p-s3cret' } };
}

function run(input: {
  readonly name?: string;
  readonly url: string;
  readonly jsonPath?: string;
  readonly successCondition?: string;
}): unknown {
  const { name = 'run', url, jsonPath, successCondition = 'result == 0' } = input;
  const headers = [{ key: 'Authorization', value: 'Bearer {{args.token}}' }];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name },
    spec: {
      args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 'checks', key: 'token' } } }],
      metrics: [
        {
          name: 'failed-checks',
          successCondition,
          provider: { web: { url, headers, ...(jsonPath === undefined ? {} : { jsonPath }) } },
        },
      ],
    },
  };
}

function messageOf(run: Manifest): string {
  return run['status'].metricResults[0].measurements[0].message;
}

function untilMeasured(scene: Scene, name = 'run'): Promise<Manifest> {
  return scene.untilRun(name, 'measured', ({ status }) => {
    return status?.metricResults?.[0]?.measurements?.[0]?.finishedAt !== undefined;
  });
}
