import type { Issue, RawRecord } from '@callbay/core';
import type { MetadataLimits } from './limits.ts';

export type MetadataFormat = 'json' | 'xml' | 'csv' | 'yaml';

export interface MetadataInput {
  readonly bytes: Uint8Array;
  readonly format: MetadataFormat;
  /** Lists are taken: an XML root's only kind of child is a record each, and so is every line of JSON. */
  readonly isList?: boolean;
  /** Path to the list of records inside the document, such as `calls`; null or absent: the document is the record, or the list. */
  readonly records?: string | null;
  /** The encoding that somebody set, by any name that iconv-lite knows; null or absent: nobody did. */
  readonly encoding?: string | null;
  /** Limits that differ from METADATA_LIMITS. */
  readonly limits?: Partial<MetadataLimits>;
}

/** A metadata file as read. Plain values only, so that it crosses a process boundary unchanged. */
export interface ParsedMetadata {
  readonly format: MetadataFormat;
  /** The encoding that the text was read in; `unknown` where the bytes were refused undecoded. */
  readonly encoding: string;
  /** The CSV delimiter as detected; null for the other formats. */
  readonly delimiter: string | null;
  /** The CSV column names, trimmed, in file order; null for the other formats. */
  readonly header: readonly string[] | null;
  /** Only a CSV may have both records and issues: its issues then name rows that are not among the records. */
  readonly records: readonly RawRecord[];
  /** METADATA_INVALID, DUPLICATE_HEADER, ROW_TOO_LARGE. */
  readonly issues: readonly Issue[];
  /** KEY_TRIMMED, ENCODING_ASSUMED. */
  readonly warnings: readonly Issue[];
  /** Records that the file holds, readable or not; blank CSV lines do not count. */
  readonly rowCount: number;
  /** How many of them can be read, kept or not. */
  readonly readableCount: number;
  /** Where a document holds a list of records that was not asked for; null where it holds none. */
  readonly listPath: string | null;
  /** How many are hardly rows of data: the header again, or the closing lines of a report. */
  readonly strayCount: number;
}
