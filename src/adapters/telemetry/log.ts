import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { Log } from '../../ports/telemetry.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LogOptions {
  readonly level: LogLevel;
  /** `json` one object a line; `pretty` for people; by default pretty on a terminal only. */
  readonly format?: 'json' | 'pretty';
  /** Where lines go; standard error when absent, so that a command's own output stays clean. */
  readonly destination?: DestinationStream;
  /** On each line, e.g. the version. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Fields that tell of a secret, at the top of a line or one level below; nobody is meant to log them, this is the net beneath. */
const SECRET_FIELDS = ['authorization', 'Authorization', 'token', 'password', 'secret', 'privateKey', 'cookie'];

/** A log by pino: lines of JSON, or coloured text on a terminal. */
export async function createLog(options: LogOptions): Promise<Log> {
  const destination = await destinationOf(options);
  const logger = pino(
    {
      level: options.level,
      base: options.facts ?? {},
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { cause: describeCause },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.headers.${field}`]),
        censor: '[redacted]',
      },
    },
    destination,
  );
  return logOf(logger);
}

async function destinationOf(options: LogOptions): Promise<DestinationStream> {
  const target = options.destination ?? pino.destination({ dest: 2, sync: true });
  const pretty =
    options.format === 'pretty' ||
    (options.format === undefined && options.destination === undefined && process.stderr.isTTY);
  if (!pretty) return target;
  // In this thread: pino's own transport threads do not survive bundling.
  const { default: prettyStream } = await import('pino-pretty');
  return prettyStream({
    destination: options.destination === undefined ? 2 : streamOf(target),
    colorize: options.destination === undefined,
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'HH:MM:ss.l',
  });
}

function streamOf(target: DestinationStream): NodeJS.WritableStream {
  return target as unknown as NodeJS.WritableStream;
}

function logOf(logger: Logger): Log {
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
    child: (facts) => logOf(logger.child(facts)),
  };
}

/** An error as data: what it says, what kind it is, and the stack only where it is a defect rather than the world's answer. */
export function describeCause(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const { reason, status, code } = cause as {
    readonly reason?: unknown;
    readonly status?: unknown;
    readonly code?: unknown;
  };
  const expected = typeof reason === 'string';
  return {
    type: cause.name,
    message: cause.message,
    reason,
    status,
    code,
    stack: expected ? undefined : cause.stack,
    cause: cause.cause instanceof Error ? cause.cause.message : undefined,
  };
}
