import type { MetadataFormat } from '../src/index.ts';

const JSON_BYTES = 8 * 1024 * 1024;
const YAML_BYTES = 2 * 1024 * 1024;

export interface HostileFile {
  readonly why: string;
  readonly format: MetadataFormat;
  /** Made when it is needed: all of them together would not fit. */
  readonly text: () => string;
}

/** A file filled with one unit up to the byte limit of its format. */
const filled = (format: MetadataFormat, before: string, unit: string, after = ''): HostileFile => ({
  why: `${format} filled with ${JSON.stringify(before)} ${JSON.stringify(unit)} ${JSON.stringify(after)}`,
  format,
  text: () => {
    const room = (format === 'yaml' ? YAML_BYTES : JSON_BYTES) - before.length - after.length;
    return before + unit.repeat(Math.floor(room / Buffer.byteLength(unit))) + after;
  },
});

const made = (why: string, format: MetadataFormat, text: () => string): HostileFile => ({
  why,
  format,
  text,
});

const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('');

const aliasBomb = (leaf: string): string =>
  `a0: &a0 ${leaf}\n${times(9, (i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(',')}]\n`)}`;

const entityBomb = (): string =>
  `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "lol">${times(9, (i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`)}]><a><b>&e9;</b></a>`;

/** Files that were made to take a parser's time, its memory or its life. None of them may have a record. */
export const HOSTILE_FILES: readonly HostileFile[] = [
  made('an entity bomb', 'xml', entityBomb),
  made(
    'a quadratic entity',
    'xml',
    () => `<!DOCTYPE a [<!ENTITY x "${'y'.repeat(50_000)}">]><a><b>${'&x;'.repeat(50_000)}</b></a>`,
  ),
  made('100,000 attributes', 'xml', () => `<a ${times(100_000, (i) => `b${i}="c" `)}/>`),
  made('100,000 nested elements', 'xml', () => '<a>'.repeat(100_000) + '</a>'.repeat(100_000)),
  made('100,000 elements', 'xml', () => `<a>${'<b>1</b>'.repeat(100_000)}</a>`),
  made('100,000 CDATA sections', 'xml', () => `<a><b>${'<![CDATA[]]>'.repeat(100_000)}</b></a>`),
  made('an alias bomb', 'yaml', () => aliasBomb('[x,x,x,x,x,x,x,x,x,x]')),
  made('an alias bomb of refused keys', 'yaml', () => aliasBomb('{__proto__: 1}')),
  made('an alias bomb of nothing', 'yaml', () => aliasBomb('[[],[],[]]')),
  made('1,000 aliases', 'yaml', () => `a: &a 1\nb: [${'*a,'.repeat(1_000)}]\n`),
  made('20 KB of open brackets', 'yaml', () => '['.repeat(20_000)),
  made('20 KB of open braces', 'yaml', () => '{'.repeat(20_000)),
  made('20 KB of open brackets below a key', 'yaml', () => `a: 1\nb: ${'['.repeat(20_000)}`),
  made('100,000 nested arrays', 'yaml', () => '['.repeat(100_000) + ']'.repeat(100_000)),
  made('100,000 nested dashes', 'yaml', () => `${'- '.repeat(100_000)}a\nb`),
  made('nested explicit keys', 'yaml', () => '? '.repeat(100_000)),
  made('nested empty keys', 'yaml', () => `${': '.repeat(100_000)}a`),
  made('a staircase', 'yaml', () => times(1_000, (i) => `${' '.repeat(i)}a:\n`)),
  made('a staircase with comments at its foot', 'yaml', () =>
    times(1_000, (i) => `# c\n${' '.repeat(i)}a:\n`),
  ),
  made('20,000 keys', 'yaml', () => times(20_000, (i) => `k${i}: 1\n`)),
  made('100,000 nested arrays', 'json', () => '['.repeat(100_000) + ']'.repeat(100_000)),
  made('100,000 nested objects', 'json', () => '{"a":'.repeat(100_000)),
  made('100,000 keys', 'json', () => `{${times(100_000, (i) => `"k${i}":1,`)}"z":1}`),
  made('100,000 equal keys', 'json', () => `{${'"a":1,'.repeat(100_000)}"a":1}`),
  made(
    '64 long keys, one inside the other',
    'json',
    () => `${`{"${'k'.repeat(60_000)}":`.repeat(64)}1${'}'.repeat(64)}`,
  ),
  filled('json', '{', ' ', '"a":}'),
  filled('json', '{"a":"', '\\n', '"}'),
  filled('json', '{"', '\u200b', '":1}'),
  filled('json', '[', '[],', '1]'),
  filled('json', '[', '{"a":1},', '1]'),
  filled('json', '', '"'),
  filled('xml', '<a><b>', '\r', '</b></a>'),
  filled('xml', '<a><b>', '&amp;', '</b></a>'),
  filled('xml', '<a ', ' ', '/>'),
  filled('xml', '<a b="', '\n', '"/>'),
  filled('xml', '<a><b>', '<!---->', '</b></a>'),
  filled('xml', '', '<'),
  filled('xml', '<a><b><![CDATA[', ']', ']]></b></a>'),
  filled('yaml', 'a: "', '\n', '"'),
  filled('yaml', 'a: "', '\\"', '"'),
  filled('yaml', '', '[a, '),
  filled('yaml', '', '- '),
  filled('yaml', 'a:', '\n ', 'b'),
  filled('yaml', '', '&a '),
  filled('yaml', '', '---\n'),
  filled('yaml', 'a: [', '"x",', ']'),
  filled('csv', '', '"'),
  filled('csv', 'a,b\n"', '" ', ''),
  filled('csv', 'a,b\n', '1\n'),
  filled('csv', '', ','),
  filled('csv', '', 'a,'),
  filled('csv', 'a,b\n', '\r\n'),
];
