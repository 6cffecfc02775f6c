import { MEDIA_EXTENSIONS } from '@callbay/core';
import type { Entry, ZipFile } from 'yauzl';
import { BundleError } from './bundle-error.ts';

export type MemberKind = 'media' | 'metadata' | 'transcript';

/** A member that may be read: its name is the bundle's, and its bytes are its own. */
export interface CheckedEntry {
  readonly entry: Entry;
  readonly kind: MemberKind;
  /** Lower case, without the dot. */
  readonly ext: string;
}

const MAX_ENTRIES = 3;
const MEGABYTE = 2 ** 20;
const MAX_BYTES: Readonly<Record<MemberKind, number>> = {
  media: 2 ** 31,
  metadata: 8 * MEGABYTE,
  transcript: 16 * MEGABYTE,
};
/** Silence packs to a thousandth: only what is large and packed so tightly is taken for a bomb. */
const BOMB_BYTES = 256 * MEGABYTE;
const BOMB_RATIO = 200;

const STORED = 0;
const DEFLATED = 8;
const UNIX_TYPE = 0o170000;
const UNIX_REGULAR = 0o100000;
const DOS_DIRECTORY = 0x10;
const IS_ENCRYPTED = 0x1 | 0x40 | 0x2000;
const HAS_DESCRIPTOR = 0x8;

const refuse = (message: string): never => {
  throw new BundleError(message);
};

/**
 * The members of an archive, or a BundleError: at most one recording, one `.json` and one `.txt`, each named as the
 * bundle, none of them a folder, a link, encrypted, packed in a way of its own, or sharing bytes with another. Source: K2, case 103.
 */
export async function checkEntries(zip: ZipFile, stem: string): Promise<CheckedEntry[]> {
  if (zip.entryCount > MAX_ENTRIES)
    refuse(`The archive has ${zip.entryCount} entries: a bundle has at most ${MAX_ENTRIES}.`);
  const checked: CheckedEntry[] = [];
  for await (const entry of zip.eachEntry()) {
    const nth = checked.length + 1;
    if (nth > MAX_ENTRIES) refuse(`The archive has more entries than it says.`);
    checked.push(checkEntry(entry, nth, stem));
  }
  const kinds = new Set(checked.map(({ kind }) => kind));
  if (kinds.size < checked.length) refuse('The archive has two members of one kind.');
  if (!kinds.has('media') && !kinds.has('metadata'))
    refuse('The archive has neither a recording nor metadata.');
  await checkPlaces(zip, checked);
  return checked;
}

function checkEntry(entry: Entry, nth: number, stem: string): CheckedEntry {
  const where = `Entry ${nth}`;
  const name = entry.fileName.normalize('NFC');
  const dot = name.lastIndexOf('.');
  const ext = name.slice(dot + 1).toLowerCase();
  if (dot < 0 || name.slice(0, dot) !== stem)
    refuse(`${where} does not have the name of the bundle before its extension.`);
  const kind = kindOf(ext) ?? refuse(`${where} is of a type that a bundle does not hold.`);
  const mode = (entry.externalFileAttributes >>> 16) & UNIX_TYPE;
  if (mode !== 0 && mode !== UNIX_REGULAR) refuse(`${where} is a link, a folder or a device.`);
  if ((entry.externalFileAttributes & DOS_DIRECTORY) !== 0) refuse(`${where} is a folder.`);
  if ((entry.generalPurposeBitFlag & IS_ENCRYPTED) !== 0) refuse(`${where} is encrypted.`);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
    refuse(`${where} is packed by a method other than store and deflate.`);
  const { uncompressedSize: size, compressedSize: packed } = entry;
  if (!Number.isSafeInteger(size) || size > MAX_BYTES[kind])
    refuse(`${where} is over ${MAX_BYTES[kind]} bytes.`);
  if (size > BOMB_BYTES && size > packed * BOMB_RATIO)
    refuse(`${where} unpacks to over ${BOMB_RATIO} times its size.`);
  return { entry, kind, ext };
}

function kindOf(ext: string): MemberKind | null {
  if (ext === 'json') return 'metadata';
  if (ext === 'txt') return 'transcript';
  return MEDIA_EXTENSIONS.has(ext) ? 'media' : null;
}

/** What the header beside the bytes says must be what the directory says, and no byte may belong to two members. */
async function checkPlaces(zip: ZipFile, checked: readonly CheckedEntry[]): Promise<void> {
  const places: { readonly start: number; readonly end: number }[] = [];
  for (const [n, { entry }] of checked.entries()) {
    const where = `Entry ${n + 1}`;
    const local = await zip.readLocalFileHeaderPromise(entry);
    if (!local.fileName.equals(entry.fileNameRaw)) refuse(`${where} has two names.`);
    if (local.compressionMethod !== entry.compressionMethod) refuse(`${where} is packed in two ways.`);
    if ((local.generalPurposeBitFlag & IS_ENCRYPTED) !== 0) refuse(`${where} is encrypted.`);
    const isToldLater = (local.generalPurposeBitFlag & HAS_DESCRIPTOR) !== 0;
    const differs = (said: number, true_: number): boolean =>
      said !== true_ && said !== 0xffffffff && !(isToldLater && said === 0);
    if (
      differs(local.uncompressedSize, entry.uncompressedSize) ||
      differs(local.compressedSize, entry.compressedSize)
    )
      refuse(`${where} has two sizes.`);
    if (differs(local.crc32, entry.crc32)) refuse(`${where} has two checksums.`);
    places.push({
      start: entry.relativeOffsetOfLocalHeader,
      end: local.fileDataStart + entry.compressedSize,
    });
  }
  places.sort((a, b) => a.start - b.start);
  if (places[0] !== undefined && places[0].start !== 0) refuse('The archive begins with bytes of no entry.');
  for (const [n, place] of places.entries()) {
    const before = places[n - 1];
    if (before !== undefined && place.start < before.end) refuse('Two entries share bytes.');
  }
}
