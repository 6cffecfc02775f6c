import { randomUUID } from 'node:crypto';
import { opendir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderStore, ReceiptsOfFile } from '@callbay/ingestion';
import { look } from './entry-stats.ts';
import type { FolderPlaces } from './places.ts';

const PAGE = 200;
const MAX_PAGES = 10;
const MAX_NAME_BYTES = 255;
/** Source: the receipts of the SFTP drop, which are kept as long. */
const KEPT_MS = 30 * 86_400_000;

/** Readers see the receipt before or the whole new one. */
async function writeWhole(places: FolderPlaces, name: string, bytes: Buffer): Promise<void> {
  const staged = join(places.staging, randomUUID());
  await writeFile(staged, bytes);
  await rename(staged, join(places.receipts, name));
}

async function writeReceipts(places: FolderPlaces, { fileId, receipts }: ReceiptsOfFile): Promise<void> {
  for (const { name, bytes } of receipts) {
    const fits = Buffer.byteLength(name) <= MAX_NAME_BYTES;
    await writeWhole(places, fits ? name : `${fileId}.json`, bytes);
  }
}

/** Writes the receipts of files with a new outcome; true where more are due. Again it writes the same. */
export async function writeDueReceipts(
  store: Pick<FolderStore, 'listReceiptsDue' | 'recordReceipts'>,
  places: FolderPlaces,
  tenantId: string,
): Promise<boolean> {
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const due = await store.listReceiptsDue(tenantId, PAGE);
    for (const file of due) await writeReceipts(places, file);
    if (due.length > 0) await store.recordReceipts(tenantId, due);
    if (due.length < PAGE) return false;
  }
  return true;
}

/** Removes receipts that nobody has had reason to write for 30 days. */
export async function removeOldReceipts(places: FolderPlaces, nowMs: number): Promise<void> {
  for await (const { name } of await opendir(places.receipts)) {
    const path = join(places.receipts, name);
    const stats = await look(path);
    if (stats?.isFile() === true && Number(stats.mtimeMs) < nowMs - KEPT_MS) await rm(path, { force: true });
  }
}
