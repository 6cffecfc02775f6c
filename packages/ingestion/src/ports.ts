import type { Readable } from 'node:stream';
import type { DiskSpace, ReadLane } from '@callbay/core';

/**
 * A file that is sent to its store while it is still being written. `put` of its blob id completes it. It only spares time:
 * what could not be sent ahead is sent by `put`.
 */
export interface AheadUpload {
  /** All bytes before `sizeBytes` are in the file, and no write before it is on its way. */
  reach(sizeBytes: number): void;
  /** Bytes from `start` to `end`, exclusive, are about to change: the file is not written in order. */
  touch(start: number, end: number): void;
  /** Nothing will be put. Does nothing after a `put` that resolved. Where it rejects, a sweep of the store ends it later. */
  abandon(): Promise<void>;
}

/**
 * Where bytes rest, by tenant. A key is `<tenantId>/<blobId>`; bytes are never shared between tenants. Every method throws a
 * retryable UNAVAILABLE where the store itself does not answer or is not in place: only a store that answers can tell
 * that bytes are missing.
 */
export interface BlobStore {
  /** Rejects where the store is not in place. */
  checkStore(): Promise<void>;
  /**
   * Takes over a complete local file that nobody writes any more: when it resolves the bytes are durable (file and
   * folder synced) and `path` is gone. When it rejects the file is at `path` as before. Idempotent. `fd`, where it is
   * given, is open on the file: it spares opening it anew, and stays the caller's to close.
   */
  put(tenantId: string, blobId: string, path: string, fd?: number): Promise<string>;
  /**
   * Only of a store behind a network, whose `put` takes as long as the bytes take to be sent: begins to send the file at
   * `path`, which is still being written and stays at `path` until it is put or abandoned.
   */
  startAhead?(tenantId: string, blobId: string, path: string): Promise<AheadUpload>;
  /** A new blob with the same bytes. */
  copy(tenantId: string, fromKey: string, blobId: string): Promise<string>;
  /** Bytes from `start` to `end` inclusive. Throws CallbayError BLOB_MISSING where there are none. */
  read(tenantId: string, key: string, range?: { start: number; end: number }): Promise<Readable>;
  size(tenantId: string, key: string): Promise<number | null>;
  /**
   * A local path to read the bytes from while the handle is open: the blob itself on disk, a temporary copy elsewhere.
   */
  openLocal(tenantId: string, key: string): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }>;
  /** Removing what is not there is fine. */
  remove(tenantId: string, key: string): Promise<void>;
  /**
   * All keys with the time of their arrival, one tenant after another, for the sweep of orphans. With `since`, keys whose
   * time-ordered ids are older, or hold no time, may be left out.
   */
  list(options?: {
    readonly since?: Date;
  }): AsyncIterable<{ tenantId: string; key: string; modifiedAt: Date }>;
  /** The clock that the times of `list` go by, which need not be this host's. */
  readClock(): Promise<Date>;
  /** The room on the disk that bytes rest on, or pass through on their way; null for none. */
  readSpace(): Promise<DiskSpace | null>;
}

/** Enqueues jobs. The queue may lose any of them: sweeps make them again. */
export interface JobQueue {
  /**
   * Has what waits in one of a tenant's lanes read, at once or after `afterMs`. Calls that follow each other closely are one
   * alarm: the first of them goes at once, and one goes after the last of them.
   */
  wakeReaders(tenantId: string, lane: ReadLane, afterMs?: number): Promise<void>;
  /** The same for many, of any tenants, in one question to the queue. */
  wakeManyReaders(waiting: readonly { tenantId: string; lane: ReadLane }[]): Promise<void>;
}

/** Who asked for a change, as the audit names them. */
export interface Actor {
  readonly name: string;
  readonly remoteAddress: string | null;
}

/** One page of a list: at most `limit` items after `cursor`. */
export interface Page<Position> {
  readonly limit: number;
  readonly cursor?: Position | undefined;
}

/** The tenants that may be seen: null for all. */
export type Scope = readonly string[] | null;

/** Metrics of the use cases, independent of any metrics library. */
export interface PipelineMetrics {
  surfaced(tenantId: string, surfacingSeconds: readonly number[]): void;
  updated(tenantId: string, count: number): void;
}

/** The log of the use cases: the part of pino's interface that they use. */
export interface PipelineLog {
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}
