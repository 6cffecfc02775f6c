import { issue } from '@callbay/core';
import { readCsv } from './csv/read-csv.ts';
import { readJson } from './json/read-json.ts';
import { METADATA_LIMITS, type MetadataLimits } from './limits.ts';
import type { MetadataFormat, MetadataInput, ParsedMetadata } from './parsed-metadata.ts';
import type { Reading } from './reading.ts';
import { decodeText } from './text/decode.ts';
import { createLocator } from './text/locator.ts';
import { readRecords } from './tree/read-records.ts';
import { findRecordList, recordsAt } from './tree/record-list.ts';
import type { TreeReading } from './tree/source-node.ts';
import { normalizeLineEnds } from './xml/normalize-line-ends.ts';
import { readXml } from './xml/read-xml.ts';
import { readYaml } from './yaml/read-yaml.ts';

/**
 * The records of one metadata file, every value the very string of the source, and what is wrong with it.
 * Bad input never throws: it is METADATA_INVALID, DUPLICATE_HEADER or ROW_TOO_LARGE among the issues. Nothing past the
 * byte limit is decoded or read. Source: C12, C13, case 66 to 75, case 78.
 */
export function parseMetadata({
  bytes,
  format,
  isList = false,
  records: path = null,
  encoding: setEncoding = null,
  limits: given,
}: MetadataInput): ParsedMetadata {
  const limits: MetadataLimits = { ...METADATA_LIMITS, ...given };
  const maxBytes = format === 'yaml' ? Math.min(limits.bytes, limits.yamlBytes) : limits.bytes;
  if (bytes.length > maxBytes) {
    const code =
      format === 'csv' && !hasLineEnd(bytes, limits.rowLength) ? 'ROW_TOO_LARGE' : 'METADATA_INVALID';
    return refuse(
      format,
      'unknown',
      code,
      `The file has ${bytes.length} bytes, the limit is ${maxBytes}.`,
      null,
    );
  }
  const decoded = decodeText(bytes, { format, encoding: setEncoding });
  if (!decoded.ok) return refuse(format, decoded.encoding, 'METADATA_INVALID', decoded.message, decoded.at);
  const { text, encoding, doubt } = decoded;
  if (text.trim() === '') return refuse(format, encoding, 'METADATA_INVALID', 'The file is empty.', null);
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    const at = createLocator(text).place(nul);
    return refuse(format, encoding, 'METADATA_INVALID', FOUND_NUL, at);
  }
  const { issues, warnings, ...reading } = read(format, text, encoding, { isList, path }, limits);
  const assumed = doubt === null ? [] : [issue('ENCODING_ASSUMED', doubt)];
  return {
    format,
    encoding,
    ...reading,
    issues: issues.close(),
    warnings: [...assumed, ...warnings.close()],
  };
}

function read(
  format: MetadataFormat,
  text: string,
  encoding: string,
  { isList, path }: { readonly isList: boolean; readonly path: string | null },
  limits: MetadataLimits,
): Reading & { readonly listPath: string | null } {
  switch (format) {
    case 'json':
      return readTree(text, readJson(text, limits, isList), path, limits);
    case 'yaml':
      return readTree(text, readYaml(text, limits), path, limits);
    case 'xml': {
      const normalized = normalizeLineEnds(text);
      const tree = readXml(normalized, limits);
      return readTree(normalized, isList && path === null ? itemsOfRoot(tree) : tree, path, limits);
    }
    case 'csv':
      return { ...readCsv(text, encoding, limits), listPath: null };
    default:
      return format satisfies never;
  }
}

function readTree(text: string, tree: TreeReading, path: string | null, limits: MetadataLimits) {
  const listPath = path === null ? findRecordList(tree) : null;
  return { ...readRecords(text, recordsAt(tree, path), limits), listPath };
}

/** `<calls><call>…</call><call>…</call></calls>`: the list of the calls, where the root holds nothing else. */
function itemsOfRoot(tree: TreeReading): TreeReading {
  if (!tree.ok || tree.root.kind !== 'map') return tree;
  const [only, ...others] = tree.root.entries;
  if (only === undefined || others.length > 0 || only.value.kind === 'text') return tree;
  return { ok: true, root: only.value };
}

function refuse(
  format: MetadataFormat,
  encoding: string,
  code: string,
  message: string,
  at: string | null,
): ParsedMetadata {
  return {
    format,
    encoding,
    delimiter: null,
    header: null,
    records: [],
    issues: [issue(code, message, at)],
    warnings: [],
    rowCount: 0,
    readableCount: 0,
    strayCount: 0,
    listPath: null,
  };
}

const FOUND_NUL =
  'Expected text, found a NUL character: if the file is UTF-16, set the option `encoding` of the field mapping to `utf-16le` or `utf-16be`.';

/** Whether a row may end within the first bytes, in any encoding that we read. */
function hasLineEnd(bytes: Uint8Array, within: number): boolean {
  const head = bytes.subarray(0, within);
  return head.includes(0x0a) || head.includes(0x0d);
}
