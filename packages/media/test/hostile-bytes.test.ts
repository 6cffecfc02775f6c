import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ByteCursor, WALK_LIMIT_PARTS } from '../src/byte-cursor.ts';
import { inspectMedia } from '../src/index.ts';
import { MediaBytes, ReadLimitError, STEP_LIMIT_BYTES, STEP_LIMIT_READS } from '../src/media-bytes.ts';
import {
  fixtureBytes,
  inspectBytes,
  inspectFile,
  makeFolder,
  pcmFormat,
  riffChunk,
  waveOf,
} from './files.ts';

const folder = makeFolder();
afterAll(() => folder.remove());

const EXTENSIONS = [
  'wav',
  'mp3',
  'm4a',
  'mp4',
  'ogg',
  'opus',
  'flac',
  'webm',
  'wma',
  'wmv',
  'aiff',
  'au',
  'avi',
  'gsm',
  'aac',
  'mpg',
];
const extension = fc.constantFrom(...EXTENSIONS, 'arf', 'amr', 'mov');

/** Exactly one of facts and issues, and no number or name that storage would refuse. */
const expectSound = async (bytes: Buffer, ext: string): Promise<void> => {
  const { media, issues } = await inspectBytes(folder.path, bytes, ext);
  expect(media === null).toBe(issues.length > 0);
  const { durationSeconds, channels, codec } = media ?? {
    durationSeconds: null,
    channels: null,
    codec: null,
  };
  expect(durationSeconds === null || (Number.isFinite(durationSeconds) && durationSeconds >= 0)).toBe(true);
  expect(channels === null || (Number.isInteger(channels) && channels > 0)).toBe(true);
  expect(codec ?? '').not.toMatch(/[^ -~]/);
};

describe('whatever the bytes, an inspection answers', () => {
  test('random bytes under any name', async () => {
    const bytes = fc.uint8Array({ maxLength: 4_096 });
    await fc.assert(
      fc.asyncProperty(bytes, extension, (random, ext) => expectSound(Buffer.from(random), ext)),
      { numRuns: 500 },
    );
  });

  test('random bytes behind a true signature', async () => {
    const magics = [
      'RIFF\0\0\0\0WAVEfmt ',
      'RF64\xff\xff\xff\xffWAVEds64',
      'RIFF\0\0\x10\0AVI LIST',
      'FORM\0\0\x10\0AIFFCOMM',
      '.snd\0\0\0\x18',
      'fLaC\0\0\0\x22',
      'OggS\0\x02',
      'ID3\x04\0\0\0\0\x02\0',
      '\xff\xfb\x90\x64',
      '\xff\xf1\x50\x80',
      '\0\0\0\x18ftypM4A ',
      '\0\0\0\x08moov',
      '\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska',
      '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c',
      '#!AMR\n',
      '#!AMR-WB\n',
      '\0\0\x01\xba\x44',
      'caff\0\x01\0\0desc',
      'FLV\x01',
      'wvpk',
      'MAC ',
      'MPCK',
    ];
    const bytes = fc.tuple(fc.constantFrom(...magics), fc.uint8Array({ minLength: 40, maxLength: 4_096 }));
    await fc.assert(
      fc.asyncProperty(bytes, extension, ([magic, rest], ext) =>
        expectSound(Buffer.concat([Buffer.from(magic, 'latin1'), rest]), ext),
      ),
      { numRuns: 1_000 },
    );
  });

  test('true recordings with bytes changed and the end cut', async () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      value: fc.integer({ min: 0, max: 255 }),
    });
    // Headers hold the lengths: most changes fall into the first few hundred bytes.
    const changes = fc.array(
      fc.oneof(
        change,
        change.map(({ at, value }) => ({ at: at / 100, value })),
      ),
      { maxLength: 20 },
    );
    const kept = fc.oneof(fc.constant(1), fc.double({ min: 0.0001, max: 1, noNaN: true }));
    const property = fc.asyncProperty(
      fc.constantFrom(...EXTENSIONS),
      changes,
      kept,
      async (ext, edits, share) => {
        const bytes = fixtureBytes(`call.${ext}`);
        for (const { at, value } of edits)
          bytes.writeUInt8(value, Math.min(bytes.length - 1, Math.floor(at * bytes.length)));
        await expectSound(bytes.subarray(0, Math.max(1, Math.floor(bytes.length * share))), ext);
      },
    );
    await fc.assert(property, { numRuns: 1_000 });
  });
});

describe('what an inspection reads is bounded', () => {
  test('a step ends at its bound of bytes and of reads', () => {
    const path = join(folder.path, 'big.bin');
    sparseFile(path, 2 * STEP_LIMIT_BYTES, Buffer.alloc(0));
    using bytes = new MediaBytes(path, 2 * STEP_LIMIT_BYTES);
    expect(bytes.read(0, STEP_LIMIT_BYTES)).toHaveLength(STEP_LIMIT_BYTES);
    expect(() => bytes.read(0, 1)).toThrow(ReadLimitError);
    bytes.startStep();
    for (let count = 0; count < STEP_LIMIT_READS; count += 1) bytes.read(0, 1);
    expect(() => bytes.read(0, 1)).toThrow(ReadLimitError);
  });

  test('a walk ends at its bound of parts', () => {
    using bytes = new MediaBytes(Buffer.alloc(64), 64);
    bytes.startWalk();
    const cursor = new ByteCursor(bytes);
    for (let count = 0; count < WALK_LIMIT_PARTS; count += 1) cursor.read(count % 60, 4);
    expect(() => cursor.read(0, 4)).toThrow(ReadLimitError);
  });

  test('a walk over a file longer than its bound keeps the channels and gives no duration', async () => {
    const path = join(folder.path, 'long.mp3');
    sparseFile(path, 2 ** 31 - 1, fixtureBytes('call.mp3'));
    const { media, warnings } = await inspectMedia({ path, ext: 'mp3', sizeBytes: 2 ** 31 - 1 });
    expect(media).toMatchObject({ contentType: 'audio/mpeg', durationSeconds: null, channels: 2 });
    expect(warnings.map(({ code }) => code)).toEqual(['MEDIA_UNPROBED']);
  });

  test('a recording of 2 GiB is judged by its ends', async () => {
    const path = join(folder.path, 'long.wav');
    const head = waveOf(
      [pcmFormat(), riffChunk('data', Buffer.alloc(0), 2 ** 31 - 8_192)],
      2 ** 31 - 8_192 + 36,
    );
    sparseFile(path, 2 ** 31 - 8_192 + 44, head);
    expect((await inspectFile(path)).media).toMatchObject({
      isTruncated: false,
      durationSeconds: (2 ** 31 - 8_192) / 16_000,
    });
    expect((await inspectFile(path, 2 ** 30)).media).toMatchObject({ isTruncated: true });
  });

  test.for([
    ['mp4', Buffer.from('00000008667265650000000866726565', 'hex')],
    ['webm', Buffer.from('ec80ec80ec80ec80', 'hex')],
    ['wav', Buffer.from('4a554e4b000000004a554e4b00000000', 'hex')],
    ['mp3', Buffer.from('fffbfffbfffbfffb', 'hex')],
    ['flac', Buffer.from('fff8c91800ff', 'hex')],
    ['mpg', Buffer.from('000001c000ff2100010001ffffff', 'hex')],
    ['ogg', Buffer.from(`4f6767530000${'00'.repeat(20)}00`, 'hex')],
    ['avi', Buffer.from('3030776200000000', 'hex')],
    ['wma', Buffer.from(`3626b2758e66cf11a6d900aa0062ce6c${'1800000000000000'}`, 'hex')],
    ['aac', Buffer.from('fff15080003ffc', 'hex')],
  ] as const)('a bomb of tiny parts, %s, ends without a verdict', async ([ext, part]) => {
    const head = fixtureBytes(`call.${ext}`).subarray(0, 12);
    const bytes = Buffer.concat([head, ...Array.from({ length: 200_000 }, () => part)]);
    await expectSound(bytes, ext);
  });
});

describe('storage that fails is our failure, not the recording’s', () => {
  test('bytes that are gone, or fewer than were received, are BLOB_MISSING', async () => {
    const path = join(folder.path, 'short.wav');
    writeFileSync(path, 'RIFF');
    await expect(inspectMedia({ path, ext: 'wav', sizeBytes: 5 })).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
    const absent = { path: join(folder.path, 'absent.wav'), ext: 'wav', sizeBytes: 5 };
    await expect(inspectMedia(absent)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});

/** A file of the given size that takes no room: `head`, then zeros. */
const sparseFile = (path: string, sizeBytes: number, head: Buffer): void => {
  const descriptor = openSync(path, 'w');
  writeSync(descriptor, head);
  ftruncateSync(descriptor, sizeBytes);
  closeSync(descriptor);
};
