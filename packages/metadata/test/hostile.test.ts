import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { METADATA_LIMITS, parseMetadata } from '../src/index.ts';
import { HOSTILE_FILES } from './hostile-files.ts';
import { codesOf, fieldsOf, parseText } from './parse-text.ts';
import { FORMATS, WRITERS } from './writers.ts';

/** Heap of a pool process. */
const POOL_MEGABYTES = 128;
/** Of CPU, whatever else the machine does: far above what any of them takes, far below what a bomb would. */
const REFUSED_WITHIN_MS = 5_000;

describe('hostile files', () => {
  test('case 75: are all refused, in one process with the memory of a pool process, which lives', () => {
    const child = fileURLToPath(new URL('./hostile-child.ts', import.meta.url));
    const heap = `--max-old-space-size=${POOL_MEGABYTES}`;
    const { status, stdout } = spawnSync(process.execPath, [heap, child], { encoding: 'utf8' });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(lines).toHaveLength(HOSTILE_FILES.length);
    for (const [index, [milliseconds, records, code]] of lines.entries()) {
      const { why } = HOSTILE_FILES[index] ?? {};
      expect([why, records, ['METADATA_INVALID', 'ROW_TOO_LARGE'].includes(code ?? '')]).toEqual([
        why,
        '0',
        true,
      ]);
      expect(Number(milliseconds), why).toBeLessThan(REFUSED_WITHIN_MS);
    }
    expect(status).toBe(0);
  }, 60_000);

  test('case 75: 20 KB of open brackets in YAML after other files leave the process alive', () => {
    for (const format of FORMATS) parseText(format, WRITERS[format]({ a: '1' }));
    expect(codesOf(parseText('yaml', '['.repeat(20_000)))).toEqual(['METADATA_INVALID']);
    expect(fieldsOf(parseText('yaml', 'a: 1\n'))).toEqual([{ a: '1' }]);
  });

  test.each(FORMATS)('case 75: a key __proto__ in %s is refused and changes no prototype', (format) => {
    const text = WRITERS[format](Object.fromEntries([['__proto__', 'x']]));
    expect(codesOf(parseText(format, text))).toEqual(['METADATA_INVALID']);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});

describe('whatever the bytes are', () => {
  test.each(FORMATS)('random bytes as %s never throw, and give records or issues', (format) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const parsed = parseMetadata({ bytes, format });
        expect(parsed.records.length + parsed.issues.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  const unit: Record<(typeof FORMATS)[number], readonly string[]> = {
    json: [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '"a":',
      '1',
      '-',
      '.',
      'e',
      'null',
      'true',
      ' ',
      '\n',
      '\\',
      '\\u0041',
      '“',
    ],
    xml: [
      '<a>',
      '</a>',
      '<b c="1">',
      '</b>',
      '<',
      '>',
      '/',
      '"',
      '=',
      '&amp;',
      '&',
      ';',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      'x',
      '\r\n',
    ],
    yaml: [
      'a',
      'b: ',
      ': ',
      '- ',
      '? ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '|',
      '>',
      '&a ',
      '*a',
      '!t ',
      '#',
      '---\n',
      '\t',
      '\\',
      '%YAML 1.1\n',
      '!!set ',
    ],
    csv: ['a', 'b', ',', ';', '\t', '|', '\n', '\r', '"', '""', ' ', 'sep=;\n'],
  };

  test.each(FORMATS)(
    'random syntax of %s never throws, and comes out of a structured clone the same',
    (format) => {
      const text = fc
        .array(fc.constantFrom(...unit[format]), { maxLength: 30 })
        .map((units) => units.join(''));
      fc.assert(
        fc.property(text, (input) => {
          const parsed = parseText(format, input);
          expect(parsed.records.length + parsed.issues.length).toBeGreaterThan(0);
          expect(structuredClone(parsed)).toEqual(parsed);
        }),
        { numRuns: 1_000 },
      );
    },
  );

  test('JSON is accepted exactly when JSON.parse accepts it, one character of a valid text changed', () => {
    const changed = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', ']', '0', '\\', ' ', 'e', '.', '\n', '-'),
      )
      .map(([text, at, character]) => {
        const index = at % text.length;
        return text.slice(0, index) + character + text.slice(index + 1);
      });
    fc.assert(
      fc.property(changed, (text) => {
        fc.pre(text.trim() !== '');
        const refusals = parseText('json', text).issues.filter(({ message }) =>
          message.startsWith('Expected'),
        );
        expect(refusals.length === 0).toBe(isJson(text));
      }),
      { numRuns: 1_000 },
    );
  });
});

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('limits', () => {
  const nested = {
    json: (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
    xml: (depth: number) => `${'<a>'.repeat(depth)}<b>1</b>${'</a>'.repeat(depth)}`,
    yaml: (depth: number) => `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`,
  };

  test.each(['json', 'yaml'] as const)(
    '%s of exactly the depth limit is read, one level more is refused',
    (format) => {
      expect(codesOf(parseText(format, nested[format](METADATA_LIMITS.depth)))).toEqual([]);
      expect(codesOf(parseText(format, nested[format](METADATA_LIMITS.depth + 1)))).toEqual([
        'METADATA_INVALID',
      ]);
    },
  );

  test('XML of exactly the depth limit is read, one level more is refused', () => {
    expect(codesOf(parseText('xml', nested.xml(METADATA_LIMITS.depth - 1)))).toEqual([]);
    expect(codesOf(parseText('xml', nested.xml(METADATA_LIMITS.depth)))).toEqual(['METADATA_INVALID']);
  });

  test('block YAML of exactly the depth limit is read, one level more is refused', () => {
    const staircase = (depth: number): string =>
      Array.from(
        { length: depth },
        (_, level) => `${' '.repeat(level)}a:${level + 1 === depth ? ' 1' : ''}\n`,
      ).join('');
    expect(codesOf(parseText('yaml', staircase(METADATA_LIMITS.depth)))).toEqual([]);
    expect(codesOf(parseText('yaml', staircase(METADATA_LIMITS.depth + 1)))).toEqual(['METADATA_INVALID']);
  });

  test.each(FORMATS)('a value of %s of exactly the limit is read, one byte more is refused', (format) => {
    const limit = METADATA_LIMITS.valueBytes;
    const code = format === 'csv' ? 'ROW_TOO_LARGE' : 'METADATA_INVALID';
    expect(codesOf(parseText(format, WRITERS[format]({ a: 'x'.repeat(limit), b: '' })))).toEqual([]);
    expect(codesOf(parseText(format, WRITERS[format]({ a: `${'x'.repeat(limit - 1)}é`, b: '' })))).toEqual([
      code,
    ]);
  });

  test.each(FORMATS)(
    'a record of %s of exactly the field limit is read, one field more is refused',
    (format) => {
      const fields = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
      const limit = METADATA_LIMITS.fieldsPerRecord;
      expect(codesOf(parseText(format, WRITERS[format](fields(limit))))).toEqual([]);
      expect(codesOf(parseText(format, WRITERS[format](fields(limit + 1))))).toHaveLength(1);
    },
  );

  test.each(FORMATS)(
    'case 116: a record of %s of exactly the limit is read, one byte more is ROW_TOO_LARGE',
    (format) => {
      const limit = { recordBytes: 20 };
      const exact = WRITERS[format]({ aé: 'x'.repeat(10), b: 'é'.repeat(3) });
      expect(codesOf(parseText(format, exact, limit))).toEqual([]);
      const over = WRITERS[format]({ aé: 'x'.repeat(11), b: 'é'.repeat(3) });
      expect(codesOf(parseText(format, over, limit))).toEqual(['ROW_TOO_LARGE']);
    },
  );

  test.each(FORMATS)(
    'case 116: a record of %s of four megabytes is refused, and nothing of it is kept',
    (format) => {
      const fields = Object.fromEntries(
        Array.from({ length: 80 }, (_, n): [string, string] => [`f${n}`, 'x'.repeat(50 * 1024)]),
      );
      const text = WRITERS[format](fields);
      const parsed = parseText(format, text);
      const isTooLongForYaml = format === 'yaml';
      expect(codesOf(parsed)).toEqual([isTooLongForYaml ? 'METADATA_INVALID' : 'ROW_TOO_LARGE']);
      expect(parsed.records).toEqual([]);
    },
  );

  test('case 116: values that YAML repeats by reference count as often as they stand there', () => {
    const text = `a: &a ${'x'.repeat(60_000)}\n${Array.from({ length: 20 }, (_, n) => `b${n}: *a`).join('\n')}\n`;
    expect(codesOf(parseText('yaml', text))).toEqual(['ROW_TOO_LARGE']);
  });

  test.each(FORMATS)('a %s file over its byte limit is refused before it is decoded', (format) => {
    const bytes = Buffer.alloc(METADATA_LIMITS.bytes + 1, '\n');
    const parsed = parseMetadata({ bytes, format });
    expect([parsed.encoding, codesOf(parsed)]).toEqual(['unknown', ['METADATA_INVALID']]);
  });

  test.each(['json', 'yaml'] as const)('a list in %s of more records than the limit is refused', (format) => {
    const list = (count: number): string => `[${Array(count).fill('{"a":"1"}').join(',')}]`;
    expect(parseText(format, list(3), { records: 3 }).records).toHaveLength(3);
    expect(codesOf(parseText(format, list(4), { records: 3 }))).toEqual(['METADATA_INVALID']);
  });

  test('the fields of all records together are limited', () => {
    expect(codesOf(parseText('json', '[{"a":1,"b":2},{"a":3,"b":4}]', { fieldsPerFile: 4 }))).toEqual([]);
    expect(codesOf(parseText('json', '[{"a":1,"b":2},{"a":3,"b":4}]', { fieldsPerFile: 3 }))).toEqual([
      'METADATA_INVALID',
    ]);
  });

  test('a path longer than the key limit is refused, though each of its keys is shorter', () => {
    expect(codesOf(parseText('json', '{"aaaa":{"bbbb":1}}', { keyLength: 9 }))).toEqual([]);
    expect(codesOf(parseText('json', '{"aaaa":{"bbbb":1}}', { keyLength: 8 }))).toEqual(['METADATA_INVALID']);
  });

  test('issues past the limit are counted by a closing one', () => {
    const parsed = parseText('json', `[${Array(200).fill('1').join(',')}]`, { issues: 5 });
    expect(parsed.issues).toHaveLength(6);
  });
});
