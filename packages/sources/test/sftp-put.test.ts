import { expect, test } from 'vitest';
import { startFixture } from './fixture.ts';

test('a put file is received with its bytes and queued', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  await client.put('a.wav', 'hello');
  expect(await drop.contentOf('a.wav')).toBe('hello');
  expect(drop.drop.files).toMatchObject([
    { tenantId: 'acme', name: 'a.wav', sizeBytes: 5, sentBy: 'acme-push' },
  ]);
  expect(drop.queue.jobs).toEqual(['acme group']);
  expect(await drop.spooled()).toEqual([]);
  expect(drop.errors).toEqual([]);
});
