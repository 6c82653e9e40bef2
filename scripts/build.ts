import { chmodSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * `npm run build`: the whole program in `dist`, with nothing left outside but Node. It starts in a third of the time that
 * the sources take, and needs no `node_modules` where it runs. Each verb's part is a file of its own: a process keeps the
 * whole text of a file that it has loaded, and what parsing it took, so the controller does not pay for the demo.
 */
const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const ENTRY = 'headgate.mjs';
const PARTS = 'parts';

/** Packages whose modules do nothing when loaded: what is not used of them is left out. */
const SIDE_EFFECT_FREE = ['@kubernetes/client-node', 'zod', 'openid-client', 'oauth4webapi', 'jose', 'commander'];

/** Builds and answers the program's file. `dir` is emptied first. */
export async function buildBundle(dir: string = DIST): Promise<string> {
  rmSync(dir, { recursive: true, force: true });
  const bundle = await rolldown({
    input: join(ROOT, 'src', 'main', 'headgate.ts'),
    cwd: ROOT,
    platform: 'node',
    treeshake: { moduleSideEffects: (id) => !SIDE_EFFECT_FREE.some((name) => id.includes(`/node_modules/${name}/`)) },
    onLog: (level, log) => {
      if (level === 'warn') process.stderr.write(`${log.message}\n`);
    },
  });
  try {
    const { output } = await bundle.write({
      dir,
      format: 'esm',
      entryFileNames: ENTRY,
      chunkFileNames: `${PARTS}/[name].mjs`,
      comments: false,
      // Names stay, for stack traces. Node keeps a text that is not plain ASCII at twice its size.
      minify: {
        compress: false,
        mangle: false,
        codegen: { removeWhitespace: true, asciiOnly: true, legalComments: 'none' },
      },
    });
    writeLicenses(
      dir,
      output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : [])),
    );
  } finally {
    await bundle.close();
  }
  const target = join(dir, ENTRY);
  chmodSync(target, 0o755);
  return target;
}

/** The licences of all packages that went in, as they ask for. */
function writeLicenses(dir: string, modules: readonly string[]): void {
  const folders = new Set(modules.flatMap((id) => packageFolderOf(id) ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFacts;
    const files = globSync(['LICEN[CS]E*', 'license*', 'COPYING*', 'NOTICE*'], { cwd: folder }).sort();
    const bodies = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return [`${name} ${version} (${license ?? 'see its text'})`, ...bodies].join('\n\n');
  });
  writeFileSync(join(dir, 'LICENSES.txt'), `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
}

interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

function packageFolderOf(id: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0];
}

if (process.argv[1] === import.meta.filename) {
  const target = await buildBundle();
  const bytes = globSync('**/*.mjs', { cwd: DIST }).reduce((sum, file) => sum + statSync(join(DIST, file)).size, 0);
  process.stdout.write(`${relative(process.cwd(), dirname(target))}: ${(bytes / 1_048_576).toFixed(2)} MB\n`);
}
