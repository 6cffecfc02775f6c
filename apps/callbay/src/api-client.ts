import { readFile } from 'node:fs/promises';
import type { List, Problem } from '@callbay/contracts';
import type { Config } from '@callbay/runtime';
import { CommandError, EXIT_CODES } from './exit-codes.ts';
import { findServing } from './supervisor/home.ts';
import { reachableHost } from './supervisor/ports.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The HTTP API as the command uses it. Every failure is a CommandError. */
export interface ApiClient {
  call<T>(method: Method, path: string, body?: unknown): Promise<T>;
  /** A document that is not JSON, as it came. */
  readText(path: string): Promise<string>;
  /** Sends a document that is not JSON; answers as `call`. */
  sendText<T>(method: Method, path: string, text: string, type: string): Promise<T>;
  /** The items of a list's pages, at most `limit`. */
  list<T>(path: string, limit: number): Promise<T[]>;
}

export interface ApiOptions {
  readonly url?: string | undefined;
  readonly keyFile?: string | undefined;
}

const TIMEOUT_MS = 30_000;
const PAGE_SIZE = 500;

async function readKey(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new CommandError(
      `no API key can be read from ${file} (${code}): \`callbay up\` writes it on its first start; name another with --key-file`,
      EXIT_CODES.unreachable,
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
    return await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
    throw new CommandError(
      `${new URL(url).origin} does not answer (${cause}): is Callbay running? Start it with \`callbay up\`, or name it with --url`,
      EXIT_CODES.unreachable,
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
  const ask = async (
    method: Method,
    path: string,
    sent: { text: string; type: string } | null,
    accept: string,
  ): Promise<{ text: string; response: Response }> => {
    const response = await send(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        accept,
        ...(sent === null ? {} : { 'content-type': sent.type }),
      },
      ...(sent === null ? {} : { body: sent.text }),
    });
    const text = await response.text();
    if (response.ok) return { text, response };
    const parsed: unknown = parseJson(text, response);
    const isAway = response.status === 502 || response.status === 503 || response.status === 504;
    throw new CommandError(
      describeRefusal(response.status, parsed),
      isAway ? EXIT_CODES.unreachable : EXIT_CODES.failure,
    );
  };
  const askJson = async <T>(
    method: Method,
    path: string,
    sent: { text: string; type: string } | null,
  ): Promise<T> => {
    const { text, response } = await ask(method, path, sent, 'application/json');
    return parseJson(text, response) as T;
  };
  const call = <T>(method: Method, path: string, body?: unknown): Promise<T> =>
    askJson<T>(
      method,
      path,
      body === undefined ? null : { text: JSON.stringify(body), type: 'application/json' },
    );
  return {
    call,
    readText: async (path) => (await ask('GET', path, null, '*/*')).text,
    sendText: (method, path, text, type) => askJson(method, path, { text, type }),
    list: async <T>(path: string, limit: number) => {
      const items: T[] = [];
      let cursor: string | null = null;
      do {
        const query = new URLSearchParams({ limit: String(Math.min(PAGE_SIZE, limit - items.length)) });
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
      EXIT_CODES.unreachable,
      { cause: error },
    );
  }
}
