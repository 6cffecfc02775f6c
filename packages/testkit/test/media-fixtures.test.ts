import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectMedia } from '@callbay/media';
import { afterAll, expect, test } from 'vitest';
import { makeWav, truncateWav } from '../src/media-fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'callbay-wav-'));
afterAll(() => rmSync(folder, { recursive: true }));

const inspect = async (bytes: Buffer) => {
  const path = join(folder, 'made.wav');
  writeFileSync(path, bytes);
  return inspectMedia({ path, ext: 'wav', sizeBytes: bytes.length });
};

test('a made WAVE file is a whole recording of the length and channels asked for', async () => {
  const { media, issues, warnings } = await inspect(
    makeWav({ seconds: 1.5, channels: 2, sampleRate: 16_000 }),
  );
  expect({ issues, warnings }).toEqual({ issues: [], warnings: [] });
  expect(media).toEqual({
    contentType: 'audio/wav',
    durationSeconds: 1.5,
    channels: 2,
    codec: 'PCM',
    isTruncated: false,
  });
});

test('a truncated WAVE file is held as truncated', async () => {
  const { media } = await inspect(truncateWav(makeWav({ seconds: 1 }), 0.5));
  expect(media?.isTruncated).toBe(true);
});

test('made WAVE files differ by seed alone', () => {
  expect(makeWav({ seconds: 0.1, seed: 7 })).toEqual(makeWav({ seconds: 0.1, seed: 7 }));
  expect(makeWav({ seconds: 0.1, seed: 7 })).not.toEqual(makeWav({ seconds: 0.1, seed: 8 }));
});
