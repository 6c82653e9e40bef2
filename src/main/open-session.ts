import { existsSync } from 'node:fs';
import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { connect } from '../adapters/kube/connection.ts';
import { createKube } from '../adapters/kube/kube.ts';
import { SILENT_LOG, SILENT_METRICS } from '../adapters/telemetry/silent.ts';
import { CommandError, type Place, type Session, type Terminal } from '../cli/session.ts';
import type { Log } from '../ports/telemetry.ts';
import type { ConnectionFlags } from './connection-options.ts';
import type { ProgramIo } from './program-io.ts';
import { openTerminal } from './terminal.ts';

/** Who our commands are recorded as in managedFields, and so in the events that acknowledge them. */
const MANAGER = 'kubectl-headgate';

/** Connects a verb to its cluster. `close` lets go of it. */
export async function openSession(
  flags: ConnectionFlags,
  io: ProgramIo,
): Promise<Session & { readonly close: () => Promise<void> }> {
  const clock = createSystemClock();
  const { kubeconfig: kubeconfigPath, context, as: asUser } = flags;
  const connection = await connect({ clock, kubeconfigPath, context, asUser, userAgent: MANAGER }).catch(
    (error: unknown) => {
      if (kubeconfigPath === undefined || existsSync(kubeconfigPath)) throw error;
      throw new CommandError(`--kubeconfig ${kubeconfigPath}: no such file`, { cause: error });
    },
  );
  const terminal = openTerminal(io, flags);
  const log = noteTrouble(terminal);
  const kube = createKube({ connection, clock, random: Math.random, log, metrics: SILENT_METRICS });
  const place: Place = {
    program: io.env['HEADGATE_INVOKED_AS'] ?? 'headgate',
    context: connection.contextName,
    namespace: flags.namespace ?? connection.namespace,
    flags: flagsText(flags),
  };
  return {
    place,
    reader: kube.reader,
    writer: { ...kube.writer, write: (write) => kube.writer.write(write, { fieldManager: MANAGER }) },
    caches: kube.caches,
    clock,
    terminal,
    close: () => kube.close(),
  };
}

/** A watch that fails is tried again; what it shows meanwhile may be old, and that is told. */
function noteTrouble(terminal: Terminal): Log {
  return {
    ...SILENT_LOG,
    warn: ({ kind, cause }, message) => {
      const why = cause instanceof Error ? `: ${cause.message}` : '';
      terminal.note(`note: ${String(kind)}: ${message}${why}`);
    },
  };
}

function flagsText({ namespace, context, kubeconfig, as }: ConnectionFlags): string {
  const given = [
    ['-n', namespace],
    ['--context', context],
    ['--kubeconfig', kubeconfig],
    ['--as', as],
  ] as const;
  return given.flatMap(([flag, value]) => (value === undefined ? [] : [` ${flag} ${value}`])).join('');
}
