import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

interface Room {
  /** Rooms that may be entered. */
  readonly rooms: readonly string[];
  /** Packages from npm; `node` stands for node: modules. */
  readonly packages: readonly string[];
  /** Only types may be taken from other rooms. */
  readonly typesOnly?: boolean;
}

const PURE = ['core', 'api', 'lib'];

/** The doors between the rooms; ARCHITECTURE.md has the same table in words. The longest matching path rules. */
const ROOMS: Readonly<Record<string, Room>> = {
  lib: { rooms: [], packages: [] },
  api: { rooms: ['lib'], packages: ['zod'] },
  core: { rooms: ['api', 'lib'], packages: [] },
  'core/machine': { rooms: ['api', 'lib', 'core'], packages: ['xstate'] },
  'core/analysis/expression': { rooms: ['api', 'lib', 'core'], packages: ['re2js'] },
  routers: { rooms: PURE, packages: [] },
  providers: { rooms: PURE, packages: [] },
  notifiers: { rooms: PURE, packages: [] },
  ports: { rooms: PURE, packages: [], typesOnly: true },
  adapters: {
    rooms: ['ports', 'api', 'lib'],
    packages: ['node', 'undici', 'axios', '@kubernetes/client-node', 'pino', 'pino-pretty', 'prom-client', 'js-yaml'],
  },
  'kube-memory': { rooms: ['api', 'lib'], packages: ['node', 'js-yaml', '@marcbachmann/cel-js'] },
  controller: {
    rooms: ['ports', 'routers', 'providers', 'notifiers', 'core', 'api', 'lib'],
    packages: ['node:crypto'],
  },
  cli: {
    rooms: ['ports', 'routers', 'providers', 'notifiers', 'core', 'api', 'lib'],
    packages: ['node', 'commander', 'js-yaml'],
  },
  demo: {
    rooms: ['ports', 'kube-memory', 'core', 'api', 'lib'],
    packages: ['node', '@prometheus-io/lezer-promql', '@lezer/common', 'js-yaml'],
  },
  main: { rooms: ['*'], packages: ['*'] },
};

/**
 * Rooms in which time, chance, timers, the process and the network are arguments, never globals. The linter knows the
 * other globals of this rule; these three are members, which it cannot tell from a local name.
 */
const PURE_ROOMS = ['lib', 'api', 'core', 'routers', 'providers', 'notifiers', 'ports', 'controller'];
const IMPURE = /(?<![.\w'"`])(?:Date\.now\(|new Date\(\)|Math\.random\()/;

export function checkRooms(): boolean {
  const problems: string[] = [];
  let seen = 0;
  for (const file of globSync('src/**/*.ts').sort()) {
    seen += 1;
    problems.push(...problemsOf(file));
  }
  process.stdout.write(`rooms: ${seen} files\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  return problems.length === 0 && seen > 0;
}

function problemsOf(file: string): readonly string[] {
  const inside = relative('src', file);
  const name = inside.split('/')[0] ?? '';
  const room = roomOf(inside);
  if (room === undefined) return [`${file}: src/${name} is not a room; see ARCHITECTURE.md`];
  const text = readFileSync(file, 'utf8');
  const test = file.endsWith('.test.ts');
  const problems: string[] = [];
  if (!test && PURE_ROOMS.includes(name)) problems.push(...impurities(file, text));
  for (const { specifier, isType } of importsOf(text)) {
    const problem = specifier.startsWith('.')
      ? roomProblem({ file, name, room, specifier, isType, test })
      : packageProblem({ room, specifier, isType, test });
    if (problem !== undefined) problems.push(`${file}: ${problem}`);
  }
  return problems;
}

function roomOf(inside: string): Room | undefined {
  const key = Object.keys(ROOMS)
    .filter((candidate) => inside.startsWith(`${candidate}/`))
    .sort((left, right) => right.length - left.length)[0];
  return key === undefined ? undefined : ROOMS[key];
}

function impurities(file: string, text: string): readonly string[] {
  return text
    .split('\n')
    .map((line, index) => ({ line: line.replace(/\/\/.*|^\s*\*.*/, ''), number: index + 1 }))
    .filter(({ line }) => IMPURE.test(line))
    .map(({ line, number }) => `${file}:${number}: time, chance and I/O are arguments here: ${line.trim()}`);
}

function importsOf(text: string): readonly { specifier: string; isType: boolean }[] {
  const pattern = /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    specifier: match[2] ?? '',
    isType: match[1] !== undefined,
  }));
}

function roomProblem(door: {
  file: string;
  name: string;
  room: Room;
  specifier: string;
  isType: boolean;
  test: boolean;
}): string | undefined {
  if (!door.specifier.endsWith('.ts') && !door.specifier.endsWith('.json'))
    return `import ${door.specifier} with its file ending`;
  const target = normalize(join(dirname(relative('src', door.file)), door.specifier));
  const targetRoom = target.split('/')[0] ?? '';
  if (target.startsWith('..')) return door.test ? undefined : `${door.specifier} is outside src`;
  if (targetRoom === door.name) return siblingProblem(door, target);
  if (door.test) return undefined;
  if (!door.room.rooms.includes('*') && !door.room.rooms.includes(targetRoom))
    return `src/${door.name} may not enter src/${targetRoom} (${door.specifier})`;
  if (door.room.typesOnly === true && !door.isType) return `only types may be taken from ${door.specifier}`;
  return undefined;
}

/** A router, provider or notifier knows only its contract, never a sibling. */
function siblingProblem(door: { file: string; name: string; test: boolean }, target: string): string | undefined {
  if (!['routers', 'providers', 'notifiers'].includes(door.name) || door.test) return undefined;
  if (door.file.endsWith('/registry.ts') || target.endsWith('/contract.ts')) return undefined;
  const own = relative('src', door.file).split('/')[1]?.replace(/\.ts$/, '') ?? '';
  return target.startsWith(`${door.name}/${own}/`) ||
    (dirname(target) === dirname(relative('src', door.file)) && dirname(target) !== door.name)
    ? undefined
    : `src/${door.name} entries may only enter contract.ts (${target})`;
}

function packageProblem(door: { room: Room; specifier: string; isType: boolean; test: boolean }): string | undefined {
  // Types of node's own modules bring no I/O along.
  if (door.test || (door.isType && door.specifier.startsWith('node:'))) return undefined;
  if (door.room.packages.includes(door.specifier)) return undefined;
  if (door.room.packages.includes('*')) return undefined;
  if (door.specifier.startsWith('node:'))
    return door.room.packages.includes('node') ? undefined : `node modules are not for this room (${door.specifier})`;
  const name = door.specifier
    .split('/')
    .slice(0, door.specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return door.room.packages.includes(name) ? undefined : `package ${name} is not for this room`;
}
