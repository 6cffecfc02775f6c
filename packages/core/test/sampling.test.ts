import { describe, expect, test } from 'vitest';
import {
  checkMapping,
  DEFAULT_SETTINGS,
  guessFormats,
  guessType,
  mapRecord,
  proposeFlatNames,
  type RawRecord,
  readSample,
  type SampleKind,
  suspectTwelveHourClock,
} from '../src/index.ts';

const recordOf = (fields: Record<string, string>, nestedPaths: string[] = []): RawRecord => ({
  fields,
  nestedPaths,
  at: 'line 2',
});

const read = (records: RawRecord[], kind: SampleKind = 'call') =>
  readSample(records, null, {
    kind,
    directions: DEFAULT_SETTINGS.directions,
    givenByName: [],
    hasTimeZone: true,
  });

describe('date formats', () => {
  test.each([
    [['2024-05-12T18:15:45Z', '2024-05-12 18:15'], ['iso8601']],
    [['05-13-2024 6:15:45 PM'], ['MM-dd-yyyy h:mm:ss a']],
    [['13-05-2024'], ['dd-MM-yyyy']],
    [['5/13/2024 6:15 AM'], ['M/d/yyyy h:mm a']],
    [['13.05.2024 18:15:45'], ['dd.MM.yyyy HH:mm:ss']],
    [['20240512-181545'], ['yyyyMMdd-HHmmss']],
    [['2024/05/12 18:15'], ['yyyy/MM/dd HH:mm']],
    [['12 May 2024 18:15', '3 Jun 2024 09:00'], ['d MMM yyyy HH:mm']],
    [['May 12, 2024'], ['MMM d, yyyy']],
    [['13/05/2024 18:15:45 +02:00'], ['dd/MM/yyyy HH:mm:ss XXX']],
    [['13/05/2024 18:15:45.250'], ['dd/MM/yyyy HH:mm:ss.SSS']],
    [['2024-05-12'], ['yyyy-MM-dd']],
  ])('%j is read by %j', (values, formats) => {
    expect(guessFormats(values)).toEqual({ formats, ambiguous: [] });
  });

  test.each([
    [['05-12-2024'], ['MM-dd-yyyy', 'dd-MM-yyyy']],
    [
      ['05-05-2024', '01-02-2024'],
      ['MM-dd-yyyy', 'dd-MM-yyyy'],
    ],
    [['05-12-2024 6:15:45 PM'], ['MM-dd-yyyy h:mm:ss a', 'dd-MM-yyyy h:mm:ss a']],
    [['5/1/24'], ['M/d/yy', 'd/M/yy']],
    [['05/01/24'], ['MM/dd/yy', 'dd/MM/yy', 'yy/MM/dd']],
  ])('case 63: %j stays ambiguous', (values, ambiguous) => {
    expect(guessFormats(values)).toEqual({ formats: [], ambiguous });
  });

  test('case 63: one day past the twelfth decides for all, in other shapes too', () => {
    expect(guessFormats(['05-12-2024', '05-13-2024']).formats).toEqual(['MM-dd-yyyy']);
    expect(guessFormats(['05/12/2024', '25/12/2024 10:00']).formats).toEqual([
      'dd/MM/yyyy',
      'dd/MM/yyyy HH:mm',
    ]);
  });

  test.each([[['yesterday']], [['05-12-2024', 'soon']], [['1.2.3.4']], [['99-99-2024']], [['4.5']]])(
    'what is no date has no format: %j',
    (values) => {
      expect(guessFormats(values)).toEqual({ formats: [], ambiguous: [] });
    },
  );
});

test.each([
  ['answered', ['yes', 'No'], 'boolean'],
  ['is_new', ['1', '0'], 'boolean'],
  ['count', ['1', '0'], 'number'],
  ['email', ['a@b.test'], 'email'],
  ['from', ['+14694519385'], 'phone'],
  ['callDuration', ['95', '00:01:35'], 'duration'],
  ['talk', ['PT1M35S'], 'duration'],
  ['duration', ['95'], 'duration'],
  ['amount', ['1234.50', '7'], 'number'],
  ['employee', ['0042'], 'id'],
  ['employee', ['42', '43'], 'id'],
  ['score', ['42', '43'], 'number'],
  ['ref', ['12345678901234567890'], 'id'],
  ['session', ['aB3-77f012', 'aB3-77f013'], 'id'],
  ['stage', ['New', 'Won', 'New', 'Won', 'New', 'Won'], 'enum'],
  ['notes', ['called twice, no answer', 'left a message'], 'string'],
  ['code', ['0E68'], 'id'],
  ['value', ['1,234'], 'string'],
  ['when', ['1620770399'], 'instant'],
  ['serial', ['1620770399'], 'number'],
  ['clock', ['18:15'], 'string'],
  ['empty', ['', ' '], 'string'],
])('case 70: %s holding %j is taken for %s', (name, values, type) => {
  expect(guessType(name, values).type).toBe(type);
});

test('a value with a hundred thousand characters is text, and is told so at once', () => {
  const startedAt = performance.now();
  expect(guessType('email', [`a@${'.'.repeat(100_000)}@`]).type).toBe('string');
  expect(performance.now() - startedAt).toBeLessThan(500);
});

describe('a suggestion', () => {
  const rows = Array.from({ length: 6 }, (_, n) =>
    recordOf({
      CallStart: `2024-05-1${n} 18:15:45`,
      AgentEmail: 'joe@acme.test',
      Direction: n % 2 ? 'Outgoing' : 'Incoming',
      'Recording File': `sftp/2024051${n}.wav`,
      Duration: '00:01:35',
      Amount: '1200.50',
      Notes: 'a note',
      'Opportunity ID': `006A000000Lx1${n}`,
    }),
  );

  test('maps known fields by name and value, types the others, and can be published', () => {
    const { suggestion } = read(rows);
    expect(suggestion.issues).toEqual([]);
    expect(suggestion.fields.map(({ source, target, type }) => [source, target, type])).toEqual([
      ['CallStart', 'startedAt', 'instant'],
      ['AgentEmail', 'user', 'id'],
      ['Direction', 'direction', 'enum'],
      ['Recording File', 'filename', 'string'],
      ['Duration', 'durationSeconds', 'duration'],
      ['Amount', 'opportunityAmount', 'number'],
      ['Opportunity ID', 'opportunityId', 'id'],
    ]);
    expect(checkMapping(suggestion.fields, suggestion.options)).toEqual([]);
  });

  test('reads the very sample it was made from', () => {
    const { suggestion } = read(rows);
    const mapping = { fields: suggestion.fields, options: suggestion.options };
    const policy = { version: 1, timeZone: 'UTC', settings: DEFAULT_SETTINGS, mappingVersion: 1, mapping };
    for (const row of rows) {
      const mapped = mapRecord(row, policy, { receivedAtMs: Date.UTC(2024, 6, 1), isCsv: true });
      expect(mapped.issues).toEqual([]);
      expect(mapped.missing).toEqual([]);
      expect(mapped.durationSeconds).toBe(95);
    }
  });

  test('case 63: leaves an ambiguous date out and says so', () => {
    const { fields, suggestion } = read([
      recordOf({ datetime: '05-12-2024', email: 'a@b.test', direction: 'in' }),
    ]);
    expect(fields[0]).toMatchObject({
      type: 'instant',
      formats: [],
      ambiguous: ['MM-dd-yyyy', 'dd-MM-yyyy'],
    });
    expect(suggestion.fields.map(({ target }) => target)).toEqual(['user', 'direction']);
    expect(suggestion.issues.map(({ code, at }) => [code, at])).toEqual([
      ['DATE_ORDER_AMBIGUOUS', 'datetime'],
      ['TIME_OF_DAY_MISSING', 'datetime'],
    ]);
  });

  test('case 71: maps a nested path to a flat name, and proposes that name to the sender', () => {
    const { suggestion, nested } = read([
      recordOf({ 'customer.name': 'Ann', customer_name: 'x', 'items[0].sku': 'b' }, [
        'customer.name',
        'items[0].sku',
      ]),
    ]);
    expect(nested).toEqual([
      { path: 'customer.name', name: 'customer_name_2' },
      { path: 'items[0].sku', name: 'items_0_sku' },
    ]);
    expect(suggestion.fields).toContainEqual(
      expect.objectContaining({ source: 'items[0].sku', target: 'items_0_sku', type: 'string' }),
    );
  });

  test.each<[SampleKind, string]>([
    ['contacts', 'ContactId'],
    ['leads', 'Lead ID'],
    ['opportunities', 'Id'],
    ['cases', 'case_id'],
    ['accounts', 'AccountID'],
  ])('of %s finds their id in %s', (kind, name) => {
    const { suggestion } = read([recordOf({ [name]: '003A000000Lx1aB', Name: 'Ann' })], kind);
    expect(suggestion.fields[0]).toMatchObject({
      source: name,
      target: 'externalId',
      type: 'id',
      required: true,
    });
    expect(suggestion.issues).toEqual([]);
  });

  test('takes values that leave no doubt where no name is known', () => {
    const odd = {
      A: '2024-05-12T18:15:45Z',
      B: 'joe@acme.test',
      C: 'OUT',
      D: 'Incoming',
      E: 'x/y.MP3',
      F: 'x',
    };
    const { C, D, ...clear } = odd;
    const targets = (fields: Record<string, string>) =>
      read([recordOf(fields)]).suggestion.fields.map(({ source, target }) => `${source} ${target}`);
    expect(targets({ ...clear, D })).toEqual(['A startedAt', 'B user', 'E filename', 'D direction']);
    expect(targets({ ...clear, A2: '2024-05-12T18:15:45Z' })).not.toContain('A startedAt');
  });

  test('says what a person must decide', () => {
    const { suggestion } = read([
      recordOf({ call_time: '18:15', phone: '469 451 9385', value: '1,234', direction: 'sideways' }),
    ]);
    expect(suggestion.issues.map(({ code }) => code)).toEqual([
      'TIME_WITHOUT_DATE',
      'PHONE_COUNTRY_NEEDED',
      'NUMBER_AMBIGUOUS',
      'DIRECTION_WORD_UNKNOWN',
      'REQUIRED_NOT_FOUND',
      'REQUIRED_NOT_FOUND',
    ]);
  });
});

test.each([
  ['2024-05-12T18:15:45', true],
  ['13/05/2024', true],
  ['2024-05-12', true],
  ['20240513-181545', true],
  ['2024-05-12T18:15:45Z', false],
  ['2024-05-12 18:15:45 +09:00', false],
  ['20240512T181545-0500', false],
])('case 62: for a tenant without a zone, %s needs one: %s', (datetime, needsOne) => {
  const context = { kind: 'call', directions: {}, givenByName: [], hasTimeZone: false } as const;
  const { warnings } = readSample([recordOf({ datetime })], null, context);
  expect(warnings.map(({ code }) => code)).toEqual(needsOne ? ['TIME_ZONE_NEEDED'] : []);
});

describe('case 65: a 12-hour clock', () => {
  const hours = (n: number) => Array.from({ length: n }, (_, index) => 1 + (index % 12));

  test('is suspected where no hour of many is past 12', () => {
    expect(suspectTwelveHourClock(hours(20))?.code).toBe('TWELVE_HOUR_CLOCK_SUSPECTED');
  });

  test.each([
    ['a few times', hours(19)],
    ['one hour past 12', [...hours(40), 13]],
    ['an hour 0, which only 24-hour clocks have', [...hours(40), 0]],
    ['mornings alone', Array.from({ length: 60 }, (_, index) => 7 + (index % 6))],
    ['a night shift that ends at six', Array.from({ length: 60 }, (_, index) => 1 + (index % 6))],
  ])('is not suspected with %s', (_why, given) => {
    expect(suspectTwelveHourClock(given)).toBeNull();
  });

  test('is told of a sample, at its field, and not where AM or PM is written', () => {
    const sample = (suffix: string) =>
      Array.from({ length: 24 }, (_, n) =>
        recordOf({ datetime: `05-${13 + (n % 9)}-2024 ${1 + (n % 12)}:15${suffix}` }),
      );
    expect(read(sample('')).warnings).toMatchObject([
      { code: 'TWELVE_HOUR_CLOCK_SUSPECTED', at: 'datetime' },
    ]);
    expect(read(sample(' PM')).warnings).toEqual([]);
  });
});

test('flat names are never given twice', () => {
  expect([...proposeFlatNames(['a.b', 'a@b', 'a_b[0]'], ['A B']).values()]).toEqual([
    'a_b_2',
    'a_b_3',
    'a_b_0',
  ]);
});
