import { setTimeout as delay } from 'node:timers/promises';
import type { SftpAccount, SftpAccountStore } from '@callbay/ingestion';
import type { SftpConnection } from './connection.ts';
import type { Logger } from './logger.ts';

export interface AccessWatchDeps {
  readonly accounts: SftpAccountStore;
  readonly log: Logger;
}

const TRIES = 5;
const FIRST_PAUSE_MS = 200;

/**
 * Drops the sessions of a user whose key, password or existence is gone, wherever it was taken away. Source: case 98.
 */
export async function createAccessWatch(
  deps: AccessWatchDeps,
  connections: () => Iterable<SftpConnection>,
  onChange: () => void,
): Promise<AsyncDisposable> {
  const closing = new AbortController();

  async function findAccount(username: string): Promise<SftpAccount | null> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await deps.accounts.findAccount(username);
      } catch (error) {
        deps.log.warn({ err: error, username, attempt }, 'changed access could not be read');
        // Who may have lost access and cannot be checked is let go: logging in again is cheap.
        if (attempt === TRIES) return null;
        await delay(FIRST_PAUSE_MS * 2 ** attempt, undefined, { signal: closing.signal });
      }
    }
  }

  async function recheck(username: string): Promise<void> {
    const isConcerned = [...connections()].some((connection) => connection.username === username);
    if (!isConcerned) return;
    const account = await findAccount(username);
    for (const connection of connections())
      if (connection.username === username) connection.applyAccount(account);
  }

  const watch = await deps.accounts.watchAccess((username) => {
    onChange();
    recheck(username).catch((error: unknown) => {
      if (!closing.signal.aborted) deps.log.error({ err: error, username }, 'changed access was not applied');
    });
  });
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await watch[Symbol.asyncDispose]();
    },
  };
}
