import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, startApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme', timeZone: 'UTC' } });
});

afterAll(() => api[Symbol.asyncDispose]());

/** Sends a sample as a browser would. */
async function send(bytes: Buffer | string, query = 'name=sample.csv', type = 'application/octet-stream') {
  const response = await fetch(`${api.url}/v1/tenants/acme/mapping-samples?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.operator}`, 'content-type': type },
    body: new Uint8Array(Buffer.from(bytes)),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const codes = (body: Answer['body']): string[] => body.issues.map(({ code }: { code: string }) => code);

const CSV = 'datetime;email;direction;filename;talk\n2026-03-02T10:00:00Z;a@b.test;inbound;a.wav;PT95S\n';

test('a sample tells its format, encoding, delimiter, fields with examples and types, and a mapping to publish', async () => {
  const { status, body } = await send(CSV);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    kind: 'call',
    format: 'csv',
    encoding: 'utf-8',
    delimiter: ';',
    rowCount: 1,
    issues: [],
    fields: [
      { name: 'datetime', examples: ['2026-03-02T10:00:00Z'], type: 'instant', formats: ['iso8601'] },
      { name: 'email', type: 'email' },
      { name: 'direction', examples: ['inbound'] },
      { name: 'filename' },
      { name: 'talk', type: 'duration' },
    ],
  });
  const published = await api.ask('PUT /v1/tenants/acme/mappings/call', { body: body.suggestion });
  expect(published.status).toBe(200);
});

test.each([
  ['json', '{"datetime": "2026-03-02T10:00:00Z"}'],
  ['xml', '<call><datetime>2026-03-02T10:00:00Z</datetime></call>'],
  ['yaml', '---\ndatetime: 2026-03-02T10:00:00Z\n'],
  ['yaml', 'datetime: 2026-03-02T10:00:00Z\nuser: joe\n'],
  ['csv', 'datetime,user\n2026-03-02T10:00:00Z,joe\n'],
  ['csv', 'datetime\n2026-03-02T10:00:00Z\n'],
])('a sample without a name is read as %s by how it begins: %j', async (format, text) => {
  for (const type of ['text/plain', 'application/json', 'application/xml']) {
    const { body } = await send(text, '', type);
    expect(body.format).toBe(format);
    expect(body.fields[0]).toMatchObject({ name: 'datetime', type: 'instant' });
  }
});

test.each([
  ['json', '[{"datetime": "2026-03-02T10:00:00Z"}, {"datetime": "2026-03-02T11:00:00Z"}]'],
  [
    'xml',
    '<calls><call><datetime>2026-03-02T10:00:00Z</datetime></call><call><datetime>2026-03-02T11:00:00Z</datetime></call></calls>',
  ],
  ['yaml', '- datetime: 2026-03-02T10:00:00Z\n- datetime: 2026-03-02T11:00:00Z\n'],
])(
  'a list as %s is read as its records, and the mapping that is suggested takes lists',
  async (format, text) => {
    const { body } = await send(text, '');
    expect(body).toMatchObject({
      format,
      rowCount: 2,
      fields: [{ name: 'datetime', filled: 2 }],
      suggestion: { fields: [{ source: 'datetime', target: 'startedAt' }], options: { manyRecords: true } },
    });
  },
);

test('a word that is no direction is named', async () => {
  const { body } = await send('[{"direction": "Outgoing"}, {"direction": "sideways"}]', '');
  const issue = body.issues.find(({ code }: { code: string }) => code === 'DIRECTION_WORD_UNKNOWN');
  expect(issue.message).toContain('"sideways"');
  expect(issue.message).not.toContain('Outgoing');
});

test('UTF-16 without a byte order mark is detected', async () => {
  const { body } = await send(Buffer.from(CSV, 'utf16le'));
  expect(body).toMatchObject({ encoding: 'utf-16le', delimiter: ';', rowCount: 1 });
});

test('case 63: a date of two readings is told as ambiguous and left out of the suggestion', async () => {
  const { body } = await send('datetime,email,direction\n05-12-2024,a@b.test,in\n');
  expect(body.fields[0]).toMatchObject({ formats: [], ambiguous: ['MM-dd-yyyy', 'dd-MM-yyyy'] });
  expect(body.suggestion.fields.map(({ target }: { target: string }) => target)).not.toContain('startedAt');
  expect(codes(body)).toEqual(['DATE_ORDER_AMBIGUOUS', 'TIME_OF_DAY_MISSING']);
});

test('case 71: nested values come with flat names that are free', async () => {
  const { body } = await send('{"customer": {"name": "Ann"}, "customer_name": "x"}', 'name=a.json');
  expect(body.nested).toEqual([{ path: 'customer.name', name: 'customer_name_2' }]);
});

test('case 74: white space around a field name is told', async () => {
  const { body } = await send('{"   ChurnRisk": "high"}', 'name=a.json');
  expect(body.fields[0].name).toBe('ChurnRisk');
  expect(body.warnings).toMatchObject([{ code: 'KEY_TRIMMED' }]);
});

test('what a file name gives is not asked of its sample', async () => {
  const { body } = await send('{"note": "x"}', 'name=20260302-100000_inbound_joe.json');
  expect(codes(body)).toEqual([]);
});

test('a sample of contacts finds their id', async () => {
  const { body } = await send(
    'Contact ID,Email\n003A000000Lx1aB,a@b.test\n',
    'kind=contacts&name=contacts.csv',
  );
  expect(body.suggestion.fields).toMatchObject([{ target: 'externalId' }, { target: 'email' }]);
});

describe('a hostile sample is refused with a code and a sentence, and the next one is read', () => {
  const many = (n: number, name: (i: number) => string) =>
    Array.from({ length: n }, (_, i) => name(i)).join(',');
  test.each([
    ['a column __proto__', 'name=a.csv', '__proto__,b\n1,2\n', 'METADATA_INVALID'],
    ['a key __proto__', 'name=a.json', '{"__proto__": {"x": "1"}}', 'METADATA_INVALID'],
    [
      '10,000 columns',
      'name=a.csv',
      `${many(10_000, (i) => `c${i}`)}\n${many(10_000, String)}\n`,
      'ROW_TOO_LARGE',
    ],
    ['a cell of 9 MB', 'name=a.csv', `a,b\n1,${'x'.repeat(9 * 2 ** 20)}\n`, 'ROW_TOO_LARGE'],
    ['a NUL', 'name=a.csv', 'a,b\n1,x\0y\n', 'METADATA_INVALID'],
    ['a header twice', 'name=a.csv', 'a,a\n1,2\n', 'DUPLICATE_HEADER'],
    ['100,000 arrays in each other', 'name=a.json', '['.repeat(100_000), 'METADATA_INVALID'],
    ['an entity bomb', 'name=a.xml', '<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>', 'METADATA_INVALID'],
    ['nothing but blanks', 'name=a.json', '   ', 'METADATA_INVALID'],
    ['half a character', 'name=a.csv', Buffer.from([0xff, 0xfe, 0x00, 0xd8]), 'METADATA_INVALID'],
  ])('%s', async (_title, query, bytes, code) => {
    const { status, body } = await send(bytes, query);
    const found = [body.code, ...codes(body)];
    expect(found).toContain(code);
    // One bad row leaves a header to learn from; everything else is refused whole.
    expect([200, 422]).toContain(status);
    expect((await send(CSV)).status).toBe(200);
  });

  test('a cell of 64 MB is over the limit of the body', async () => {
    const { status, body } = await send(`a,b\n1,${'x'.repeat(64 * 2 ** 20)}\n`).catch(() => ({
      status: 413,
      body: { code: 'PAYLOAD_TOO_LARGE' },
    }));
    expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  test.each(['kind=nonsense', 'colour=red'])('an unknown %s is told by its place', async (query) => {
    const { status, body } = await send(CSV, query);
    expect([status, body.issues[0].at]).toEqual([400, query.split('=')[0]]);
  });

  test('no body at all is told', async () => {
    const { status, body } = await send('');
    expect([status, codes(body)]).toEqual([400, ['REQUIRED']]);
  });
});

test('nothing of a sample is kept', async () => {
  await send('secret_column\nsecret value\n');
  const rows = await api.db.query<{ count: number }>(
    `SELECT count(*) AS count FROM audit_log WHERE detail::text LIKE '%secret%'`,
  );
  expect(rows).toEqual([{ count: 0 }]);
});
