/**
 * The store of bytes as a backup sees it. Paths are those of the store on disk, `<tenant>/<folder>/<id>`, wherever the bytes
 * rest: what was saved from a bucket can be restored to disk, and the other way round.
 */
export interface StoredBytes {
  /** Paths of all blobs, in no order. */
  list(): AsyncIterable<string>;
  /** Null where it is gone: a purge may have removed it since it was listed. Its bytes are read to their end. */
  open(path: string): Promise<StoredBlob | null>;
  /** Begins to take the blobs of a backup; what is there stays as it is until `swap`. */
  startRestore(options: { readonly isForced: boolean }): Promise<BytesRestore>;
}

export interface StoredBlob {
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** One restore. `discard` ends it in any case, and undoes what `finish` has not made final. */
export interface BytesRestore {
  /** Takes one blob, durably. The path was checked to lead nowhere else. */
  add(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Puts what was taken in place of what was there. */
  swap(): Promise<void>;
  /** The rows are committed: what was there before may go. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}
