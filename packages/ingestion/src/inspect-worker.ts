/**
 * Runs in a pool process that may die: the only place where untrusted bytes are parsed. It has no database URL, no
 * secret, and a heap limit; it answers plain values.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { inspectMedia, type MediaInspection } from '@callbay/media';
import { METADATA_LIMITS, type MetadataFormat, type ParsedMetadata, parseMetadata } from '@callbay/metadata';
import { endWithParent } from './end-with-parent.ts';

export interface InspectTask {
  readonly path: string;
  readonly ext: string;
  readonly sizeBytes: number;
  /** Null: only the digest is wanted. */
  readonly read:
    | { readonly as: 'media' }
    | { readonly as: 'metadata'; readonly format: MetadataFormat }
    | null;
}

export interface Inspection {
  readonly sha256: string;
  readonly media: MediaInspection | null;
  readonly metadata: ParsedMetadata | null;
}

export async function inspect(task: InspectTask): Promise<Inspection> {
  return {
    sha256: await sha256Of(task.path),
    media: task.read?.as === 'media' ? await inspectMedia(task) : null,
    metadata:
      task.read?.as === 'metadata' ? parseMetadata({ ...task.read, bytes: await readHead(task.path) }) : null,
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}

/** One byte over the limit is enough for the parser to refuse the rest unread. */
async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, METADATA_LIMITS.bytes + 1));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
}

endWithParent();
