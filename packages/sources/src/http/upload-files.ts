import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { UploadProgress } from '@callbay/ingestion';
import { component, ignoreAbsent, namesIn, PRIVATE_MODE } from '../sftp/spool.ts';

/** What was announced of a file with its first part. */
export interface AnnouncedFile {
  readonly name: string;
  readonly sizeBytes: number;
}

const ROOT = 'uploads';
const PRIVATE_FILE_MODE = 0o600;

export const uploadFolder = (spoolDir: string, tenantId: string, uploadId: string): string =>
  join(spoolDir, ROOT, component(tenantId), component(uploadId));
export const bytesPath = (folder: string): string => join(folder, 'bytes');
export const lockPath = (folder: string): string => `${folder}.lock`;
const announcedPath = (folder: string): string => join(folder, 'announced.json');

/** Makes the folder of an upload. What was announced is there whole or not at all. */
export async function beginUpload(folder: string, announced: AnnouncedFile): Promise<void> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_MODE });
  const path = announcedPath(folder);
  await using file = await open(`${path}.new`, 'w', PRIVATE_FILE_MODE);
  await file.writeFile(JSON.stringify(announced));
  await rename(`${path}.new`, path);
}

/** Null where nothing was begun. */
export async function readUpload(folder: string, uploadId: string): Promise<UploadProgress | null> {
  const text = await ignoreAbsent(readFile(announcedPath(folder), 'utf8'));
  if (text === null) return null;
  const { name, sizeBytes } = JSON.parse(text) as AnnouncedFile;
  const bytes = await ignoreAbsent(stat(bytesPath(folder)));
  return { uploadId, name, sizeBytes, receivedBytes: bytes?.size ?? 0 };
}

/** What writes the bytes of an upload from `start` on. What was there behind it is cut off. */
export async function writeBytes(folder: string, start: number): Promise<WriteStream> {
  const path = bytesPath(folder);
  if (start > 0) await truncate(path, start);
  return createWriteStream(path, { flags: start === 0 ? 'w' : 'r+', start, mode: PRIVATE_FILE_MODE });
}

/** Makes durable what arrived, before the sender is told not to send it again. */
export async function syncBytes(folder: string): Promise<void> {
  const file = await ignoreAbsent(open(bytesPath(folder), 'r+'));
  try {
    await file?.datasync();
  } finally {
    await file?.close();
  }
}

export async function removeUpload(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** The folder in which locks and uploads of a tenant rest. */
export const makeTenantFolder = (folder: string): Promise<string | undefined> =>
  mkdir(dirname(folder), { recursive: true, mode: PRIVATE_MODE });

/** Removes uploads that no request touched for `olderThanMs`, and answers how many. Source: C5, case 58. */
export async function sweepUploads(options: {
  readonly spoolDir: string;
  readonly olderThanMs: number;
  readonly nowMs: number;
}): Promise<number> {
  const root = join(options.spoolDir, ROOT);
  let removed = 0;
  for (const tenantId of await namesIn(root)) {
    for (const name of await namesIn(join(root, tenantId))) {
      const path = join(root, tenantId, name);
      const bytes = await ignoreAbsent(stat(bytesPath(path)));
      const found = bytes ?? (await ignoreAbsent(stat(path)));
      if (found === null || options.nowMs - found.ctimeMs < options.olderThanMs) continue;
      await rm(path, { recursive: true, force: true });
      if (!name.endsWith('.lock')) removed += 1;
    }
  }
  return removed;
}
