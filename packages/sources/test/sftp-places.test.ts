import type { LiveSession, SftpSessionStore } from '@callbay/ingestion';
import { expect, test } from 'vitest';
import { startFixture, until } from './fixture.ts';

/** The sessions of all servers of a test. */
function createMemorySessions(): SftpSessionStore & { readonly live: Map<string, LiveSession> } {
  const live = new Map<string, LiveSession>();
  return {
    live,
    async takePlace(session, limit) {
      if ([...live.values()].filter(({ tenantId }) => tenantId === session.tenantId).length >= limit)
        return false;
      live.set(session.sessionId, session);
      return true;
    },
    async keepAlive() {},
    async givePlace(_tenantId, sessionId) {
      live.delete(sessionId);
    },
  };
}

test('a tenant has so many sessions over all nodes, and one that ends on one node is free on the other', async () => {
  const sessions = createMemorySessions();
  await using one = await startFixture({ sessions, limits: { sessionsPerTenant: 2 } });
  await using two = await startFixture({ sessions, limits: { sessionsPerTenant: 2 } });
  const first = await one.connect();
  await using _second = await two.connect();
  await expect(two.connect()).rejects.toThrow();
  await expect(one.connect()).rejects.toThrow();
  await first.kill();
  await until(async () => sessions.live.size === 1);
  await using _third = await two.connect();
  expect(sessions.live.size).toBe(2);
});

test('a store of sessions that is away lets nobody in, and keeps no place for who was not', async () => {
  const sessions = createMemorySessions();
  const away = { isAway: true };
  const takePlace: SftpSessionStore['takePlace'] = (...asked) =>
    away.isAway ? Promise.reject(new Error('away')) : sessions.takePlace(...asked);
  await using drop = await startFixture({
    sessions: { ...sessions, takePlace },
    limits: { sessionsPerTenant: 1 },
  });
  await expect(drop.connect()).rejects.toThrow();
  away.isAway = false;
  await using client = await drop.connect();
  expect(await client.list('/data')).toEqual(['processed', 'rejected']);
  drop.errors.length = 0;
});
