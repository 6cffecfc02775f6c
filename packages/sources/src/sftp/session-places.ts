import { randomUUID } from 'node:crypto';
import type { LiveSession, SftpSessionStore } from '@callbay/ingestion';
import type { SftpLimits } from './limits.ts';
import type { Logger, SftpMetrics } from './logger.ts';

/** One of the sessions that a tenant may have at once. */
export interface Place {
  /** Again it does nothing. */
  give(): void;
}

export interface SessionPlaces extends Disposable {
  /** Null where the tenant has as many sessions as it may. Rejects where the store is unavailable. */
  take(session: Omit<LiveSession, 'sessionId'>): Promise<Place | null>;
}

export interface SessionPlacesDeps {
  /** Counts over all nodes; null: this process alone. */
  readonly store: SftpSessionStore | null;
  readonly limits: Pick<SftpLimits, 'sessionsPerTenant'>;
  readonly metrics: SftpMetrics;
  readonly log: Logger;
  readonly inBackground: (work: Promise<void>) => void;
}

const KEEP_EVERY_MS = 5_000;

/** Hands out the places of sessions. This process's own are counted first, so that a tenant at its limit asks no database. */
export function createSessionPlaces(deps: SessionPlacesDeps): SessionPlaces {
  const { store, limits, metrics, log, inBackground } = deps;
  const live = new Map<string, LiveSession>();
  const countOf = (tenantId: string): number =>
    [...live.values()].filter((session) => session.tenantId === tenantId).length;
  const keep = setInterval(() => {
    if (store === null || live.size === 0) return;
    inBackground(
      store
        .keepAlive([...live.values()])
        .catch((err: unknown) => log.warn({ err }, 'live sessions could not be written down; trying again')),
    );
  }, KEEP_EVERY_MS);

  const give = (session: LiveSession): void => {
    if (!live.delete(session.sessionId)) return;
    metrics.sessionClosed();
    if (store === null) return;
    inBackground(
      store
        .givePlace(session.tenantId, session.sessionId)
        .catch((err: unknown) => log.warn({ err }, 'the place of a session is free in a while')),
    );
  };

  return {
    async take(asked) {
      if (countOf(asked.tenantId) >= limits.sessionsPerTenant) return null;
      const session = { ...asked, sessionId: randomUUID() };
      live.set(session.sessionId, session);
      metrics.sessionOpened();
      let isGiven = store === null;
      try {
        isGiven = store === null || (await store.takePlace(session, limits.sessionsPerTenant));
      } finally {
        if (!isGiven) give(session);
      }
      return isGiven ? { give: () => give(session) } : null;
    },
    [Symbol.dispose]: () => clearInterval(keep),
  };
}
