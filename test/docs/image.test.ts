import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};
/** What .dockerignore lets into the image's build, and nothing else. */
const CONTEXT = lines(readFileSync(join(ROOT, '.dockerignore'), 'utf8')).flatMap((line) =>
  line.startsWith('!') ? [line.slice(1)] : [],
);

describe('the image', () => {
  let directory: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'headgate-image-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('has a program that is built from what its build is given, and runs without packages', () => {
    const build = join(directory, 'build');
    for (const name of CONTEXT) cpSync(join(ROOT, name), join(build, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(build, 'node_modules'));
    run(build, ['scripts/build.ts']);
    const image = join(directory, 'image');
    mkdirSync(image);
    for (const [source, target] of copied()) cpSync(join(build, source), join(image, target), { recursive: true });
    assert.ok(!existsSync(join(image, 'src')));

    const entry = /ENTRYPOINT \["node", "\/opt\/headgate\/([^"]+)"\]/.exec(DOCKERFILE)?.[1] ?? '';
    assert.equal(run(image, [entry, '--version']).trim(), PACKAGE.version);
    assert.match(run(image, [entry, 'controller', '--help']), /^Usage: headgate controller/);
    const plan = run(image, [entry, 'plan', '-f', join(ROOT, 'examples', '02-basic-canary')]);
    assert.match(plan, /^web: an update takes/);
  });

  it('runs as the user that the chart runs it as, on a Node that is new enough', () => {
    const chart = readFileSync(join(ROOT, 'charts', 'headgate', 'templates', 'deployment.yaml'), 'utf8');
    const user = /runAsUser: (\d+)/.exec(chart)?.[1];
    assert.deepEqual(/USER (\d+):(\d+)/.exec(DOCKERFILE)?.slice(1), [user, user]);

    const { engines } = PACKAGE;
    const majors = [...DOCKERFILE.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => `>=${major}`);
    assert.deepEqual(majors, [engines.node, engines.node]);
  });
});

/** What the last stage copies, and where to. */
function copied(): readonly (readonly [source: string, target: string])[] {
  const lastStage = DOCKERFILE.slice(DOCKERFILE.lastIndexOf('\nFROM '));
  return lines(lastStage)
    .filter((line) => line.startsWith('COPY '))
    .flatMap((line) => {
      const words = line.split(' ').slice(1);
      const [sources, [target = '']] = [words.filter((word) => !word.startsWith('--')).slice(0, -1), words.slice(-1)];
      return sources.map((source): readonly [string, string] => {
        const relative = source.replace('/headgate/', '');
        return [relative, target === './' ? relative : target];
      });
    });
}

function run(cwd: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
