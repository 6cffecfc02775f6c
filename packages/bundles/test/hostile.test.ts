import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { writeZip, type ZipEntry, type ZipShape } from '@callbay/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BundleError, type OpenedBundle, openBundle } from '../src/index.ts';

const STEM = 'KAIA-2026-03-02T10:00:00+00:00+abc-1';
const WAV = Buffer.from('RIFF bytes of a recording'.repeat(40));
const JSON_BYTES = Buffer.from('{"title":"A call"}');
const TEXT = Buffer.from('00:00:01 - (1)Ann:\n\nhello\n');

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbay-bundles-'));
  out = await mkdtemp(join(folder, 'out-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function openBytes(bytes: Uint8Array): Promise<OpenedBundle> {
  const path = join(folder, 'bundle.zip');
  await writeFile(path, bytes);
  return openBundle(path, STEM, out);
}

const wav: ZipEntry = { name: `${STEM}.wav`, bytes: WAV };
const json: ZipEntry = { name: `${STEM}.json`, bytes: JSON_BYTES, isDeflated: true };
const txt: ZipEntry = { name: `${STEM}.txt`, bytes: TEXT };
const named = (name: string): ZipEntry[] => [{ ...wav, name }, json];
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);

/** Extra field of zip64 with these 64-bit numbers. */
function zip64(...numbers: bigint[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * numbers.length);
  bytes.writeUInt16LE(1, 0);
  bytes.writeUInt16LE(8 * numbers.length, 2);
  for (const [n, number] of numbers.entries()) bytes.writeBigUInt64LE(number, 4 + 8 * n);
  return bytes;
}

/** An entry whose bytes are another's whole header and bytes. */
function overlapping(): Buffer {
  const [first, second] = [writeZip([wav]), writeZip([json])];
  const inner = first.subarray(0, 30 + Buffer.byteLength(wav.name) + WAV.length);
  expect(second.length).toBeGreaterThan(0);
  return writeZip([
    { ...json, isDeflated: false, bytes: inner },
    { ...wav, central: { offset: 30 + Buffer.byteLength(json.name) } },
  ]);
}

/** A field of Unicode path that gives the entry another name in some readers. */
function otherPath(name: string, of: string): Buffer {
  const path = Buffer.from(name);
  const head = Buffer.alloc(9);
  head.writeUInt16LE(0x7075, 0);
  head.writeUInt16LE(5 + path.length, 2);
  head.writeUInt8(1, 4);
  head.writeUInt32LE(crc32(Buffer.from(of)), 5);
  return Buffer.concat([head, path]);
}

const HOSTILE: readonly (readonly [string, () => Uint8Array])[] = [
  ['a name that leads out of the folder', () => writeZip(named(`../${STEM}.wav`))],
  ['a name that leads out by a backslash', () => writeZip(named(`..\\${STEM}.wav`))],
  ['an absolute name', () => writeZip(named(`/${STEM}.wav`))],
  ['a drive', () => writeZip(named(`C:${STEM}.wav`))],
  ['a folder before the name', () => writeZip(named(`a/${STEM}.wav`))],
  ['a NUL in a name', () => writeZip(named(`${STEM}\0.wav`))],
  ['a name of another call', () => writeZip(named('KAIA-2026-03-02T10:00:00+00:00+abc-2.wav'))],
  ['a name without an extension', () => writeZip(named(STEM))],
  ['a program', () => writeZip(named(`${STEM}.exe`))],
  ['an empty name', () => writeZip(named(''))],
  [
    'a Unicode path beside the name',
    () => writeZip([{ ...wav, extra: otherPath('../evil.wav', wav.name) }, json]),
  ],
  ['a link', () => writeZip([{ ...wav, mode: 0o120777, bytes: Buffer.from('/etc/passwd') }, json])],
  ['a folder', () => writeZip([{ ...wav, mode: 0o040755 }, json])],
  ['a device', () => writeZip([{ ...wav, mode: 0o060644 }, json])],
  ['a pipe', () => writeZip([{ ...wav, mode: 0o010644 }, json])],
  ['a fourth entry', () => writeZip([wav, json, txt, { ...wav, name: `${STEM}.mp3` }])],
  ['a thousand entries', () => writeZip(Array.from({ length: 1000 }, () => wav))],
  ['the same name twice', () => writeZip([wav, wav])],
  ['two recordings', () => writeZip([wav, { ...wav, name: `${STEM}.mp3` }])],
  ['only a transcript', () => writeZip([txt])],
  ['no entry', () => writeZip([])],
  ['an encrypted entry', () => writeZip([{ ...wav, flags: 0x801 }, json])],
  ['strong encryption', () => writeZip([{ ...wav, flags: 0x841 }, json])],
  ['encryption only beside the bytes', () => writeZip([{ ...wav, local: { flags: 0x801 } }, json])],
  ['a method of its own', () => writeZip([{ ...wav, method: 12 }, json])],
  ['two methods', () => writeZip([{ ...wav, local: { method: 8 } }, json])],
  ['two names', () => writeZip([{ ...wav, local: { name: `${STEM}.wax` } }, json])],
  ['a longer name beside the bytes', () => writeZip([{ ...wav, local: { name: `../${STEM}.wav` } }, json])],
  ['two sizes', () => writeZip([{ ...wav, local: { size: 1 } }, json])],
  ['two checksums', () => writeZip([{ ...wav, local: { crc: 1 } }, json])],
  ['a wrong checksum in both', () => writeZip([{ ...wav, local: { crc: 1 }, central: { crc: 1 } }, json])],
  [
    'a wrong checksum of what is deflated',
    () => writeZip([wav, { ...json, local: { crc: 7 }, central: { crc: 7 } }]),
  ],
  ['more bytes than it says', () => writeZip([wav, { ...json, local: { size: 3 }, central: { size: 3 } }])],
  [
    'fewer bytes than it says',
    () => writeZip([wav, { ...json, local: { size: 900 }, central: { size: 900 } }]),
  ],
  [
    'bytes beyond the archive',
    () => writeZip([{ ...wav, central: { packed: 2 ** 31, size: 2 ** 31 } }, json]),
  ],
  ['a header beyond the archive', () => writeZip([{ ...wav, central: { offset: 2 ** 30 } }, json])],
  ['two entries at one place', () => writeZip([wav, { ...json, central: { offset: 0 } }])],
  ['an entry inside of another', overlapping],
  [
    'deflated bytes that are none',
    () => writeZip([{ ...wav, bytes: Buffer.from('not deflated'), method: 8 }, json]),
  ],
  ['metadata of 9 MiB', () => writeZip([wav, { ...json, bytes: zeros(9 * 2 ** 20) }])],
  [
    'a transcript of 17 MiB',
    () => writeZip([wav, json, { ...txt, bytes: zeros(17 * 2 ** 20), isDeflated: true }]),
  ],
  ['a bomb', () => writeZip([{ ...wav, bytes: zeros(257 * 2 ** 20), isDeflated: true }, json])],
  [
    'a bomb that hides its size',
    () => {
      const packed = deflateRawSync(zeros(64 * 2 ** 20));
      return writeZip([
        { ...wav, bytes: packed, method: 8, local: { size: 10 }, central: { size: 10 } },
        json,
      ]);
    },
  ],
  [
    'a recording over 2 GiB by zip64',
    () => writeZip([{ ...wav, central: { size: 0xffffffff }, extra: zip64(2n ** 31n + 1n) }, json]),
  ],
  [
    'a size beyond all numbers by zip64',
    () => writeZip([{ ...wav, central: { size: 0xffffffff }, extra: zip64(2n ** 63n) }, json]),
  ],
  [
    'a place beyond the archive by zip64',
    () => writeZip([{ ...wav, central: { offset: 0xffffffff }, extra: zip64(2n ** 40n) }, json]),
  ],
  [
    'a zip64 field without its number',
    () => writeZip([{ ...wav, central: { size: 0xffffffff }, extra: zip64() }, json]),
  ],
  [
    'more entries than it says',
    () => writeZip([wav, json, txt, { ...wav, name: `${STEM}.mp3` }], { count: 70 }),
  ],
  ['a directory that is elsewhere', () => writeZip([wav, json], { directoryOffset: 3 })],
  ['a directory beyond the end', () => writeZip([wav, json], { directoryOffset: 2 ** 31 })],
  ['bytes before the first entry', () => writeZip([wav, json], { before: Buffer.from('#!/bin/sh\n') })],
  ['bytes after the end', () => writeZip([wav, json], { after: Buffer.from('more') })],
  ['a truncated archive', () => writeZip([wav, json]).subarray(0, -30)],
  ['an archive cut in its bytes', () => writeZip([wav, json]).subarray(0, 200)],
  ['the end of an archive', () => writeZip([wav, json]).subarray(400)],
  ['no archive', () => Buffer.from('this is no archive at all, but text'.repeat(10))],
  ['nothing', () => Buffer.alloc(0)],
];

describe('case 103: an archive that could do harm is refused, and nothing is written outside of the folder', () => {
  test.each(HOSTILE)('%s', async (_title, make) => {
    await expect(openBytes(make())).rejects.toBeInstanceOf(BundleError);
    expect((await readdir(folder)).toSorted()).toEqual(
      ['bundle.zip', out.slice(folder.length + 1)].toSorted(),
    );
    for (const name of await readdir(out)) expect(name).toMatch(/^member\.[a-z0-9]+$/);
  });
});

const GOOD: [string, readonly ZipEntry[], ZipShape?][] = [
  ['three members', [txt, wav, json]],
  ['a recording and its metadata', [wav, json]],
  ['metadata alone', [json]],
  ['a recording alone', [wav]],
  ['extensions in capitals', [{ ...wav, name: `${STEM}.WAV` }, json]],
  ['a comment', [wav, json], { comment: 'made by an exporter' }],
  ['an empty transcript', [wav, json, { ...txt, bytes: Buffer.alloc(0) }]],
  ['no mode, as from Windows', [{ ...wav, mode: 0 }, json]],
  ['200 MiB of silence, deflated', [{ ...wav, bytes: zeros(200 * 2 ** 20), isDeflated: true }, json]],
];

test.each(GOOD)('an archive with %s is read', async (_title, entries, shape) => {
  const { members } = await openBytes(writeZip(entries, shape));
  expect(members.map(({ ext }) => ext)).toEqual(
    entries.map(({ name }) => name.split('.').at(-1)!.toLowerCase()),
  );
  for (const [n, { path, sizeBytes }] of members.entries()) {
    const bytes = Buffer.from(entries[n]!.bytes ?? []);
    expect(sizeBytes).toBe(bytes.length);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  }
});
