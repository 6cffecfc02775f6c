import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CallbayError } from './error.ts';
import type { ChangedCall, ExportedCall, ReceivedFile } from './types.ts';

export interface CallbayOptions {
  /** Such as `https://calls.example.com`. */
  readonly url: string;
  /** An API key, or a token of a tenant. */
  readonly key: string;
  /** How often a request that failed on the way, or that the server asks to repeat, is sent again; 4 unless given. */
  readonly retries?: number;
  /** The pause before the first repetition in milliseconds; each further one is twice as long. 500 unless given. */
  readonly retryMs?: number;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** What calls are wanted; parameters of `GET /v1/sa/call`. */
export interface CallFilter {
  /** The tenant: needed where the credential is bound to several. */
  readonly contextId?: string;
  /** RFC 3339, both inclusive, of the start. */
  readonly fromTime?: string;
  readonly toTime?: string;
  readonly agentId?: readonly string[];
  readonly queueId?: readonly string[];
  /** Names; all unless given. */
  readonly columns?: readonly string[];
  /** Rows of one request, 1 to 10,000; 1,000 unless given. */
  readonly perPage?: number;
}

/** What another attempt may mend, by the status of the answer. */
const REPEATED: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);
const MAX_PAUSE_MS = 60_000;
/** What a request of an upload carries: so much is sent again where it was lost. */
const PART_BYTES = 8 * 2 ** 20;

export class CallbayClient {
  readonly #url: string;
  readonly #key: string;
  readonly #retries: number;
  readonly #retryMs: number;

  constructor({ url, key, retries = 4, retryMs = 500 }: CallbayOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#key = key;
    this.#retries = retries;
    this.#retryMs = retryMs;
  }

  /**
   * Visible calls in the order of callId, from the one after `afterCallId`. Keep the highest `callId` and begin with it next time:
   * each call comes once. A page is read to its end before its first call is given.
   */
  async *calls(filter: CallFilter & { readonly afterCallId?: number } = {}): AsyncGenerator<ExportedCall> {
    let { afterCallId = 0 } = filter;
    for (;;) {
      const page = await this.#page<ExportedCall>(filter, { consecutive: true, afterCallId });
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      afterCallId = last.callId;
    }
  }

  /**
   * Calls that are new, changed or deleted since `changedAfter`, in the order of changeSeq. Keep the highest `changeSeq` and begin
   * with it next time. A call that changes meanwhile comes again.
   */
  async *changes(
    filter: Omit<CallFilter, 'columns'> & { readonly changedAfter?: number } = {},
  ): AsyncGenerator<ChangedCall> {
    let { changedAfter = 0 } = filter;
    for (;;) {
      const page = await this.#page<ChangedCall>(filter, { changedAfter, includeDeleted: true });
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      changedAfter = last.changeSeq;
    }
  }

  /** All items of a list of the API, such as `/v1/tenants/acme/files`, page by page. */
  async *list<Item>(path: string, query: Query = {}): AsyncGenerator<Item> {
    let cursor: string | undefined;
    do {
      const page: { readonly items: Item[]; readonly nextCursor: string | null } = await this.request(
        'GET',
        path,
        {
          query: { ...query, cursor },
        },
      );
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /**
   * Sends a local file to a tenant, in parts. It is received once, however often a part is sent again. Name it as docs/sending-files.md
   * says; the local name unless given.
   */
  async upload(tenantId: string, path: string, name = basename(path)): Promise<ReceivedFile> {
    await using source = await open(path);
    const { size } = await source.stat();
    const [id, files] = [randomUUID(), `/v1/tenants/${encodeURIComponent(tenantId)}`];
    const content = (bytes: Uint8Array<ArrayBuffer>, range?: string): Content => ({
      bytes,
      headers: {
        'content-type': 'application/octet-stream',
        ...(range === undefined ? {} : { 'content-range': range }),
      },
    });
    if (size === 0) {
      const answer = await this.#send('POST', `${files}/files`, { name, id }, content(new Uint8Array()));
      return JSON.parse(answer) as ReceivedFile;
    }
    for (let start = 0; ; ) {
      const part = new Uint8Array(Math.min(PART_BYTES, size - start));
      const { bytesRead } = await source.read(part, 0, part.length, start);
      const range = `bytes ${start}-${start + bytesRead - 1}/${size}`;
      const body = content(part.subarray(0, bytesRead), range);
      const answer = JSON.parse(await this.#send('PUT', `${files}/uploads/${id}`, { name }, body)) as
        | ReceivedFile
        | { readonly receivedBytes: number; readonly receivedAt?: undefined };
      if (answer.receivedAt !== undefined) return answer;
      start = answer.receivedBytes;
    }
  }

  /** One request, answered by its JSON; null where the answer has no body. Throws a CallbayError for any other status than 2xx. */
  async request<Answer = unknown>(
    method: string,
    path: string,
    { query = {}, body }: { readonly query?: Query; readonly body?: unknown } = {},
  ): Promise<Answer> {
    const text = await this.#send(method, path, query, body === undefined ? undefined : jsonOf(body));
    return (text === '' ? null : JSON.parse(text)) as Answer;
  }

  async #page<Row>(filter: CallFilter, position: Query): Promise<Row[]> {
    const { perPage = 1_000, columns, contextId, fromTime, toTime, agentId, queueId } = filter;
    // Position and order need these two, whatever columns are wanted.
    const named = columns && [...new Set(['callId', 'changeSeq', ...columns])].join(',');
    const text = await this.#send('GET', '/v1/sa/call', {
      contextId,
      fromTime,
      toTime,
      agentId,
      queueId,
      columns: named,
      ...position,
      per_page: perPage,
      format: 'ndjson',
    });
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }

  async #send(method: string, path: string, query: Query, body?: Content): Promise<string> {
    const url = new URL(`${this.#url}${path}`);
    for (const [name, value] of Object.entries(query)) {
      const values = Array.isArray(value) ? value : [value];
      for (const each of values) if (each !== undefined) url.searchParams.append(name, String(each));
    }
    for (let attempt = 0; ; attempt += 1) {
      const isLast = attempt === this.#retries || !SAFE.has(method);
      try {
        const response = await fetch(url, {
          method,
          headers: { authorization: `Bearer ${this.#key}`, ...body?.headers },
          ...(body === undefined ? {} : { body: body.bytes }),
        });
        // Read here: an answer that breaks off rejects, and is asked for again.
        const text = await response.text();
        if (response.ok) return text;
        if (isLast || !REPEATED.has(response.status)) throw new CallbayError(response.status, parse(text));
        await this.#pause(attempt, response.headers.get('retry-after'));
      } catch (error) {
        if (isLast || error instanceof CallbayError) throw error;
        await this.#pause(attempt, null);
      }
    }
  }

  /** As long as the server asks, else twice as long each time. */
  async #pause(attempt: number, retryAfter: string | null): Promise<void> {
    const asked = retryAfter === null ? Number.NaN : Number(retryAfter) * 1000;
    const ms = Number.isFinite(asked) ? asked : this.#retryMs * 2 ** attempt;
    await delay(Math.min(ms, MAX_PAUSE_MS));
  }
}

interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

const jsonOf = (body: unknown): Content => ({
  bytes: new TextEncoder().encode(JSON.stringify(body)),
  headers: { 'content-type': 'application/json' },
});

/** A front that answers in place of the API has no problem document. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
