import type pg from 'pg';
import { translatePgError } from '../database/pg-errors.ts';

const TRY_LOCK = "SELECT pg_try_advisory_lock(hashtext('callbay.sweep'), hashtext($1)) AS done";
const UNLOCK = "SELECT pg_advisory_unlock(hashtext('callbay.sweep'), hashtext($1)) AS done";

/**
 * Runs work that one process of all may do at a time; answers whether it ran. The locks of all that runs here share one
 * connection: with one of its own, each would take one from those that the work itself needs, and many leave none.
 */
export function createSweepLocks(
  pool: pg.Pool,
): (name: string, work: () => Promise<void>) => Promise<boolean> {
  const running = new Set<string>();
  let current: LockConnection | null = null;
  return async (name, work) => {
    // A session that holds a lock is given it again.
    if (running.has(name)) return false;
    running.add(name);
    if (current?.isBroken !== false) current = new LockConnection(pool);
    const own = current;
    own.users += 1;
    try {
      if (!(await own.ask(TRY_LOCK, name))) return false;
      try {
        await work();
      } finally {
        await own.ask(UNLOCK, name);
      }
      return true;
    } finally {
      running.delete(name);
      own.users -= 1;
      if (own.users === 0) {
        if (current === own) current = null;
        await own.release();
      }
    }
  };
}

/** One connection of the pool, asked one question after another. What breaks it frees all its locks. */
class LockConnection {
  users = 0;
  readonly #client: Promise<pg.PoolClient>;
  #turn: Promise<unknown> = Promise.resolve();
  #broken: Error | null = null;

  constructor(pool: pg.Pool) {
    this.#client = pool.connect();
    // Without a listener a connection that breaks between two questions would end the process.
    this.#client.then(
      (client) => client.on('error', this.#onError),
      (error: Error) => this.#onError(error),
    );
  }

  get isBroken(): boolean {
    return this.#broken !== null;
  }

  readonly #onError = (error: Error): void => {
    this.#broken ??= error;
  };

  ask(question: string, name: string): Promise<boolean> {
    const answer = this.#turn.then(async () => {
      try {
        const client = await this.#client;
        const { rows } = await client.query<{ done: boolean }>(question, [name]);
        return rows[0]?.done === true;
      } catch (error) {
        this.#onError(error as Error);
        throw translatePgError(error);
      }
    });
    // Its caller hears of the error; the next question is asked all the same.
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async release(): Promise<void> {
    // A connection that was never made has nothing to release; whoever asked it heard why.
    const client = await this.#client.catch(() => null);
    client?.off('error', this.#onError);
    client?.release(this.#broken ?? undefined);
  }
}
