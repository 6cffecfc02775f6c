import type { Policy, RecordToRead } from '@callbay/core';

export interface PolicyReader {
  /** The tenant's newest policy; null without such a tenant. */
  findPolicy(tenantId: string): Promise<Policy | null>;
}

/** A record that really came, as it was kept. */
export interface KeptRecord extends RecordToRead {
  readonly fileId: string;
  readonly name: string;
  /** Of the surfaced call that this record is in force for. */
  readonly callId: number | null;
}

export interface KeptRecordReader {
  /**
   * Records of the last metadata files, newest first, in pages of few: at most `files` files and `records` records.
   * One too large to be tried along comes as null.
   */
  readLast(
    tenantId: string,
    limits: { readonly files: number; readonly records: number },
  ): AsyncIterable<readonly (KeptRecord | null)[]>;
}
