import { isRedisInstalled, makeWav, startCallbay, startRedis } from '@callbay/testkit';
import { describe, expect, test } from 'vitest';
import { callsOf, codesOf, json } from './support.ts';

const backends = [
  { name: 'Postgres', isThere: true, open: async () => new AsyncDisposableStack() },
  {
    name: 'Redis',
    isThere: isRedisInstalled(),
    open: async () => {
      const stack = new AsyncDisposableStack();
      return Object.assign(stack, { redisUrl: stack.use(await startRedis()).url });
    },
  },
];

describe.each(backends)(
  'with the queue on $name (Redis is skipped without redis-server)',
  ({ isThere, open }) => {
    test.skipIf(!isThere)('pairs in both orders surface, updates apply, mistakes are told', async () => {
      await using backend = await open();
      const redisUrl = (backend as { redisUrl?: string }).redisUrl;
      await using callbay = await startCallbay(redisUrl === undefined ? {} : { redisUrl });
      await using tenant = await callbay.openTenant();
      const { client } = tenant;
      for (let n = 0; n < 20; n++) {
        const pair: [string, Buffer | string][] = [
          [`c${n}.wav`, makeWav({ seconds: 1, seed: n })],
          [`c${n}.json`, json()],
        ];
        for (const [name, bytes] of n % 2 === 0 ? pair : pair.reverse()) await client.put(name, bytes);
      }
      await callbay.settle();
      expect((await callsOf(callbay, tenant)).map((call) => call.call_id)).toEqual(
        Array.from({ length: 20 }, (_, n) => n + 1),
      );
      await callbay.clock.set('2026-03-02T11:00:00Z');
      await client.put('c0.json', json({ stage: 'won' }));
      await client.put('bad.json', '{');
      await callbay.settle();
      expect((await codesOf(callbay, tenant)).slice(-2)).toEqual([
        'c0.json UPDATED',
        'bad.json METADATA_INVALID',
      ]);
    });
  },
);
