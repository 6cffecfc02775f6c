import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { type MetadataFormat, type ParsedMetadata, parseMetadata } from '../src/index.ts';
import { codesOf, fieldsOf, parseText } from './parse-text.ts';
import { FORMATS, WRITERS } from './writers.ts';

const FIELDS = { name: 'Zoë Müller', price: '5 €', note: 'naïve' };

const encode = (format: MetadataFormat, encoding: string, addBOM: boolean): Buffer =>
  iconv.encode(WRITERS[format](FIELDS), encoding, { addBOM });

/** Codes of warnings, and whether each names the encoding that was read. */
const warningsOf = ({ warnings, encoding }: ParsedMetadata): [string, boolean][] =>
  warnings.map(({ code, message }) => [code, message.includes(`read as ${encoding}`)]);

describe.each(FORMATS)('%s', (format) => {
  test.each([
    ['utf-8', 'utf8', false],
    ['utf-8', 'utf8', true],
    ['utf-16le', 'utf16le', true],
    ['utf-16be', 'utf16be', true],
    ['utf-32le', 'utf-32le', true],
    ['utf-32be', 'utf-32be', true],
  ] as const)('case 66: %s is read and reported (%s, mark %s)', (reported, encoding, addBOM) => {
    const parsed = parseMetadata({ bytes: encode(format, encoding, addBOM), format });
    expect(parsed.encoding).toBe(reported);
    expect(parsed.issues).toEqual([]);
    expect(parsed.warnings).toEqual([]);
    expect(fieldsOf(parsed)).toEqual([FIELDS]);
  });

  test.each(['utf-16le', 'utf-16be'] as const)(
    'case 112: %s without a mark is read, and the assumption is reported',
    (encoding) => {
      const parsed = parseMetadata({ bytes: encode(format, encoding, false), format });
      expect(parsed.encoding).toBe(encoding);
      expect(warningsOf(parsed)).toEqual([['ENCODING_ASSUMED', true]]);
      expect(fieldsOf(parsed)).toEqual([FIELDS]);
    },
  );

  test('a byte order mark put there twice is no part of the first key', () => {
    expect(fieldsOf(parseText(format, `\ufeff\ufeff${WRITERS[format](FIELDS)}`))).toEqual([FIELDS]);
  });

  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['white space', Buffer.from(' \r\n\t\n')],
    ['a lone UTF-8 mark', Buffer.from([0xef, 0xbb, 0xbf])],
    ['a lone UTF-16 mark', Buffer.from([0xff, 0xfe])],
    ['a mark and white space', Buffer.from('\ufeff\n')],
  ])('case 25: %s is METADATA_INVALID', (_, bytes) => {
    const parsed = parseMetadata({ bytes, format });
    expect(codesOf(parsed)).toEqual(['METADATA_INVALID']);
    expect(parsed.records).toEqual([]);
  });

  test.each([
    ['a NUL in the text', Buffer.from(`${WRITERS[format](FIELDS)}\0`)],
    ['UTF-8 by its mark and not by its bytes', Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62])],
    ['UTF-16 cut in half a character', Buffer.from('\ufeffa,b', 'utf16le').subarray(0, 7)],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])],
    ['bytes of no encoding that we read', Buffer.from([0x61, 0x81, 0x8d, 0xff])],
  ])('%s is METADATA_INVALID, never a guess', (_, bytes) => {
    const parsed = parseMetadata({ bytes, format });
    expect(codesOf(parsed)).toEqual(['METADATA_INVALID']);
    expect(parsed.records).toEqual([]);
  });
});

test('the place of a NUL is told', () => {
  expect(parseText('csv', 'a,b\n1,\0\n').issues[0]?.at).toBe('line 2, column 3');
});

describe('text that is not UTF-8', () => {
  const WESTERN = iconv.encode(WRITERS.csv(FIELDS), 'win1252');

  test.each(['csv', 'xml', 'yaml'] as const)(
    'case 112: Windows-1252 in %s is read, and reported',
    (format) => {
      const parsed = parseMetadata({ bytes: encode(format, 'win1252', false), format });
      expect([parsed.encoding, warningsOf(parsed)]).toEqual(['windows-1252', [['ENCODING_ASSUMED', true]]]);
      expect(fieldsOf(parsed)).toEqual([FIELDS]);
    },
  );

  test('case 112: JSON must be UTF-8, and is refused at the byte that is not', () => {
    const parsed = parseMetadata({ bytes: iconv.encode('{"a":1,\n"né":"x"}', 'win1252'), format: 'json' });
    expect(parsed.issues).toMatchObject([{ code: 'METADATA_INVALID', at: 'line 2, column 3' }]);
    expect(parsed.issues[0]?.message).toContain('UTF-8');
  });

  test.each(FORMATS)('case 112: what is set is read without a word in %s', (format) => {
    for (const [name, fields] of [
      ['windows-1252', FIELDS],
      ['ISO-8859-2', { name: 'Łukasz Dvořák', price: '1', note: 'Jiří' }],
      ['koi8-r', { name: 'Иван', price: '1', note: 'звонок' }],
      ['Shift_JIS', { name: '山田太郎', price: '1', note: '電話' }],
      ['gb18030', { name: '王小明', price: '1', note: '一致' }],
    ] as const) {
      const bytes = iconv.encode(WRITERS[format](fields), name);
      const parsed = parseMetadata({ bytes, format, encoding: name });
      expect([name, parsed.issues, parsed.warnings]).toEqual([name, [], []]);
      expect([parsed.encoding, fieldsOf(parsed)]).toEqual([name.toLowerCase(), [fields]]);
    }
  });

  test('case 112: the honest declaration of an XML is read by it', () => {
    const text = '<?xml version="1.0" encoding="windows-1251"?><c><n>Иван</n></c>';
    const parsed = parseMetadata({ bytes: iconv.encode(text, 'win1251'), format: 'xml' });
    expect([parsed.encoding, parsed.issues, parsed.warnings]).toEqual(['windows-1251', [], []]);
    expect(fieldsOf(parsed)).toEqual([{ n: 'Иван' }]);
  });

  test.each([
    ['by its declaration', '<?xml version="1.0" encoding="UTF-8"?><c><n>Zoë</n></c>', null],
    ['by what is set', '<c><n>Zoë</n></c>', 'utf-8'],
  ])('case 112: UTF-8 %s, with a byte that is not, is refused', (_, text, encoding) => {
    const parsed = parseMetadata({ bytes: iconv.encode(text, 'win1252'), format: 'xml', encoding });
    expect(parsed.issues).toMatchObject([{ code: 'METADATA_INVALID', at: expect.stringMatching(/^line 1/) }]);
  });

  test('case 112: a declaration of UTF-8 that is false gives way to what is set', () => {
    const text = '<?xml version="1.0" encoding="UTF-8"?><c><n>Zoë</n></c>';
    const bytes = iconv.encode(text, 'win1252');
    expect(fieldsOf(parseMetadata({ bytes, format: 'xml', encoding: 'windows-1252' }))).toEqual([
      { n: 'Zoë' },
    ]);
  });

  test('case 112: two characters of a Western text that are one of UTF-8 stay the two that were named', () => {
    const text = '<?xml version="1.0" encoding="ISO-8859-1"?><c><n>Spa\u00df\u00a0!</n></c>';
    const parsed = parseMetadata({ bytes: Buffer.from(text, 'latin1'), format: 'xml' });
    expect([parsed.encoding, fieldsOf(parsed)]).toEqual(['windows-1252', [{ n: 'Spa\u00df\u00a0!' }]]);
  });

  test('case 112: what is named ISO-8859-1 and has bytes of Windows-1252 is read as that, and reported', () => {
    const bytes = iconv.encode(WRITERS.csv(FIELDS), 'win1252');
    const parsed = parseMetadata({ bytes, format: 'csv', encoding: 'ISO-8859-1' });
    expect([parsed.encoding, warningsOf(parsed)]).toEqual(['windows-1252', [['ENCODING_ASSUMED', true]]]);
    expect(fieldsOf(parsed)).toEqual([FIELDS]);
  });

  test('case 112: UTF-8 under a Western name is read as UTF-8, and reported', () => {
    const parsed = parseMetadata({ bytes: encode('csv', 'utf8', false), format: 'csv', encoding: 'latin1' });
    expect([parsed.encoding, warningsOf(parsed)]).toEqual(['utf-8', [['ENCODING_ASSUMED', true]]]);
    expect(fieldsOf(parsed)).toEqual([FIELDS]);
  });

  test.each(FORMATS)('case 112: one broken byte never changes the other characters of %s', (format) => {
    const whole = Buffer.from(WRITERS[format]({ name: 'Müller', note: 'coup#', city: 'Köln' }));
    const bytes = Buffer.from(whole);
    bytes[bytes.indexOf('#')] = 0xc3;
    const parsed = parseMetadata({ bytes, format });
    expect(parsed.encoding).toBe(format === 'json' ? 'unknown' : 'utf-8');
    expect(parsed.issues).toMatchObject([
      { code: 'METADATA_INVALID', at: expect.stringMatching(/^line \d/) },
    ]);
    expect(parsed.records).toEqual([]);
  });

  test('case 112: the row of a CSV that holds a broken byte is an error, the others go in', () => {
    const bytes = Buffer.from('id,name\n1,Müller\n2,coup#\n3,Köln\n');
    bytes[bytes.indexOf('#')] = 0xc3;
    const parsed = parseMetadata({ bytes, format: 'csv' });
    expect(parsed.issues).toMatchObject([{ code: 'METADATA_INVALID', at: 'line 3' }]);
    expect(fieldsOf(parsed)).toEqual([
      { id: '1', name: 'Müller' },
      { id: '3', name: 'Köln' },
    ]);
  });

  test('case 112: a character that the encoding lacks is an error of its row, not another character', () => {
    const bytes = Buffer.concat([WESTERN, Buffer.from([0x22, 0x81, 0x22, 0x2c, 0x2c, 0x0d, 0x0a])]);
    const parsed = parseMetadata({ bytes, format: 'csv', encoding: 'windows-1252' });
    expect(parsed.issues).toMatchObject([{ code: 'METADATA_INVALID', at: 'line 3' }]);
    expect(fieldsOf(parsed)).toEqual([FIELDS]);
  });

  test('case 112: a standard of ISO 8859 whose bytes are its control characters is not what was meant', () => {
    const bytes = iconv.encode('id,name\n1,Wiśniewski\n2,Kos\n', 'windows-1250');
    const parsed = parseMetadata({ bytes, format: 'csv', encoding: 'iso-8859-2' });
    expect(parsed.issues).toMatchObject([{ at: 'line 2' }]);
    expect(fieldsOf(parsed)).toEqual([{ id: '2', name: 'Kos' }]);
  });

  test('case 112: what the bytes look like is suggested, never taken', () => {
    const text = 'id,name,note\n1,Łukasz Wiśniewski,Zażółć gęślą jaźń\n2,Jiří Dvořák,Příliš žluťoučký kůň\n';
    const parsed = parseMetadata({ bytes: iconv.encode(text, 'windows-1250'), format: 'csv' });
    const told = [...parsed.issues, ...parsed.warnings].map(({ message }) => message).join(' ');
    expect(told).toMatch(/looks? (?:more )?like windows-1250/);
  });

  test('case 112: UTF-16 without a mark whose text has U+4E00 is read', () => {
    const bytes = Buffer.from('id,name\r\n1,一致\r\n', 'utf16le');
    const parsed = parseMetadata({ bytes, format: 'csv' });
    expect([parsed.encoding, warningsOf(parsed)]).toEqual(['utf-16le', [['ENCODING_ASSUMED', true]]]);
    expect(fieldsOf(parsed)).toEqual([{ id: '1', name: '一致' }]);
  });

  test('case 112: UTF-16 that nothing gives away is refused with the option that reads it', () => {
    const bytes = Buffer.from('名前,電話番号の一覧と備考\n山田太郎,一二三四五六七八九十\n', 'utf16le');
    const parsed = parseMetadata({ bytes, format: 'csv' });
    expect(parsed.issues[0]?.message).toContain('utf-16le');
    const set = parseMetadata({ bytes, format: 'csv', encoding: 'utf-16' });
    expect(fieldsOf(set)).toEqual([{ 名前: '山田太郎', 電話番号の一覧と備考: '一二三四五六七八九十' }]);
  });

  test('ISO-2022-JP, whose bytes are all ASCII, is not taken for ASCII', () => {
    const bytes = Buffer.from('id,name\n1,\u001b$B;3ED\u001b(B\n', 'latin1');
    expect(codesOf(parseMetadata({ bytes, format: 'csv' }))).toEqual(['METADATA_INVALID']);
  });

  test('a Ctrl-Z at the end is the end, as old systems write it', () => {
    for (const format of FORMATS)
      for (const end of ['\u001a', '\u001a\r\n'])
        expect(fieldsOf(parseText(format, WRITERS[format](FIELDS) + end))).toEqual([FIELDS]);
  });
});

describe('30 encodings in 4 formats', () => {
  const TEXTS: Readonly<Record<string, string>> = {
    western: 'Zoë Müller, naïve café, señor Ñandú, Åse Ørsted',
    central: 'Łukasz Wiśniewski, Jiří Dvořák, Zażółć gęślą jaźń',
    cyrillic: 'Иван Петров, срочный звонок, жалоба клиента',
    greek: 'Γιάννης Παπαδόπουλος, επείγουσα κλήση',
    turkish: 'Şükrü Öztürk, İstanbul, çağrı iğne',
    hebrew: 'שלום עולם, שיחה דחופה',
    arabic: 'محمد علي مكالمة عاجلة',
    thai: 'สวัสดีชาวโลก การโทร',
    japanese: '山田太郎 電話 カタカナ ひらがな',
    chinese: '王小明 电话 客户 中文',
    korean: '김철수 전화 고객 한국어',
    baltic: 'Žydrūnas Šarūnas, ąčęėįšųūž',
  };
  const ENCODINGS: readonly (readonly [name: string, text: string])[] = [
    ...['utf-8', 'utf-16le', 'utf-16be', 'utf-32le'].map((name) => [name, TEXTS.japanese!] as const),
    ...['windows-1252', 'iso-8859-1', 'iso-8859-15', 'macroman', 'cp850'].map(
      (name) => [name, TEXTS.western!] as const,
    ),
    ...['windows-1250', 'iso-8859-2', 'cp852', 'maccenteuro'].map((name) => [name, TEXTS.central!] as const),
    ...['windows-1251', 'iso-8859-5', 'koi8-r', 'cp866', 'maccyrillic'].map(
      (name) => [name, TEXTS.cyrillic!] as const,
    ),
    ...['windows-1253', 'iso-8859-7'].map((name) => [name, TEXTS.greek!] as const),
    ...['windows-1254', 'iso-8859-9'].map((name) => [name, TEXTS.turkish!] as const),
    ['windows-1255', TEXTS.hebrew!],
    ['windows-1256', TEXTS.arabic!],
    ['windows-1257', TEXTS.baltic!],
    ['windows-874', TEXTS.thai!],
    ['shift_jis', TEXTS.japanese!],
    ['euc-jp', TEXTS.japanese!],
    ['gb18030', TEXTS.chinese!],
    ['big5', '王小明 電話 中文'],
    ['euc-kr', TEXTS.korean!],
  ];

  test('are right, refused or reported, and none is silently wrong', () => {
    const count = { right: 0, refused: 0, reported: 0, wrong: 0 };
    const wrong: string[] = [];
    for (const [name, text] of ENCODINGS)
      for (const format of FORMATS) {
        const fields = { id: '1', name: text, note: `${text} ${text}` };
        const bytes = iconv.encode(WRITERS[format](fields), name);
        const parsed = parseMetadata({ bytes, format });
        const isRight = JSON.stringify(fieldsOf(parsed)) === JSON.stringify([fields]);
        const isReported = parsed.warnings.some(({ code }) => code === 'ENCODING_ASSUMED');
        const verdict =
          parsed.issues.length > 0 ? 'refused' : isRight ? 'right' : isReported ? 'reported' : 'wrong';
        count[verdict] += 1;
        if (verdict === 'wrong') wrong.push(`${name} in ${format}`);
        // Once it is named, every one of them is read to the letter.
        const set = parseMetadata({ bytes, format, encoding: name });
        expect([name, format, set.issues, fieldsOf(set)]).toEqual([name, format, [], [fields]]);
      }
    process.stdout.write(`encodings: ${JSON.stringify(count)} of ${ENCODINGS.length} in 4 formats\n`);
    expect(wrong).toEqual([]);
    expect(ENCODINGS.length).toBeGreaterThanOrEqual(30);
  });
});
