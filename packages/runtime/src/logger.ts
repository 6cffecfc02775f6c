import type { Writable } from 'node:stream';
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './config.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** Which process speaks: `intake`, `pipeline`, `api`, `callbay`. */
  readonly role: string;
  readonly level: LogLevel;
  /** Where lines go; stderr when not given, as lines for people on a terminal and as JSON elsewhere. */
  readonly stream?: Writable;
}

const SECRET_NAMES = [
  'password',
  'secret',
  'secretKey',
  'privateKey',
  'authorization',
  'apiKey',
  'token',
  'jwt',
  'connectionString',
  'databaseUrl',
  'databaseOwnerUrl',
  'redisUrl',
];

/** A URL's password, wherever a library put it: most often into the message of its error. */
const URL_PASSWORD = /(\b[a-z][a-z\d+.-]*:\/\/[^\s:/@"]*:)[^\s@"]+@/gi;

export const scrub = (line: string): string => line.replace(URL_PASSWORD, '$1***@');

/** On a terminal, what needs attention stands out. */
const LOUD_LEVELS = ['warn', 'error', 'fatal'];
const shownLevel = (level: string): string => (LOUD_LEVELS.includes(level) ? level.toUpperCase() : level);

/** One JSON line as a person reads it: time, level, role, message, then what else there is. */
export function toHumanLine(line: string): string {
  const {
    time,
    level,
    role,
    msg,
    pid: _pid,
    hostname: _hostname,
    err,
    ...rest
  } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const extra = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const stack = err && typeof err === 'object' && 'stack' in err ? `\n${String(err.stack)}` : '';
  return `${clock} ${shownLevel(String(level)).padEnd(5)} ${String(role)}: ${String(msg ?? '')}${extra.join('')}${stack}\n`;
}

function openDestination(stream: Writable | undefined): DestinationStream {
  if (stream) return { write: (line) => void stream.write(scrub(line)) };
  // Written at once: the last line before a crash is the one that matters.
  const stderr = destination({ dest: 2, sync: true });
  const isForPeople = process.stderr.isTTY === true;
  return { write: (line) => void stderr.write(isForPeople ? toHumanLine(scrub(line)) : scrub(line)) };
}

/** A logger of JSON lines whose known secret fields, and passwords inside URLs, are masked. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { role: options.role, pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: stdTimeFunctions.isoTime,
      redact: {
        paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '***',
      },
    },
    openDestination(options.stream),
  );
}
