import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { List } from '@callbay/contracts';
import type { Config } from '@callbay/runtime';
import { describeRefusal } from './describe-refusal.ts';
import { CommandError, EXIT_CODES } from './exit-codes.ts';
import { readLogin } from './login-file.ts';
import { httpAddress, ownFetch } from './own-server.ts';
import { findServing } from './supervisor/home.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A document that is not JSON, and its media type. */
export interface Document {
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The HTTP API as the command uses it. Every failure is a CommandError. */
export interface ApiClient {
  call<T>(method: Method, path: string, body?: unknown, headers?: Record<string, string>): Promise<T>;
  /** A document that is not JSON, as it came. */
  readText(path: string): Promise<string>;
  /** Such documents page by page, as each names the next one in its header `link`. */
  readPages(path: string): AsyncIterable<string>;
  /** Sends a document that is not JSON; answers as `call`. */
  send<T>(method: Method, path: string, document: Document): Promise<T>;
  /** The items of a list's pages, at most `limit`. */
  list<T>(path: string, limit: number): Promise<T[]>;
  /** Writes an answer to a new file as it comes; `progress` is given the bytes so far. */
  download(path: string, file: string, progress: (bytes: number) => void): Promise<void>;
  /** A stream of server-sent events, until the server or the signal ends it. */
  follow(path: string, lastEventId: string | null, signal: AbortSignal): AsyncIterable<string>;
}

export interface ApiOptions {
  readonly url?: string | undefined;
  readonly keyFile?: string | undefined;
}

const TIMEOUT_MS = 30_000;
/** A sample may be read, or a preview made, for longer than other answers take. */
const DOCUMENT_TIMEOUT_MS = 120_000;
const PAGE_SIZE = 500;

export async function readKey(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new CommandError(
      `no API key can be read from ${file} (${code}): \`callbay up\` writes it on its first start; name another with --key-file, or use \`callbay login\` for a server elsewhere`,
      EXIT_CODES.unreachable,
      { cause: error },
    );
  }
}

/** A server and the key to use there. */
interface Target {
  readonly base: string;
  readonly key: string;
  /** Fetches from our own server, which answers with a certificate of another name; as any other unless given. */
  readonly fetch?: typeof fetch;
}

/** `--url` and `--key-file`, then the stored login, then this home. The key of a login goes to its own server only. */
async function findTarget(config: Config, options: ApiOptions): Promise<Target> {
  const login = await readLogin();
  const named = options.url?.replace(/\/+$/, '');
  if (login !== null && options.keyFile === undefined && (named === undefined || named === login.url)) {
    return { base: login.url, key: login.key };
  }
  const key = await readKey(options.keyFile ?? config.operatorKeyFile);
  const elsewhere = named ?? login?.url;
  if (elsewhere !== undefined) return { base: elsewhere, key };
  const serving = (await findServing(config.home))?.addresses;
  if (serving?.http === null) {
    throw new CommandError(
      'this node does not run the api (CALLBAY_ROLES): name the server of another node with --url',
      EXIT_CODES.unreachable,
    );
  }
  const base = serving?.http ?? httpAddress(config, config.http.port);
  return { base, key, fetch: ownFetch(config) };
}

async function request(url: string, init: RequestInit, fetchUrl: typeof fetch): Promise<Response> {
  try {
    return await fetchUrl(url, init);
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
    throw new CommandError(
      `${new URL(url).origin} does not answer (${cause}): is Callbay running? Start it with \`callbay up\`, or name it with --url`,
      EXIT_CODES.unreachable,
      { cause: error },
    );
  }
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

/** Throws what the API said where it refused. */
async function assertOk(response: Response): Promise<void> {
  if (response.ok) return;
  const problem = parseJson(await response.text(), response);
  const isAway = response.status === 502 || response.status === 503 || response.status === 504;
  throw new CommandError(
    describeRefusal(response.status, problem),
    isAway ? EXIT_CODES.unreachable : EXIT_CODES.failure,
    { status: response.status, body: problem },
  );
}

/** A client with the operator's key for the Callbay that serves this home, or for the one that `options` or a login name. */
export async function openApi(config: Config, options: ApiOptions): Promise<ApiClient> {
  return clientOf(await findTarget(config, options));
}

/** A client for a server and a key that are known already. */
export function clientOf({ base, key, fetch: fetchUrl = fetch }: Target): ApiClient {
  const ask = async (
    method: Method,
    path: string,
    more: { body?: Document; headers?: Record<string, string>; signal: AbortSignal },
  ): Promise<Response> => {
    const { body, headers = {}, signal } = more;
    const init = {
      method,
      signal,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': body.type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body.content }),
    };
    const response = await request(`${base}${path}`, init, fetchUrl);
    await assertOk(response);
    return response;
  };
  const read = async <T>(response: Response): Promise<T> => parseJson(await response.text(), response) as T;

  const call: ApiClient['call'] = async (method, path, body, headers = {}) => {
    const sent = body === undefined ? {} : { body: asJson(body) };
    const signal = AbortSignal.timeout(DOCUMENT_TIMEOUT_MS);
    return read(await ask(method, path, { ...sent, headers, signal }));
  };
  return {
    call,
    readText: async (path) => {
      const response = await ask('GET', path, {
        headers: { accept: '*/*' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return response.text();
    },
    readPages: async function* (path) {
      for (let next: string | null = path; next !== null; ) {
        const signal = AbortSignal.timeout(DOCUMENT_TIMEOUT_MS);
        const response: Response = await ask('GET', next, { headers: { accept: '*/*' }, signal });
        yield await response.text();
        next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1] ?? null;
      }
    },
    send: async (method, path, body) =>
      read(
        await ask(method, path, {
          body,
          headers: { ...body.headers },
          signal: AbortSignal.timeout(DOCUMENT_TIMEOUT_MS),
        }),
      ),
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
    download: async (path, file, progress) => {
      // A recording may take long to come, so that only the connection is bounded in time.
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
      const asked = ask('GET', path, { headers: { accept: '*/*' }, signal: stop.signal });
      const response = await asked.finally(() => clearTimeout(timer));
      let bytes = 0;
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const chunk of response.body ?? []) {
          bytes += chunk.length;
          progress(bytes);
          yield chunk;
        }
      }
      await pipeline(Readable.from(counted()), createWriteStream(file, { flags: 'wx' }));
    },
    follow: async function* (path, lastEventId, signal) {
      const headers = {
        accept: 'text/event-stream',
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      };
      const response = await ask('GET', path, { headers, signal });
      for await (const text of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        yield text;
      }
    },
  };
}

const asJson = (body: unknown): Document => ({ content: JSON.stringify(body), type: 'application/json' });
