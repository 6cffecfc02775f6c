import { RECORD_LIMIT_BYTES } from '@callbay/core';

/** What one metadata file may cost at most. Source: case 75, case 78. */
export interface MetadataLimits {
  /** Bytes of the file. */
  readonly bytes: number;
  /** Levels of nesting: objects and arrays in JSON and YAML, elements in XML. */
  readonly depth: number;
  /** Fields of one record after flattening; columns of a CSV. */
  readonly fieldsPerRecord: number;
  /** Fields of all records together. */
  readonly fieldsPerFile: number;
  /** UTF-16 units of one field's flattened path. */
  readonly keyLength: number;
  /** UTF-8 bytes of one value. */
  readonly valueBytes: number;
  /** UTF-8 bytes of one record: the names and values of its fields together. */
  readonly recordBytes: number;
  /** UTF-16 units of one CSV row, line end excluded. */
  readonly rowLength: number;
  /** Records kept; a CSV's further rows are counted and not kept. */
  readonly records: number;
  /** Bytes of a YAML file, where they are fewer: its parser takes some 32 bytes for a character in double quotes. */
  readonly yamlBytes: number;
  /** Lexemes of a YAML file, each of which its parser makes objects of. */
  readonly yamlTokens: number;
  /** Aliases in a YAML file. */
  readonly yamlAliases: number;
  /** Issues kept, and warnings kept; one more then says how many there were. */
  readonly issues: number;
}

/**
 * Characters that may stand in a file for one byte of a value, as in `&quot;` or `\\u0022`: what a library would piece
 * together character by character is bounded by this before the library sees it.
 */
export const SOURCE_CHARACTERS_PER_BYTE = 6;

/** The limits of a sidecar, which hold unless a caller states its own. */
export const METADATA_LIMITS: MetadataLimits = Object.freeze({
  bytes: 8 * 1024 * 1024,
  depth: 64,
  fieldsPerRecord: 2_000,
  fieldsPerFile: 200_000,
  keyLength: 1_024,
  valueBytes: 64 * 1024,
  recordBytes: RECORD_LIMIT_BYTES,
  rowLength: 1024 * 1024,
  records: 10_000,
  yamlBytes: 2 * 1024 * 1024,
  yamlTokens: 100_000,
  yamlAliases: 100,
  issues: 100,
});
