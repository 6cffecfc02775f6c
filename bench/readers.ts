// The readers of metadata beside the libraries that people would take: the same bytes on one core, turn by turn, by CPU
// time. JSON.parse, saxes and papaparse give less than a record with places and checked limits, so that their ratios are
// aims and not equals.
import { type MetadataFormat, parseMetadata } from '@callbay/metadata';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import Papa from 'papaparse';
import { SaxesParser } from 'saxes';
import { parse as parseYaml } from 'yaml';
import { type BenchResult, comparePairs } from './result.ts';

const ROUNDS = 9;
/** CPU seconds that one side of one round takes at least: the clock of the process ticks in milliseconds. */
const AT_LEAST_SECONDS = 0.25;
const FIELDS = 40;
const CSV_ROWS = 2_000;
const CSV_COLUMNS = 12;

const textOf = (n: number): string =>
  [`00${n}`, `Zoë ${n}`, `2026-11-${10 + (n % 20)}T10:00:00Z`, `user${n}@acme.test`, `+1212555${1_000 + n}`][
    n % 5
  ]!;

const fields = Object.fromEntries(Array.from({ length: FIELDS }, (_, n) => [`field_${n}`, textOf(n)]));

const json = JSON.stringify(fields);
const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<call>\n${Object.entries(fields)
  .map(([key, text]) => `  <${key}>${text}</${key}>\n`)
  .join('')}</call>\n`;
const yaml = Object.entries(fields)
  .map(([key, text]) => `${key}: ${JSON.stringify(text)}\n`)
  .join('');
const csv = [
  Object.keys(fields).slice(0, CSV_COLUMNS).join(','),
  ...Array.from({ length: CSV_ROWS }, (_, row) =>
    Array.from({ length: CSV_COLUMNS }, (__, column) => textOf(row + column)).join(','),
  ),
].join('\r\n');
const quoted = csv.replace(/[^,\r\n]+/g, '"$&"');

const xmlParser = new XMLParser({ ignoreAttributes: false, parseTagValue: false });

function saxesEvents(text: string): number {
  let count = 0;
  const parser = new SaxesParser({ position: true });
  parser.on('opentag', () => {
    count += 1;
  });
  parser.on('text', () => {
    count += 1;
  });
  parser.write(text).close();
  return count;
}

interface Pair {
  readonly name: string;
  readonly format: MetadataFormat;
  readonly text: string;
  readonly peer: (text: string) => unknown;
}

const PAIRS: readonly Pair[] = [
  { name: 'readers-json', format: 'json', text: json, peer: (text) => JSON.parse(text) },
  {
    name: 'readers-yaml',
    format: 'yaml',
    text: yaml,
    peer: (text) => parseYaml(text, { schema: 'failsafe' }),
  },
  { name: 'readers-xml-saxes', format: 'xml', text: xml, peer: saxesEvents },
  {
    name: 'readers-xml',
    format: 'xml',
    text: xml,
    peer: (text) => XMLValidator.validate(text) === true && xmlParser.parse(text),
  },
  {
    name: 'readers-csv-quoted',
    format: 'csv',
    text: quoted,
    peer: (text) => Papa.parse(text, { header: true, skipEmptyLines: true }),
  },
  {
    name: 'readers',
    format: 'csv',
    text: csv,
    peer: (text) => Papa.parse(text, { header: true, skipEmptyLines: true }),
  },
];

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Megabytes in one second of CPU. */
function rateOf(bytes: Buffer, read: (bytes: Buffer) => unknown): number {
  const startedAt = cpuSeconds();
  let rounds = 0;
  for (;;) {
    for (let turn = 0; turn < 20; turn += 1) read(bytes);
    rounds += 20;
    const seconds = cpuSeconds() - startedAt;
    if (seconds >= AT_LEAST_SECONDS) return (rounds * bytes.length) / seconds / 1e6;
  }
}

export async function run(): Promise<BenchResult[]> {
  return PAIRS.map(({ name, format, text, peer }) => {
    const bytes = Buffer.from(text);
    const ours = (input: Buffer): unknown => parseMetadata({ bytes: input, format });
    const theirs = (input: Buffer): unknown => peer(input.toString('utf8'));
    if (parseMetadata({ bytes, format }).issues.length > 0) throw new Error(`${name} is not read`);
    rateOf(bytes, ours);
    rateOf(bytes, theirs);
    const pairs = Array.from({ length: ROUNDS }, () => [rateOf(bytes, ours), rateOf(bytes, theirs)] as const);
    return comparePairs(name, 'MB/s of CPU', pairs);
  });
}
