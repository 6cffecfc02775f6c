import { createHash, randomUUID } from 'node:crypto';
import { canonicalStem, decideCalls, stemNamedBy } from '@callbay/core';
import type { FileFacts } from '@callbay/ingestion';
import {
  createCallStore,
  createFileReceiver,
  createFileStore,
  createPolicyReader,
  createTombstones,
  type Database,
} from '@callbay/postgres';

const tombstones = createTombstones(new Uint8Array(32));

/** Receives, reads and judges a file as intake and pipeline do, with facts given in place of bytes; answers its id. */
export async function arrive(
  db: Database,
  tenantId: string,
  name: string,
  records: readonly Record<string, string>[] = [],
): Promise<string> {
  const { stem, ext } = canonicalStem(name);
  const fileId = randomUUID();
  await createFileReceiver(db).receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name,
    sizeBytes: 10,
    modifiedAt: new Date(),
    sentBy: 'tests',
    blobKey: `${tenantId}/${fileId}`,
  });
  await read(db, tenantId, fileId, name, stem, ext, records);
  return fileId;
}

/** Reads a file once more, after a replay. */
export async function read(
  db: Database,
  tenantId: string,
  fileId: string,
  name: string,
  stem: string,
  ext: string,
  records: readonly Record<string, string>[],
): Promise<void> {
  const policy = (await createPolicyReader(db).findPolicy(tenantId))!;
  const isRecording = ext === 'wav';
  const facts: FileFacts = {
    kind: isRecording ? 'recording' : 'sidecar',
    stem,
    sha256: createHash('sha256').update(name).update(JSON.stringify(records)).digest('hex'),
    media: isRecording
      ? { contentType: 'audio/wav', durationSeconds: 3, channels: 2, codec: 'pcm', isTruncated: false }
      : null,
    issues: [],
    warnings: [],
    records: records.map((fields, row) => {
      const raw = { fields, nestedPaths: [], at: `line ${row + 2}` };
      return { row, raw, namedStem: stemNamedBy(raw, policy), issues: [], warnings: [] };
    }),
  };
  const keys = await createFileStore(db).saveFacts(tenantId, fileId, facts);
  await createCallStore(db, tombstones).advance(tenantId, keys, decideCalls);
}

/** Decides every call that is due, as the sweep does. */
export async function sweep(db: Database): Promise<void> {
  const calls = createCallStore(db, tombstones);
  for (let due = await calls.findDue(500); due.length > 0; due = await calls.findDue(500)) {
    for (const { tenantId, callKeys } of due) await calls.advance(tenantId, callKeys, decideCalls);
  }
}
