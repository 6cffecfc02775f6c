import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldMapping, MappedRecord, MappingOptions, RawRecord } from '../src/mapping/field-mapping.ts';
import { mapRecord } from '../src/mapping/map-record.ts';
import { COACH_MINIMUM } from '../src/mapping/presets.ts';
import { checkColumns, promisedFields } from '../src/mapping/source-fields.ts';
import { DEFAULT_SETTINGS, type Policy } from '../src/policy.ts';

interface Given {
  readonly fields?: readonly FieldMapping[];
  readonly options?: MappingOptions;
  readonly nestedPaths?: readonly string[];
  readonly isCsv?: boolean;
  readonly timeZone?: string | null;
}

function map(raw: Record<string, string>, given: Given = {}): MappedRecord {
  const policy: Policy = {
    version: 1,
    timeZone: given.timeZone === undefined ? 'America/New_York' : given.timeZone,
    settings: DEFAULT_SETTINGS,
    mappingVersion: 1,
    mapping: { fields: given.fields ?? COACH_MINIMUM.fields, options: given.options ?? {} },
  };
  const record: RawRecord = { fields: raw, nestedPaths: given.nestedPaths ?? [], at: 'line 2' };
  return mapRecord(record, policy, {
    receivedAtMs: Date.parse('2030-01-01T00:00:00Z'),
    isCsv: given.isCsv ?? false,
  });
}
const row = (
  source: string,
  target: string,
  type: FieldMapping['type'] = 'string',
  more: Partial<FieldMapping> = {},
) => ({
  source,
  target,
  type,
  ...more,
});
const codes = (issues: MappedRecord['issues']) => issues.map(({ code, at }) => [code, at]);

const MINIMUM = {
  datetime: '2021-05-11T21:59:59Z',
  email: 'email.of.user@test.com',
  filename: 'sftp/path/to/recording.mp3',
  direction: 'outbound',
};

test('the minimum file of the guide gives a whole call', () => {
  expect(map(MINIMUM)).toEqual({
    fields: {
      startedAt: '2021-05-11T21:59:59.000Z',
      user: 'email.of.user@test.com',
      direction: 'outbound',
      filename: 'sftp/path/to/recording.mp3',
    },
    startedAt: '2021-05-11T21:59:59.000Z',
    endedAt: null,
    user: 'email.of.user@test.com',
    direction: 'outbound',
    durationSeconds: null,
    filename: 'recording.mp3',
    ignoredBy: null,
    missing: [],
    issues: [],
    warnings: [],
    needsTimeZone: false,
  });
});

test('case 22: the recording is named by its base name, with / or \\', () => {
  expect(map({ filename: 'sftp/path/to/a.mp3' }).filename).toBe('a.mp3');
  expect(map({ filename: ' C:\\calls\\a.mp3 ' }).filename).toBe('a.mp3');
  expect(map({ filename: 'folder/' }).filename).toBeNull();
});

test('all six targets of meaning are read into their members and stay fields', () => {
  const fields = [
    row('s', 'startedAt', 'instant'),
    row('e', 'endedAt', 'instant'),
    row('l', 'durationSeconds', 'duration'),
    row('u', 'user', 'email'),
    row('d', 'direction', 'enum'),
  ];
  const raw = {
    s: '2021-05-11T10:00:00Z',
    e: '2021-05-11T10:01:35Z',
    l: '01:35',
    u: 'a@b.c',
    d: 'Screen Share',
  };
  const mapped = map(raw, { fields });
  const members = {
    startedAt: '2021-05-11T10:00:00.000Z',
    endedAt: '2021-05-11T10:01:35.000Z',
    durationSeconds: 95,
    user: 'a@b.c',
    direction: 'screenshare',
  };
  expect(mapped).toMatchObject({ ...members, fields: members, issues: [] });
});

test("a direction that neither the mapping nor the tenant's settings know is an issue", () => {
  expect(codes(map({ ...MINIMUM, direction: 'sideways' }).issues)).toEqual([
    ['METADATA_INVALID', 'direction'],
  ]);
});

describe('a required target', () => {
  test('that is absent or empty is missing, and no issue', () => {
    const { datetime: _, ...rest } = MINIMUM;
    expect(map(rest)).toMatchObject({ missing: ['startedAt'], startedAt: null, issues: [] });
    expect(map({ ...MINIMUM, email: ' null ', direction: '' })).toMatchObject({
      missing: ['user', 'direction'],
      issues: [],
    });
  });

  test('that cannot be read is an issue, and not missing', () => {
    const mapped = map({ ...MINIMUM, datetime: '05-12-2024 6:15:45 PM' });
    expect(mapped).toMatchObject({ missing: [], startedAt: null, needsTimeZone: false });
    expect(codes(mapped.issues)).toEqual([['METADATA_INVALID', 'datetime']]);
  });

  test('case 62: that lacks only the time zone of the tenant says so', () => {
    const mapped = map({ ...MINIMUM, datetime: '2021-05-11T21:59:59' }, { timeZone: null });
    expect(mapped).toMatchObject({ missing: [], startedAt: null, needsTimeZone: true });
    expect(codes(mapped.issues)).toEqual([['METADATA_INVALID', 'datetime']]);
  });
});

test('an absent field is not in the fields, an empty one is there as null', () => {
  const fields = [row('a', 'alpha'), row('b', 'beta')];
  expect(map({ a: '' }, { fields }).fields).toEqual({ alpha: null });
});

describe('case 70: values nobody mapped stay the strings they were', () => {
  test('whatever they look like', () => {
    const raw = {
      zip: '0042',
      phone: '+14694519385',
      id: '12345678901234567890',
      code: '0E68',
      amount: '1.10',
      blank: '',
    };
    expect(map(raw).fields).toEqual(raw);
    expect(map({ no: 'null', spaced: '  x ' }).fields).toEqual({ no: 'null', spaced: '  x ' });
  });

  test('for any names and values', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (raw) => {
        const mapped = map(raw, { fields: [] });
        expect(Object.entries(mapped.fields)).toEqual(Object.entries(raw));
        expect(Object.getPrototypeOf(mapped.fields)).toBe(Object.prototype);
      }),
    );
  });

  test('even under the name of a target, which does not hide them', () => {
    const mapped = map({ ...MINIMUM, user: 'Joe' });
    expect(mapped.user).toBe('email.of.user@test.com');
    expect(mapped.fields).toMatchObject({ user: 'email.of.user@test.com', 'source.user': 'Joe' });
  });

  test('case 75: a field named __proto__ is a field, and changes no prototype', () => {
    const raw: Record<string, string> = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const mapped = map(raw);
    expect(Object.entries(mapped.fields)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(map({}, { fields: [row('constructor', 'alpha'), row('toString', 'beta')] }).fields).toEqual({});
  });
});

describe('case 71: a nested value', () => {
  const raw = { ...MINIMUM, 'customer.name': 'Ann', 'items[0]': 'x' };
  const nestedPaths = ['customer.name', 'items[0]'];

  test('is an issue naming its path', () => {
    expect(codes(map(raw, { nestedPaths }).issues)).toEqual([
      ['NESTED_VALUE', 'customer.name'],
      ['NESTED_VALUE', 'items[0]'],
    ]);
  });

  test('is a value where the mapping names its path', () => {
    const fields = [...COACH_MINIMUM.fields, row('customer.name', 'contact'), row('Items[0]', 'item')];
    const mapped = map(raw, { fields, nestedPaths });
    expect(mapped.issues).toEqual([]);
    expect(mapped.fields).toMatchObject({ contact: 'Ann', item: 'x' });
  });

  test('is reported fifty times at most', () => {
    const paths = Array.from({ length: 1_000 }, (_, index) => `a.b${index}`);
    const nested = Object.fromEntries(paths.map((path) => [path, '']));
    expect(map(nested, { nestedPaths: paths }).issues).toHaveLength(50);
  });
});

describe('case 69: a CSV without a mapped column', () => {
  const { filename: _, ...withoutFilename } = MINIMUM;
  const { email: __, ...withoutUser } = MINIMUM;

  test('has drifted where the column is required', () => {
    expect(codes(map(withoutUser, { isCsv: true }).issues)).toEqual([['SCHEMA_DRIFT', 'email']]);
    expect(map(withoutUser, { isCsv: false }).issues).toEqual([]);
  });

  test('may lack an optional column, as any other format may', () => {
    for (const isCsv of [true, false]) expect(map(withoutFilename, { isCsv }).issues).toEqual([]);
  });

  test('is known from its header alone', () => {
    const { fields } = COACH_MINIMUM;
    expect(codes(checkColumns(['datetime', 'direction'], promisedFields(fields)))).toEqual([
      ['SCHEMA_DRIFT', 'email'],
    ]);
    expect(checkColumns(['extra', 'filename', ' direction ', 'Email', 'datetime'], fields)).toEqual([]);
  });

  test('is not one with other or reordered columns', () => {
    const reordered = Object.fromEntries(Object.entries({ extra: '1', ...MINIMUM }).reverse());
    expect(map(reordered, { isCsv: true })).toMatchObject({ issues: [], fields: { extra: '1' } });
  });
});

describe('a source field', () => {
  test('is found exactly, else in another case if only one fits', () => {
    const fields = [row('Email', 'user', 'id')];
    expect(map({ email: 'a' }, { fields }).user).toBe('a');
    expect(map({ ' Email ': 'a', email: 'b' }, { fields }).user).toBe('a');
    expect(map({ EMAIL: 'a', email: 'b' }, { fields })).toMatchObject({
      user: null,
      fields: { EMAIL: 'a', email: 'b' },
    });
  });

  test('that another row names exactly is not taken for a neighbour in another case', () => {
    const fields = [row('email', 'user', 'id'), row('Email', 'contact')];
    expect(map({ email: 'a' }, { fields }).fields).toEqual({ user: 'a' });
    const required = fields.map((field) => ({ ...field, required: true }));
    const drifted = map({ email: 'a' }, { fields: required, isCsv: true });
    expect(codes(drifted.issues)).toEqual([['SCHEMA_DRIFT', 'Email']]);
  });

  test('may feed two targets', () => {
    const fields = [row('email', 'user', 'id'), row('email', 'mail', 'email')];
    expect(map({ email: 'a@b.c' }, { fields })).toMatchObject({ user: 'a@b.c', fields: { mail: 'a@b.c' } });
  });
});

test('of two rows with one target the first that holds something counts', () => {
  const fields = [row('a', 'user', 'id'), row('b', 'user', 'id', { required: true })];
  expect(map({ a: '', b: '2' }, { fields })).toMatchObject({ user: '2', missing: [] });
  expect(map({ a: '1', b: '2' }, { fields }).user).toBe('1');
  expect(map({ a: '', b: '' }, { fields })).toMatchObject({ user: null, missing: ['user'] });
});

test('case 76: a title over 255 characters is kept and flagged, mapped or not', () => {
  const title = 'x'.repeat(256);
  for (const fields of [[], [row('title', 'title')]]) {
    const mapped = map({ title }, { fields });
    expect(mapped.fields).toEqual({ title });
    expect(codes(mapped.warnings)).toEqual([['VALUE_TOO_LONG', 'title']]);
    expect(mapped.issues).toEqual([]);
  }
});

test('options of the mapping reach every field', () => {
  const options = { defaultCountry: 'US', emptyWords: ['?'] };
  const fields = [row('p', 'phone', 'phone'), row('t', 'title')];
  expect(map({ p: '(469) 451-9385', t: '?' }, { fields, options }).fields).toEqual({
    phone: '+14694519385',
    title: null,
  });
});

test('no record makes it throw, and no source field is lost', () => {
  const fields = [
    ...COACH_MINIMUM.fields,
    row('n', 'n', 'number'),
    row('b', 'b', 'boolean'),
    row('l', 'durationSeconds', 'duration'),
    row('p', 'p', 'phone'),
    row('m', 'm', 'email'),
  ];
  const names = fc.oneof(fc.constantFrom(...fields.map(({ source }) => String(source))), fc.string());
  fc.assert(
    fc.property(fc.dictionary(names, fc.string({ unit: 'binary' })), fc.boolean(), (raw, isCsv) => {
      const mapped = map(raw, { fields, isCsv });
      expect(Object.keys(mapped.fields).length).toBeGreaterThanOrEqual(Object.keys(raw).length);
    }),
  );
});

describe('case 113: words that mean empty', () => {
  test('name no recording and no object of the CRM, mapped or not', () => {
    const fields = [
      ...COACH_MINIMUM.fields,
      { source: 'account', target: 'accountId', type: 'string' },
    ] as const satisfies FieldMapping[];
    const raw = { filename: ' N/A ', account: 'NULL', contactId: 'None', leadId: '003x', notes: 'None' };
    const mapped = map(raw, { fields });
    expect(mapped.filename).toBeNull();
    expect(mapped.fields).toMatchObject({ accountId: null, contactId: null, leadId: '003x', notes: 'None' });
  });

  test('are the ones that the mapping lists', () => {
    const options = { emptyWords: ['kein'] };
    const mapped = map({ filename: 'kein', contactId: 'Kein', accountId: 'none' }, { options });
    expect(mapped.filename).toBeNull();
    expect(mapped.fields).toMatchObject({ contactId: null, accountId: 'none' });
  });
});

test('a file name that was copied with marks of direction names its recording', () => {
  expect(map({ filename: '\u202aC:\\calls\\a.wav\u202c' }).filename).toBe('a.wav');
});

test('a mapping answers for the columns of the record at hand, whatever records came before', () => {
  const fields = [row('Stage', 'stage')];
  for (const name of ['Stage', ' stage', 'STAGE', 'Stage']) {
    expect(map({ other: 'x', [name]: 'won' }, { fields }).fields).toMatchObject({ stage: 'won' });
  }
  expect(map({ stage: 'won', STAGE: 'lost' }, { fields }).fields).not.toHaveProperty('stage');
  expect(map({ stage: 'won' }, { fields }).fields).toEqual({ stage: 'won' });
  expect(map({ stage: 'won' }, { fields: [row('state', 'stage')] }).fields).not.toHaveProperty('stage');
});

describe('a source of several fields', () => {
  const dateAndTime: FieldMapping = {
    source: { join: ['Call Date', 'Call Time'] },
    target: 'startedAt',
    type: 'instant',
    formats: ['EEE M/d/yyyy h:mm a'],
    required: true,
  };

  test('case 126: a date and a time of day in two columns are one start', () => {
    const raw = { 'Call Date': 'Mon 11/16/2026', 'Call Time': '9:04 AM' };
    expect(map(raw, { fields: [dateAndTime], isCsv: true })).toMatchObject({
      startedAt: '2026-11-16T14:04:00.000Z',
      fields: { startedAt: '2026-11-16T14:04:00.000Z' },
      issues: [],
    });
    expect(codes(map({ ...raw, 'Call Time': '' }, { fields: [dateAndTime] }).issues)).toEqual([
      ['METADATA_INVALID', 'Call Date + Call Time'],
    ]);
    const { 'Call Time': _, ...dateAlone } = raw;
    expect(codes(map(dateAlone, { fields: [dateAndTime], isCsv: true }).issues)[0]).toEqual([
      'SCHEMA_DRIFT',
      'Call Date + Call Time',
    ]);
  });

  test('of alternatives the first with a value counts, and the other is kept', () => {
    const fields: FieldMapping[] = [
      { source: ['TIMESTAMP', 'DATE'], target: 'startedAt', type: 'instant', required: true },
    ];
    const [early, late] = ['2026-11-16T09:00:00Z', '2026-11-16T10:00:00Z'];
    const both = map({ DATE: late, TIMESTAMP: early }, { fields });
    expect(both).toMatchObject({ startedAt: '2026-11-16T09:00:00.000Z', fields: { DATE: late } });
    const second = map({ DATE: late, TIMESTAMP: 'N/A' }, { fields, isCsv: true });
    expect(second.fields).toEqual({ startedAt: '2026-11-16T10:00:00.000Z' });
    expect(map({ DATE: late }, { fields, isCsv: true }).issues).toEqual([]);
    expect(codes(map({ WHEN: late }, { fields, isCsv: true }).issues)).toEqual([
      ['SCHEMA_DRIFT', 'TIMESTAMP or DATE'],
    ]);
  });

  test('a constant at the end is the default, and alone the value', () => {
    const fields: FieldMapping[] = [
      { source: ['Way', { constant: 'outbound' }], target: 'direction', type: 'enum', required: true },
      { source: { constant: 'Acme' }, target: 'company', type: 'string' },
    ];
    expect(map({ Way: 'in' }, { fields, isCsv: true }).fields).toEqual({
      direction: 'inbound',
      company: 'Acme',
    });
    expect(map({ Way: '' }, { fields }).direction).toBe('outbound');
    expect(map({}, { fields, isCsv: true })).toMatchObject({ direction: 'outbound', issues: [] });
  });
});

test('case 125: metadata without any mapped field is a warning in every format', () => {
  const raw = { Agent: 'joe', StartTime: '2026-11-16T09:00:00Z', Type: 'inbound' };
  expect(codes(map(raw).warnings)).toEqual([['NO_MAPPED_FIELD', null]]);
  expect(map(raw).warnings[0]?.message).toBe(
    'The file has Agent, StartTime, Type. The field mapping reads datetime, email, direction, filename.',
  );
  expect(map({ ...raw, email: 'a@b.c' }).warnings).toEqual([]);
});

test('an optional value that cannot be read is a warning and stays as text; a required one refuses the record', () => {
  const amount = row('Amount', 'amount', 'number');
  const read = map({ Amount: '$1250.00' }, { fields: [amount] });
  expect(read).toMatchObject({ issues: [], fields: { amount: null, 'source.Amount': '$1250.00' } });
  expect(codes(read.warnings)).toEqual([['VALUE_UNREAD', 'Amount']]);
  const required = map({ Amount: '$1250.00' }, { fields: [{ ...amount, required: true }] });
  expect(codes(required.issues)).toEqual([['METADATA_INVALID', 'Amount']]);
});

test('the words that a mapping sets as empty are empty in unmapped fields too', () => {
  expect(map({ a: 'TBD', b: 'N/A' }, { fields: [], options: { emptyWords: ['tbd'] } }).fields).toEqual({
    a: null,
    b: 'N/A',
  });
});

test('a rule of the mapping leaves records out, whatever else they hold', () => {
  const options: MappingOptions = { ignore: [{ source: 'Result', equals: ['Missed', ''] }] };
  expect(map({ ...MINIMUM, Result: ' MISSED ' }, { options }).ignoredBy).toBe('"Result" is "Missed"');
  expect(map(MINIMUM, { options }).ignoredBy).toBe('"Result" is empty');
  expect(map({ ...MINIMUM, Result: 'Answered' }, { options }).ignoredBy).toBeNull();
});

test('nested values may be kept under their paths', () => {
  const raw = { 'user.name': 'Ann' };
  expect(map(raw, { nestedPaths: ['user.name'], options: { nested: 'keep' } })).toMatchObject({
    issues: [],
    fields: raw,
  });
});
