/**
 * Runs in a pool process that may die: samples are untrusted bytes, and the API never parses them itself. It has no
 * database URL, no secret, and a heap limit; it answers plain values, bounded in number and length.
 */
import {
  type Issue,
  type RawRecord,
  readSample,
  type SampleReading,
  type SuggestionContext,
} from '@callbay/core';
import {
  formatOfExtension,
  type MetadataFormat,
  type ParsedMetadata,
  parseMetadata,
  readYamlValue,
  type YamlValue,
} from '@callbay/metadata';
import { serveTasks } from '../reading/serve-tasks.ts';
import { detectFormat } from './detect-format.ts';

export interface SampleTask {
  readonly bytes: Uint8Array;
  /** Its file name; null where nobody gave one. */
  readonly name: string | null;
  readonly suggestion: SuggestionContext;
  /** What the field mapping or the tenant's settings say; absent where neither does. */
  readonly encoding?: string | null;
  /** The most records to answer beside the reading. */
  readonly maxRecords: number;
}

/** A sample as read. Its records come back only where they were asked for. */
export interface ReadSample extends SampleReading {
  readonly format: MetadataFormat;
  readonly encoding: string;
  readonly delimiter: string | null;
  readonly rowCount: number;
  readonly records: readonly RawRecord[];
  /** Of the file itself: what could not be read. */
  readonly issues: readonly Issue[];
  readonly fileWarnings: readonly Issue[];
}

const MAX_SAMPLE_BYTES = 10 * 1024 * 1024;

function sample({ bytes, name, suggestion, maxRecords, encoding: set = null }: SampleTask): ReadSample {
  const format = formatOf(name) ?? detectFormat(bytes);
  const { parsed, path } = parse(bytes, format, set);
  const { encoding, delimiter, rowCount, header, records, issues, warnings } = parsed;
  const reading = readSample(records, header, suggestion);
  // A CSV of many rows is a batch by itself; a list is one where the mapping says so.
  const options =
    path !== null ? { records: path } : format !== 'csv' && rowCount > 1 ? { manyRecords: true } : {};
  return {
    format,
    encoding,
    delimiter,
    rowCount,
    issues,
    ...reading,
    suggestion: { ...reading.suggestion, options: { ...reading.suggestion.options, ...options } },
    records: records.slice(0, maxRecords),
    fileWarnings: warnings,
  };
}

/**
 * No mapping says yet whether a document is a list, or holds one: it is taken for one where an XML root or lines of JSON have several records,
 * or where a list of records stands inside the document.
 */
function parse(
  bytes: Uint8Array,
  format: MetadataFormat,
  encoding: string | null,
): { parsed: ParsedMetadata; path: string | null } {
  const limits = { bytes: MAX_SAMPLE_BYTES };
  const mayBeList = format === 'xml' || format === 'json';
  const list = mayBeList ? parseMetadata({ bytes, format, limits, encoding, isList: true }) : null;
  if (list !== null && list.rowCount > 1) return { parsed: list, path: null };
  const whole = parseMetadata({ bytes, format, limits, encoding });
  const path = whole.listPath;
  if (path === null) return { parsed: whole, path };
  return { parsed: parseMetadata({ bytes, format, limits, encoding, isList: true, records: path }), path };
}

function formatOf(name: string | null): MetadataFormat | null {
  const dot = name?.lastIndexOf('.') ?? -1;
  return dot === -1 ? null : formatOfExtension((name ?? '').slice(dot + 1));
}

/** A set-up file: written by people with keys of ours, and parsed here all the same. */
const yaml = ({ bytes }: { readonly bytes: Uint8Array }): YamlValue => readYamlValue(bytes);

const tasks = { sample, yaml };
export type SampleTasks = typeof tasks;
await serveTasks(tasks, async () => {});
