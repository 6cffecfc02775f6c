import { describe, expect, test } from 'vitest';
import { codesOf, fieldsOf, parseText } from './parse-text.ts';

const NESTED = {
  json: '{"id":"1","customer":{"name":"Joe","address":{"zip":"0042"}},"tags":["a",{"b":"c"}],"none":{},"empty":[]}',
  yaml: 'id: 1\ncustomer:\n  name: Joe\n  address: {zip: 0042}\ntags:\n  - a\n  - b: c\nnone: {}\nempty: []\n',
};

const FLAT = {
  id: '1',
  'customer.name': 'Joe',
  'customer.address.zip': '0042',
  'tags[0]': 'a',
  'tags[1].b': 'c',
  none: '',
  empty: '',
};

describe('nested values', () => {
  test.each(['json', 'yaml'] as const)(
    'case 71: are flattened from %s and listed, without an issue',
    (format) => {
      const parsed = parseText(format, NESTED[format]);
      expect(parsed.issues).toEqual([]);
      expect(fieldsOf(parsed)).toEqual([FLAT]);
      expect(parsed.records[0]?.nestedPaths).toEqual(Object.keys(FLAT).filter((path) => path !== 'id'));
    },
  );

  test('case 71: of XML are elements, repeated elements and attributes of fields', () => {
    const xml = `<call id="1"><user kind="ext">7</user><tag>a</tag><other>x</other><tag n="2">b</tag>
      <customer vip="yes"><name>Joe</name></customer></call>`;
    const parsed = parseText('xml', xml);
    expect(fieldsOf(parsed)).toEqual([
      {
        id: '1',
        user: '7',
        'user@kind': 'ext',
        'tag[0]': 'a',
        'tag[1]': 'b',
        'tag[1]@n': '2',
        other: 'x',
        'customer.name': 'Joe',
        'customer@vip': 'yes',
      },
    ]);
    expect(parsed.records[0]?.nestedPaths).toEqual([
      'user@kind',
      'tag[0]',
      'tag[1]',
      'tag[1]@n',
      'customer.name',
      'customer@vip',
    ]);
  });

  test('case 71: a flat key that looks like a path is not nested', () => {
    expect(parseText('json', '{"a.b":"1","c[0]":"2","d@e":"3"}').records[0]?.nestedPaths).toEqual([]);
  });

  test('an alias is flattened wherever it is used', () => {
    const parsed = parseText('yaml', 'a: &x {b: 1}\nc: *x\nd: [*x, *x]\n');
    expect(fieldsOf(parsed)).toEqual([{ 'a.b': '1', 'c.b': '1', 'd[0].b': '1', 'd[1].b': '1' }]);
  });
});

describe('keys', () => {
  test.each([
    ['json', '{"    ChurnRisk":"high","id":"1"}', 'line 1, column 2'],
    ['yaml', 'id: 1\n"    ChurnRisk": high\n', 'line 2, column 1'],
  ] as const)('case 74: white space around a key of %s is trimmed with a warning', (format, text, at) => {
    const parsed = parseText(format, text);
    expect(fieldsOf(parsed)).toEqual([{ ChurnRisk: 'high', id: '1' }]);
    expect(parsed.warnings.map((warning) => [warning.code, warning.at])).toEqual([['KEY_TRIMMED', at]]);
    expect(parsed.issues).toEqual([]);
  });

  test('case 74: no-break and zero-width spaces, joiners and direction marks are white space at the ends of a key', () => {
    const parsed = parseText(
      'json',
      '{"\u00a0\u200b\u200d\u2060\u202fKey\u3000\u200e\ufeff":1,"in\u00a0side":2}',
    );
    expect(fieldsOf(parsed)).toEqual([{ Key: '1', 'in\u00a0side': '2' }]);
  });

  test('case 74: two keys that trimming makes one are METADATA_INVALID', () => {
    expect(codesOf(parseText('json', '{"ChurnRisk":1,"    ChurnRisk":2}'))).toEqual(['METADATA_INVALID']);
    expect(codesOf(parseText('yaml', 'a: 1\n" a": 2\n'))).toEqual(['METADATA_INVALID']);
  });

  test('a key that every record has trimmed is warned of once', () => {
    expect(parseText('json', `[${'{" a":1},'.repeat(50)}{" a":1}]`).warnings).toHaveLength(1);
  });

  test('a message shows a long key shortened and no value', () => {
    const [issue] = parseText('json', `{"${'k'.repeat(500)}":"secret","${'k'.repeat(500)}":"secret"}`).issues;
    expect(issue?.message.length).toBeLessThan(150);
    expect(issue?.message).not.toContain('secret');
  });
});

describe('records', () => {
  test('a list of several records is several records, each with its line', () => {
    const parsed = parseText('json', '[\n{"a":1},\n{"a":2}\n]');
    expect(parsed.records.map(({ fields, at }) => [fields.a, at])).toEqual([
      ['1', 'line 2'],
      ['2', 'line 3'],
    ]);
    expect(parsed.rowCount).toBe(2);
    expect(parseText('yaml', '- a: 1\n- a: 2\n').rowCount).toBe(2);
  });

  test('one bad record of several leaves none', () => {
    expect(parseText('json', '[{"a":1},{"a":1,"a":2}]').records).toEqual([]);
    expect(parseText('json', '[{"a":1},2]').records).toEqual([]);
  });

  test('all issues of a file are told together', () => {
    expect(codesOf(parseText('json', '[{"a":1,"a":2},3,{"":1}]'))).toHaveLength(3);
  });
});

describe('syntax', () => {
  test.each([
    ['a curly quote as syntax', '{“a”: 1}', 'line 1, column 2', 'straight'],
    ['curly quotes around a value', '{"a": “x”}', 'line 1, column 7', 'straight'],
    ['a curly quote that should close', '{\n  "a“: 1\n}', 'line 2, column 9', 'straight'],
    ['a no-break space as syntax', '{\n\u00a0\u00a0"a": 1\n}', 'line 2, column 1', 'plain space'],
    ['a zero-width space as syntax', '{"a":\u200b1}', 'line 1, column 6', 'plain space'],
  ])('case 73: %s is METADATA_INVALID with line, column and a hint', (_, text, at, hint) => {
    const [issue] = parseText('json', text).issues;
    expect([issue?.code, issue?.at]).toEqual(['METADATA_INVALID', at]);
    expect(issue?.message).toContain(hint);
  });

  test('case 73: curly quotes and no-break spaces inside strings are content', () => {
    expect(fieldsOf(parseText('json', '{"a":"“x”\u00a0y"}'))).toEqual([{ a: '“x”\u00a0y' }]);
  });

  test.each([
    ['a scalar root', 'just text'],
    ['several documents', 'a: 1\n---\nb: 2\n'],
    ['a second document that is empty', 'a: 1\n---\n'],
  ])('case 72: YAML with %s is METADATA_INVALID', (_, text) => {
    const parsed = parseText('yaml', text);
    expect(codesOf(parsed)).toEqual(['METADATA_INVALID']);
    expect(parsed.records).toEqual([]);
  });

  test('case 19: XML cut anywhere before its end is METADATA_INVALID without records', () => {
    const xml =
      '<?xml version="1.0"?>\n<call id="1"><a x="y">1 &amp; 2</a><!-- c --><b><![CDATA[z]]></b><c/>\n</call>';
    expect(parseText('xml', xml).records).toHaveLength(1);
    for (let end = 0; end < xml.length; end += 1) {
      const parsed = parseText('xml', xml.slice(0, end));
      expect(codesOf(parsed)).toEqual(['METADATA_INVALID']);
      expect(parsed.records).toEqual([]);
    }
  });

  test('JSON cut anywhere before its end is METADATA_INVALID without records', () => {
    const json = '{"a":"x\\u00e9","b":[1.10,{"c":null}],"d":{}}';
    for (let end = 0; end < json.length; end += 1) {
      expect(codesOf(parseText('json', json.slice(0, end)))).toEqual(['METADATA_INVALID']);
    }
  });
});
