import type { MediaPrefix } from '@callbay/core';
import type { MediaInspection } from '@callbay/media';
import type { MetadataFormat, ParsedMetadata } from '@callbay/metadata';

export interface InspectTask {
  readonly path: string;
  readonly ext: string;
  /** Bytes that were received. A store that holds another number of them has lost the file. */
  readonly sizeBytes: number;
  /** Null: only the digest is wanted. */
  readonly read:
    | {
        readonly as: 'media';
        /** Sizes at which the digest of the file's beginning is wanted. */
        readonly prefixSizes: readonly number[];
      }
    | {
        readonly as: 'metadata';
        readonly format: MetadataFormat;
        readonly isList: boolean;
        /** Path to the list of records inside the document. */
        readonly records?: string | null;
        readonly encoding: string | null;
      }
    | null;
}

export interface Inspection {
  readonly sha256: string;
  readonly media: MediaInspection | null;
  /** Digests of a recording's beginning, at the sizes that were asked for. */
  readonly prefixes: readonly MediaPrefix[];
  /** With at most its first record: `rowCount` says how many there are. */
  readonly metadata: ParsedMetadata | null;
  /** Columns of a CSV, of any size; null for other files, and where it has no header that can be used. */
  readonly header: readonly string[] | null;
}

/**
 * Why a file was not inspected.
 * `died`, `late`: the process that read this file alone ended or ran out of time. `unreadable`: the reading threw.
 * `missing`: the store answers and does not give the bytes as they were received.
 * `store`: the store, or the machine, does not answer: an outage, which says nothing about the file.
 */
export interface InspectionFailure {
  readonly failed: 'died' | 'late' | 'unreadable' | 'missing' | 'store';
  readonly cause: Error;
}

export type InspectionResult = Inspection | InspectionFailure;

export const isFailure = (result: InspectionResult): result is InspectionFailure => 'failed' in result;
