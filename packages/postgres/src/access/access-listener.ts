import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { translatePgError } from '../database/pg-errors.ts';

/** Carries a user name whenever what that user may do has changed. */
const ACCESS_CHANNEL = 'callbay_access';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A connection that died silently is noticed by this. */
const HEARTBEAT_MS = 15_000;

export interface AccessListenerOptions {
  readonly connectionString: string;
  readonly onChange: (username: string) => void;
  /** The connection was lost and is back: any change may have been missed. */
  readonly onGap: () => void;
}

/** One connection of its own that listens, and makes itself anew whenever it breaks. */
export class AccessListener implements AsyncDisposable {
  readonly #options: AccessListenerOptions;
  readonly #closing = new AbortController();
  #client: pg.Client | null = null;
  #heartbeat: NodeJS.Timeout | undefined;
  #reconnecting: Promise<void> = Promise.resolve();

  private constructor(options: AccessListenerOptions) {
    this.#options = options;
  }

  /** Listens from when it answers. Throws a retryable UNAVAILABLE where the database is unavailable at the start. */
  static async start(options: AccessListenerOptions): Promise<AccessListener> {
    const listener = new AccessListener(options);
    try {
      await listener.#connect();
    } catch (error) {
      throw translatePgError(error);
    }
    return listener;
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.connectionString,
      application_name: 'callbay-access',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: 10_000,
    });
    let isBroken = false;
    const onBreak = (): void => {
      if (isBroken) return;
      isBroken = true;
      if (this.#client === client) this.#reconnecting = this.#reconnect();
    };
    client.on('error', onBreak);
    client.on('end', onBreak);
    client.on('notification', ({ payload }) => {
      if (payload) this.#options.onChange(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${ACCESS_CHANNEL}`);
    } catch (error) {
      await client.end();
      throw error;
    }
    this.#client = client;
    this.#heartbeat = setInterval(() => {
      client.query('SELECT 1').catch(onBreak);
    }, HEARTBEAT_MS);
    // It broke before it was ours to replace.
    if (isBroken) this.#reconnecting = this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    this.#release()?.catch(() => {
      // Broken already: there is nothing to end.
    });
    for (
      let waitMs = FIRST_PAUSE_MS;
      !this.#closing.signal.aborted;
      waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)
    ) {
      try {
        await this.#connect();
        this.#options.onGap();
        return;
      } catch {
        // The next attempt shows whether the error has passed.
        // The pause rejects only where the listener closes, which the loop asks next.
        await pause(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      }
    }
  }

  #release(): Promise<void> | undefined {
    clearInterval(this.#heartbeat);
    const client = this.#client;
    this.#client = null;
    return client?.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#reconnecting;
    await this.#release();
  }
}
