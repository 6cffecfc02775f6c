import { readFile } from 'node:fs/promises';
import type { List, Problem } from '@callbay/contracts';
import type { Config } from '@callbay/runtime';
import { CommandError, exitCodes } from './exit-codes.ts';
import { findServing } from './supervisor/home.ts';
import { reachableHost } from './supervisor/ports.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** The HTTP API as the command uses it. Every failure is a CommandError. */
export interface ApiClient {
  call<T>(method: Method, path: string, body?: unknown): Promise<T>;
  /** The items of a list's pages, at most `limit`. */
  list<T>(path: string, limit: number): Promise<T[]>;
}

export interface ApiOptions {
  readonly url?: string | undefined;
  readonly keyFile?: string | undefined;
}

const timeoutMs = 30_000;
const pageSize = 500;

async function readKey(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new CommandError(
      `no API key can be read from ${file} (${code}): \`callbay up\` writes it on its first start; name another with --key-file`,
      exitCodes.unreachable,
      { cause: error },
    );
  }
}

async function findBaseUrl(config: Config, options: ApiOptions): Promise<string> {
  if (options.url) return options.url.replace(/\/+$/, '');
  const serving = await findServing(config.home);
  return serving?.addresses?.http ?? `http://${reachableHost(config.bind)}:${config.http.port}`;
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;

function describeRefusal(status: number, body: unknown): string {
  if (!isProblem(body)) return `the API answered ${status}`;
  const issues = (body.issues ?? [])
    .filter(({ message }) => message !== body.detail)
    .map(({ at, code, message }) => `\n  ${at ?? ''} ${code}: ${message}`.trimEnd());
  return `${body.code}: ${body.detail}${issues.join('')}`;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
    throw new CommandError(
      `${new URL(url).origin} does not answer (${cause}): is Callbay running? Start it with \`callbay up\`, or name it with --url`,
      exitCodes.unreachable,
      { cause: error },
    );
  }
}

/** A client with the operator's key, for the Callbay that serves this home or the one that `options` names. */
export async function openApi(config: Config, options: ApiOptions): Promise<ApiClient> {
  const [base, key] = [
    await findBaseUrl(config, options),
    await readKey(options.keyFile ?? config.operatorKeyFile),
  ];
  const call = async <T>(method: Method, path: string, body?: unknown): Promise<T> => {
    const response = await send(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = parseJson(text, response);
    if (response.ok) return parsed as T;
    const isAway = response.status === 502 || response.status === 503 || response.status === 504;
    throw new CommandError(
      describeRefusal(response.status, parsed),
      isAway ? exitCodes.unreachable : exitCodes.failure,
    );
  };
  return {
    call,
    list: async <T>(path: string, limit: number) => {
      const items: T[] = [];
      let cursor: string | null = null;
      do {
        const query = new URLSearchParams({ limit: String(Math.min(pageSize, limit - items.length)) });
        if (cursor !== null) query.set('cursor', cursor);
        const page: List<T> = await call('GET', `${path}${path.includes('?') ? '&' : '?'}${query}`);
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null && items.length < limit);
      return items;
    },
  };
}

function parseJson(text: string, response: Response): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(
      `${response.url} answered ${response.status} with something that is not JSON: is that Callbay? Check --url`,
      exitCodes.unreachable,
      { cause: error },
    );
  }
}
