import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  fixtureBytes,
  fixturePath,
  inspectBytes,
  inspectFile,
  makeFolder,
  pcmFormat,
  riffChunk,
  waveOf,
} from './files.ts';

const folder = makeFolder();
afterAll(() => folder.remove());

const isTruncated = async (bytes: Buffer, ext: string): Promise<boolean | undefined> =>
  (await inspectBytes(folder.path, bytes, ext)).media?.isTruncated;

const DECLARING = [
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
];
const SILENT = ['aac', 'gsm', 'mpg'];
const SHARES = [0.25, 0.5, 0.75, 0.95];

describe('case 107: media short of what its container declares is truncated', () => {
  test.for(DECLARING)('%s, cut anywhere', async (ext) => {
    const path = fixturePath(`call.${ext}`);
    const cuts = SHARES.map((share) => Math.floor(statSync(path).size * share));
    const found = await Promise.all(cuts.map((sizeBytes) => inspectFile(path, sizeBytes)));
    expect(found.map(({ media }) => media?.isTruncated)).toEqual(SHARES.map(() => true));
  });

  test.for(SILENT)('%s declares no length, so that no cut is called one', async (ext) => {
    const path = fixturePath(`call.${ext}`);
    const cuts = SHARES.map((share) => Math.floor(statSync(path).size * share));
    const found = await Promise.all(cuts.map((sizeBytes) => inspectFile(path, sizeBytes)));
    expect(found.map(({ media }) => media?.isTruncated)).toEqual(SHARES.map(() => false));
  });

  test('a cut inside an ID3 tag', async () => {
    const tag = Buffer.from('ID3\x04\0\0\0\x7f\x7f\x7f', 'latin1');
    expect(await isTruncated(Buffer.concat([tag, Buffer.alloc(5_000)]), 'mp3')).toBe(true);
  });

  test('a movie whose moov box never came, though every box is whole', async () => {
    const bytes = fixtureBytes('call.m4a');
    const moovAt = bytes.indexOf('moov') - 4;
    expect(await isTruncated(bytes.subarray(0, moovAt), 'm4a')).toBe(true);
  });

  test('an RF64 file by its 64-bit size', async () => {
    const sizes = Buffer.alloc(28);
    sizes.writeBigUInt64LE(4_000n, 8);
    const rf64 = (soundBytes: number): Buffer =>
      waveOf(
        [riffChunk('ds64', sizes), pcmFormat(), riffChunk('data', Buffer.alloc(soundBytes, 1), 0xffffffff)],
        0xffffffff,
        'RF64',
      );
    expect(await isTruncated(rf64(4_000), 'wav')).toBe(false);
    expect(await isTruncated(rf64(3_000), 'wav')).toBe(true);
  });
});

describe('a whole file is never called truncated', () => {
  const sound = Buffer.alloc(1_000, 1);
  test.for([0, 0x7fffffff, 0x7ffff000, 0x80000000, 0xffffffff])(
    'a WAVE stream that declares %i bytes knows no length, and its own bytes give one',
    async (declared) => {
      const bytes = waveOf([pcmFormat(), riffChunk('data', sound, declared)], declared);
      const { media } = await inspectBytes(folder.path, bytes, 'wav');
      expect(media).toMatchObject({ isTruncated: false, durationSeconds: 1_000 / 16_000 });
    },
  );

  test('a WAVE whose writer counted the header into its sizes', async () => {
    const whole = waveOf([pcmFormat(), riffChunk('data', sound)]).length;
    const slips = [whole, whole - 8].map((declared) =>
      waveOf([pcmFormat(), riffChunk('data', sound, declared)], whole),
    );
    for (const bytes of slips) expect(await isTruncated(bytes, 'wav')).toBe(false);
  });

  test('a WAVE of odd chunks, padded or not', async () => {
    const unpadded = Buffer.concat([
      riffChunk('note', Buffer.from('a')).subarray(0, 9),
      riffChunk('data', sound),
    ]);
    const padded = Buffer.concat([riffChunk('note', Buffer.from('a')), riffChunk('data', sound)]);
    for (const tail of [padded, unpadded])
      expect(await isTruncated(waveOf([pcmFormat(), tail]), 'wav')).toBe(false);
    const odd = waveOf([pcmFormat(), riffChunk('data', sound.subarray(1))]);
    expect(await isTruncated(odd.subarray(0, -1), 'wav')).toBe(false);
  });

  test.for(DECLARING)('%s with a tag appended', async (ext) => {
    const tag = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125)]);
    expect(await isTruncated(Buffer.concat([fixtureBytes(`call.${ext}`), tag]), ext)).toBe(false);
  });

  test('a Sun audio stream of unknown size', async () => {
    const bytes = fixtureBytes('call.au');
    bytes.writeUInt32BE(0xffffffff, 8);
    expect(await isTruncated(bytes, 'au')).toBe(false);
  });

  test('an Ogg that ends with a page but without the end mark', async () => {
    const bytes = fixtureBytes('call.ogg');
    const lastPage = bytes.lastIndexOf('OggS');
    expect(await isTruncated(bytes.subarray(0, lastPage), 'ogg')).toBe(false);
  });
});

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed, so files of its making are not checked.');

const picture = ['-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=2'];
/** File name, then ffmpeg's options for it; `picture` makes it a film. */
const VARIANTS: readonly (readonly [name: string, ...options: string[]])[] = [
  ['s24.wav', '-c:a', 'pcm_s24le'],
  ['ima.wav', '-c:a', 'adpcm_ima_wav'],
  ['gsm.wav', '-ac', '1', '-c:a', 'libgsm_ms'],
  ['rf64.wav', '-rf64', 'always'],
  ['vbr.mp3', '-q:a', '4'],
  ['bare.mp3', '-write_xing', '0', '-id3v2_version', '0'],
  ['tagged.mp3', '-write_id3v1', '1', '-metadata', 'title=x'],
  ['layer.mp2', '-ar', '32000', '-c:a', 'mp2'],
  ['fast.m4a', '-movflags', 'faststart'],
  ['alac.m4a', '-c:a', 'alac'],
  ['fragments.mp4', '-movflags', 'frag_keyframe+empty_moov', '-frag_duration', '500000'],
  ['film.mp4', 'picture', '-movflags', 'faststart'],
  ['film.mov', 'picture'],
  ['phone.3gp', '-c:a', 'aac'],
  ['best.flac', '-compression_level', '12', '-frame_size', '512'],
  ['high.flac', '-ar', '48000', '-sample_fmt', 's32'],
  ['flac.oga', '-c:a', 'flac'],
  ['speex.ogg', '-c:a', 'libspeex'],
  ['film.ogv', 'picture', '-ar', '16000'],
  ['old.wma', '-c:a', 'wmav1'],
  ['film.wmv', 'picture'],
  ['live.webm', '-live', '1'],
  ['film.webm', 'picture', '-deadline', 'realtime'],
  ['sound.mkv'],
  ['law.aif', '-c:a', 'pcm_mulaw'],
  ['wide.au', '-c:a', 'pcm_s16be'],
  ['film.avi', 'picture'],
  ['film.mpg', 'picture', '-ar', '32000'],
  ['stream.ts'],
  ['stream.aac'],
];
/** Streams write to a pipe, where nobody can go back to fill a length in. */
const PIPED = ['wav', 'aiff', 'au', 'flac', 'mp3', 'ogg', 'webm', 'asf', 'matroska'] as const;

describe.skipIf(!hasFfmpeg)('a file that ffmpeg made is whole, and known for what it is', () => {
  const source = ['-v', 'error', '-y', '-t', '2', '-i', fixturePath('call.wav')];

  test.for(VARIANTS)('%s', async ([name, ...options]) => {
    const path = join(folder.path, name);
    const args = options.filter((option) => option !== 'picture');
    const film = options.includes('picture') ? picture : [];
    const made = spawnSync('ffmpeg', [...source, ...film, ...args, path]);
    expect(made.stderr.toString()).toBe('');
    const { media, warnings } = await inspectFile(path);
    expect(media).toMatchObject({ isTruncated: false });
    expect(warnings.filter(({ code }) => code === 'MEDIA_TYPE_MISMATCH')).toEqual([]);
  });

  test.for(PIPED)('%s written to a pipe', async (format) => {
    const made = spawnSync('ffmpeg', [...source, '-f', format, '-'], { maxBuffer: 2 ** 24 });
    expect(await isTruncated(made.stdout, format)).toBe(false);
  });
});
