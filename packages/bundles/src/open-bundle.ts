import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { openPromise, type ZipFile } from 'yauzl';
import { BundleError } from './bundle-error.ts';
import { type CheckedEntry, checkEntries, type MemberKind } from './check-entries.ts';

export interface OpenedMember {
  readonly kind: MemberKind;
  readonly ext: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** In the folder that was given. */
  readonly path: string;
}

export interface OpenedBundle {
  /** Of the archive itself. */
  readonly sha256: string;
  readonly members: readonly OpenedMember[];
}

/** Errors of the file system say nothing about the archive; all others of the reader are about its bytes. */
const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code);

/**
 * Unpacks a bundle into a folder that is empty, as streams, and answers its members. Throws a BundleError for an archive that
 * is refused, whatever was written until then; other errors are of the file system.
 */
export async function openBundle(path: string, stem: string, folder: string): Promise<OpenedBundle> {
  let zip: ZipFile | null = null;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true });
    const checked = await checkEntries(zip, stem);
    const members: OpenedMember[] = [];
    for (const each of checked) members.push(await unpack(zip, each, folder));
    return { sha256: await digestOf(path), members };
  } catch (error) {
    if (error instanceof BundleError || isOfSystem(error)) throw error;
    throw new BundleError('The archive is damaged or truncated.', { cause: error });
  } finally {
    zip?.close();
  }
}

async function unpack(
  zip: ZipFile,
  { entry, kind, ext }: CheckedEntry,
  folder: string,
): Promise<OpenedMember> {
  const path = join(folder, `member.${ext}`);
  const digest = createHash('sha256');
  let sizeBytes = 0;
  let checksum = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      checksum = crc32(chunk, checksum);
      digest.update(chunk);
      if (sizeBytes > entry.uncompressedSize) done(new BundleError('A member is longer than it says.'));
      else done(null, chunk);
    },
  });
  const bytes = await zip.openReadStreamPromise(entry);
  await pipeline(bytes, measure, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  if (sizeBytes !== entry.uncompressedSize) throw new BundleError('A member is shorter than it says.');
  if (checksum !== entry.crc32) throw new BundleError('The checksum of a member does not match its bytes.');
  return { kind, ext, sizeBytes, sha256: digest.digest('hex'), path };
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}
