import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BundleName, joinSpoken } from '@callbay/core';
import type { UnreadFile } from '../classify/ports.ts';
import type { BlobStore, JobQueue } from '../ports.ts';
import { startRowReading } from '../reading/row-reader.ts';
import type { BundleEnd, BundleMember, BundleStore } from './ports.ts';
import type { BundleReadOptions, BundleReadReport } from './read-bundle.ts';

export interface ReadBundleDeps {
  readonly bundles: BundleStore;
  readonly blobs: BlobStore;
  readonly queue: JobQueue;
  /** A folder of ours that archives are unpacked into, best on the file system of the store. */
  readonly bundleFolder: string;
}

const HEAP_MB = 128;
const BASE_MS = 60_000;
/** A slow disk still unpacks this much in a second. */
const BYTES_PER_MS = 10 * 1024;
const LATER_MS = 1_000;

/** How long an archive may take: one of silence unpacks to a hundred times its size and more. */
export const bundleLimitMs = (sizeBytes: number): number =>
  BASE_MS + Math.ceil(Math.min(Math.max(sizeBytes * 200, sizeBytes), 2 ** 31 + sizeBytes) / BYTES_PER_MS);

export interface BundleToRead {
  readonly tenantId: string;
  readonly file: UnreadFile;
  readonly name: BundleName;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads an archive, a trigger or a list of a Kaia export, and answers the keys of calls to advance. Members of an archive become
 * files of their own, so that pairing, updates and purges are as for all files. Running it twice changes nothing. Throws where
 * the archive could not be read for a reason that is not its own. Source: K1, K2, cases 101 and 103.
 */
export async function readBundleFile(deps: ReadBundleDeps, turn: BundleToRead): Promise<readonly string[]> {
  const { bundles, queue } = deps;
  const { tenantId, file, name } = turn;
  if (name.role === 'list') return readList(deps, turn);
  const next = await bundles.judge(tenantId, file.fileId);
  switch (next.is) {
    case 'judged':
      if (next.wakesReaders) await queue.wakeReaders(tenantId, 'alone');
      return next.callKeys;
    case 'later':
      await bundles.postpone(tenantId, file.fileId, LATER_MS);
      await queue.wakeReaders(tenantId, 'alone', LATER_MS);
      return [];
    case 'open':
      return openArchive(deps, turn);
    default:
      return next satisfies never;
  }
}

async function openArchive(deps: ReadBundleDeps, turn: BundleToRead): Promise<readonly string[]> {
  const { bundles, queue, bundleFolder } = deps;
  const { tenantId, file } = turn;
  const folder = join(bundleFolder, file.fileId);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const report = await readInChild(deps, turn, { as: 'archive', stem: turn.name.stem, folder });
    const end = await storeMembers(deps, turn, report);
    const callKeys = await bundles.saveBundle(tenantId, file.fileId, end);
    if ('members' in end) await wakeForMembers(queue, tenantId);
    return callKeys;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const wakeForMembers = async (queue: JobQueue, tenantId: string): Promise<void> => {
  await queue.wakeReaders(tenantId, 'alone');
  await queue.wakeReaders(tenantId, 'group');
};

async function storeMembers(
  { blobs }: ReadBundleDeps,
  { tenantId, file, name }: BundleToRead,
  report: BundleReadReport,
): Promise<BundleEnd> {
  if (report.is !== 'opened')
    return { refusal: report.is === 'refused' ? report.message : 'The archive was read as a list.' };
  const members: BundleMember[] = [];
  for (const { kind, ext, sizeBytes, sha256, path } of report.members) {
    const fileId = memberId(file.fileId, ext);
    const blobKey = await blobs.put(tenantId, fileId, path);
    const { segments = [], warnings = [] } = report.transcript ?? {};
    const transcript =
      kind === 'transcript'
        ? { segments, warnings, spokenText: joinSpoken(segments.map(({ text }) => text)) }
        : null;
    members.push({ fileId, name: `${name.stem}.${ext}`, ext, sizeBytes, sha256, blobKey, transcript });
  }
  return { sha256: report.sha256, members };
}

async function readList(deps: ReadBundleDeps, turn: BundleToRead): Promise<readonly string[]> {
  const { tenantId, file } = turn;
  const report = await readInChild(deps, turn, { as: 'list' });
  if (report.is === 'list') await deps.bundles.judgeList(tenantId, file.fileId, report);
  else {
    const message = report.is === 'refused' ? report.message : 'The list was read as an archive.';
    await deps.bundles.refuseList(tenantId, file.fileId, message);
  }
  return [];
}

async function readInChild(
  { blobs }: ReadBundleDeps,
  { tenantId, file, signal }: BundleToRead,
  options: BundleReadOptions,
): Promise<BundleReadReport> {
  await using local = await blobs.openLocal(tenantId, file.blobKey);
  await using reading = startRowReading<BundleReadOptions, BundleReadReport>({
    module: new URL('./read-bundle.ts', import.meta.url),
    path: local.path,
    options,
    heapMb: HEAP_MB,
    timeLimitMs: bundleLimitMs(file.sizeBytes),
    ...(signal === undefined ? {} : { signal }),
  });
  reading.rows.resume();
  return await reading.report;
}

/** The same archive has the same members: to open it again changes nothing. A UUID of version 8. */
function memberId(bundleId: string, ext: string): string {
  const bytes = createHash('sha256').update(`${bundleId}/${ext}`).digest().subarray(0, 16);
  // The time of the archive's own id comes first, so that what came together rests together.
  Buffer.from(bundleId.replaceAll('-', '').slice(0, 12), 'hex').copy(bytes);
  bytes[6] = 0x80 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
