import type { MetadataFormat, MetadataLimits, ParsedMetadata } from '../src/index.ts';
import { parseMetadata } from '../src/index.ts';

/** Parses a string as the UTF-8 file it would be. */
export const parseText = (
  format: MetadataFormat,
  text: string,
  limits: Partial<MetadataLimits> = {},
): ParsedMetadata => parseMetadata({ bytes: Buffer.from(text, 'utf8'), format, limits });

export const fieldsOf = (parsed: ParsedMetadata): readonly Readonly<Record<string, string>>[] =>
  parsed.records.map((record) => record.fields);

export const codesOf = (parsed: ParsedMetadata): readonly string[] =>
  parsed.issues.map((issue) => issue.code);
