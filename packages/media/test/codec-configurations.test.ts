import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { channelsOfAudioConfig } from '../src/formats/aac-config.ts';
import { fixtureBytes, inspectBytes, makeFolder, pcmFormat, riffChunk, waveOf } from './files.ts';
import { amrFrames, hasFfmpeg } from './recordings.ts';

const folder = makeFolder();
afterAll(() => folder.remove());

/** Bits as text, spaces for the eye, filled up to whole bytes. */
const bits = (text: string): Buffer => {
  const all = text.replaceAll(' ', '');
  const padded = all.padEnd(Math.ceil(all.length / 8) * 8, '0');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
};

/** Element tag, profile, rate; front, side, back, low; data, coupling; no mixdowns; then each element. */
const program = (front: string[], back: string[], low: number): string =>
  [
    '0000 01 0100',
    [front.length, 0, back.length].map((count) => count.toString(2).padStart(4, '0')).join(''),
    low.toString(2).padStart(2, '0'),
    '000 0000 0 0 0',
    ...[...front, ...back].map((isPair) => `${isPair}0000`),
    '0000'.repeat(low),
  ].join('');

describe('channels by the AudioSpecificConfig', () => {
  test.for([
    ['AAC-LC, one channel', '00010 1000 0001 000', 1],
    ['AAC-LC, two', '00010 0100 0010 000', 2],
    ['AAC-LC, 7.1', '00010 0011 0111 000', 8],
    ['a rate written out', '00010 1111 000000000001111101000000 0001 000', 1],
    ['HE-AAC, one channel, SBR announced', '00101 1011 0001 1000 00010 000', 1],
    ['HE-AAC v2: parametric stereo plays as two', '11101 1011 0001 1000 00010 000', 2],
    ['SBR by the extension old decoders skip', '00010 1011 0001 000 01010110111 00101 1 1000', 1],
    [
      'parametric stereo by the same extension',
      '00010 1011 0001 000 01010110111 00101 1 1000 10101001000 1',
      2,
    ],
    [
      'the extension with parametric stereo off',
      '00010 1011 0001 000 01010110111 00101 1 1000 10101001000 0',
      1,
    ],
    ['a program config of one channel', `00010 1000 0000 000 ${program(['0'], [], 0)}`, 1],
    ['a program config of two single channels', `00010 1000 0000 000 ${program(['0', '0'], [], 0)}`, 2],
    ['a program config of 5.1', `00010 0011 0000 000 ${program(['0', '1'], ['1'], 1)}`, 6],
    ['a program config that is cut off', '00010 0011 0000 000 0000', null],
    ['a reserved configuration', '00010 0011 1000 000', null],
    ['xHE-AAC, one channel', '11111 001010 0100 0001 00000', 1],
  ] as const)('%s', ([, config, channels]) => {
    expect(channelsOfAudioConfig(bits(config))).toBe(channels);
  });

  test.for(['m4a', 'mp4', 'mov'])(
    'an MP4 template of two channels does not hide that AAC has one: %s',
    async (ext) => {
      const bytes = fixtureBytes('call.m4a');
      // The configuration behind its descriptor's tag and size: from two channels to one.
      const at = bytes.indexOf('esds');
      const config = bytes.indexOf(Buffer.from([5, 0x80, 0x80, 0x80]), at) + 5;
      expect(channelsOfAudioConfig(bytes.subarray(config))).toBe(2);
      bytes.writeUInt8((bytes.readUInt8(config + 1) & 0x87) | 0x08, config + 1);
      expect((await inspectBytes(folder.path, bytes, ext)).media).toMatchObject({ channels: 1 });
    },
  );

  test('an ADTS stream of configuration 0 has the channels of its program config', async () => {
    const payload = bits(`101 ${program(['0'], [], 0)}`);
    const size = 7 + payload.length;
    const header = bits(
      `111111111111 0 00 1 01 1000 0 000 0 0 0 0 ${size.toString(2).padStart(13, '0')} 11111111111 00`,
    );
    const frames = Array.from({ length: 32 }, () => [header, payload]).flat();
    const { media } = await inspectBytes(folder.path, Buffer.concat(frames), 'aac');
    expect(media).toMatchObject({ channels: 1, durationSeconds: (32 * 1_024) / 16_000 });
  });
});

describe.skipIf(!hasFfmpeg)('speech codecs of one channel', () => {
  test.for(['3gp', 'mov'])('AMR in %s has one, whatever the container’s template says', async (ext) => {
    const path = join(folder.path, `amr.${ext}`);
    writeFileSync(join(folder.path, 'frames.amr'), amrFrames(4));
    const frames = join(folder.path, 'frames.amr');
    const run = spawnSync('ffmpeg', ['-v', 'error', '-y', '-i', frames, '-c', 'copy', '-f', ext, path]);
    expect(run.stderr.toString()).toBe('');
    const bytes = readFileSync(path);
    bytes.writeUInt16BE(2, bytes.indexOf('samr') + 4 + 16);
    const { media } = await inspectBytes(folder.path, bytes, ext);
    expect(media).toMatchObject({ channels: 1, codec: 'AMR', durationSeconds: 4 });
  });
});

describe('a WAVE header is held against the bytes', () => {
  const format = (fields: { code: number; byteRate: number; block: number; bits: number }): Buffer => {
    const chunk = pcmFormat();
    chunk.writeUInt16LE(fields.code, 8);
    chunk.writeUInt32LE(fields.byteRate, 16);
    chunk.writeUInt16LE(fields.block, 20);
    chunk.writeUInt16LE(fields.bits, 22);
    return chunk;
  };
  const fact = (samples: number): Buffer => {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(samples);
    return riffChunk('fact', count);
  };
  const sound = riffChunk('data', Buffer.alloc(16_000, 0x55));
  test.for([
    ['G.711 with the byte rate of PCM', [format({ code: 7, byteRate: 16_000, block: 1, bits: 8 }), sound], 2],
    [
      'G.711 with 16 bits and a block of two',
      [format({ code: 6, byteRate: 16_000, block: 2, bits: 16 }), sound],
      2,
    ],
    ['G.711 with a byte rate of zero', [format({ code: 7, byteRate: 0, block: 1, bits: 8 }), sound], 2],
    ['PCM with a false byte rate', [format({ code: 1, byteRate: 8_000, block: 2, bits: 16 }), sound], 1],
    ['PCM with a block of zero', [format({ code: 1, byteRate: 8_000, block: 0, bits: 16 }), sound], 1],
    [
      'G.711 with a false count of samples',
      [format({ code: 7, byteRate: 8_000, block: 1, bits: 8 }), fact(99), sound],
      2,
    ],
    [
      'an unknown codec whose count and byte rate agree',
      [format({ code: 999, byteRate: 4_000, block: 1, bits: 0 }), fact(32_000), sound],
      4,
    ],
    [
      'an unknown codec whose count and byte rate differ',
      [format({ code: 999, byteRate: 4_000, block: 1, bits: 0 }), fact(80_000), sound],
      null,
    ],
    [
      'an unknown codec with a byte rate alone',
      [format({ code: 999, byteRate: 4_000, block: 1, bits: 0 }), sound],
      null,
    ],
  ] as const)('%s', async ([, chunks, seconds]) => {
    const { media, warnings } = await inspectBytes(folder.path, waveOf(chunks), 'wav');
    expect(media?.durationSeconds).toBe(seconds);
    expect(warnings.map(({ code }) => code)).toEqual(seconds === null ? ['MEDIA_UNPROBED'] : []);
  });
});
