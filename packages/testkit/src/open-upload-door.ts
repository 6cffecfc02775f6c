import { type BlobStore, ENDLESS_ROOM, type JobQueue, type UploadDoor } from '@callbay/ingestion';
import { createFileReceiver, type Database } from '@callbay/postgres';
import { createUploadDoor, type UploadDoorDeps } from '@callbay/sources';

/** The door over HTTP, as the api has it, on a spool of the test's. */
export function openUploadDoor(
  { db, blobs, queue, spoolDir }: { db: Database; blobs: BlobStore; queue: JobQueue; spoolDir: string },
  changes: Partial<UploadDoorDeps> = {},
): UploadDoor {
  return createUploadDoor(
    {
      receiver: createFileReceiver(db),
      blobs,
      room: ENDLESS_ROOM,
      queue,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      inBackground: () => {},
      ...changes,
    },
    { spoolDir },
  );
}
