import { createTestDatabase, testClock } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { createProcessMetricsStore } from '../src/index.ts';

test('a process tells what the others wrote within the time asked for, and not what the dead did', async () => {
  const { db, drop } = await createTestDatabase();
  try {
    const clock = await testClock(db);
    await clock.set(new Date('2026-03-02T10:00:00Z'));
    const store = createProcessMetricsStore(db);
    const others = async () => (await store.listOthers('me', 30_000)).map(({ process }) => process);
    for (const process of ['me', 'dead', 'ended'])
      await store.write({ process, role: 'intake', metrics: [] });
    expect(await others()).toEqual(['dead', 'ended']);
    await store.remove('ended');
    await clock.advance(29_999);
    expect(await others()).toEqual(['dead']);
    await clock.advance(1);
    expect(await others()).toEqual([]);
    await store.write({ process: 'alive', role: 'pipeline', metrics: [{ name: 'a', values: [] }] });
    await store.write({ process: 'alive', role: 'pipeline', metrics: [{ name: 'b', values: [] }] });
    expect(await store.listOthers('me', 30_000)).toEqual([
      { process: 'alive', role: 'pipeline', metrics: [{ name: 'b', values: [] }] },
    ]);
    await clock.advance(3_600_001);
    await store.write({ process: 'me', role: 'intake', metrics: [] });
    expect(await db.query('SELECT process FROM process_metrics')).toEqual([{ process: 'me' }]);
  } finally {
    await drop();
  }
});
