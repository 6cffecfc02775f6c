import type { Issue, RawRecord } from '@callbay/core';
import type { MetadataLimits } from './limits.ts';

export type MetadataFormat = 'json' | 'xml' | 'csv' | 'yaml';

export interface MetadataInput {
  readonly bytes: Uint8Array;
  readonly format: MetadataFormat;
  /** An XML document is a list: its root's only kind of child is a record each. */
  readonly isList?: boolean;
  /** Limits that differ from METADATA_LIMITS. */
  readonly limits?: Partial<MetadataLimits>;
}

/** A metadata file as read. Plain values only, so that it crosses a process boundary unchanged. */
export interface ParsedMetadata {
  readonly format: MetadataFormat;
  /**
   * `utf-8`, `utf-16le`, `utf-16be` or `windows-1252` as detected; `unknown` where the bytes were refused undecoded.
   */
  readonly encoding: string;
  /** The CSV delimiter as detected; null for the other formats. */
  readonly delimiter: string | null;
  /** The CSV column names, trimmed, in file order; null for the other formats. */
  readonly header: readonly string[] | null;
  /** Only a CSV may have both records and issues: its issues then name rows that are not among the records. */
  readonly records: readonly RawRecord[];
  /** METADATA_INVALID, DUPLICATE_HEADER, ROW_TOO_LARGE. */
  readonly issues: readonly Issue[];
  /** KEY_TRIMMED. */
  readonly warnings: readonly Issue[];
  /** Records that the file holds, readable or not; blank CSV lines do not count. */
  readonly rowCount: number;
}
