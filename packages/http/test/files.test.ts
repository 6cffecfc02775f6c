import { STEP_SENTENCES } from '@callbay/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFile, startApi, type TestApi } from './support.ts';

let api: TestApi;
const ids: string[] = [];

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  ids.push(await makeFile(api.db, 'acme', { name: 'a.wav' }));
  ids.push(
    await makeFile(api.db, 'acme', {
      name: 'a.json',
      kind: 'sidecar',
      state: 'rejected',
      code: 'METADATA_INVALID',
    }),
  );
  ids.push(
    await makeFile(api.db, 'acme', { name: 'a.json', kind: 'sidecar', state: 'done', code: 'SURFACED' }),
  );
});

afterAll(() => api[Symbol.asyncDispose]());

const listed = async (query: string): Promise<string[]> => {
  const { body } = await api.ask(`GET /v1/tenants/acme/files${query}`);
  return body.items.map(({ id }: { id: string }) => id);
};

test('a file tells where it is, what became of it and when it goes', async () => {
  const { body } = await api.ask(`GET /v1/tenants/acme/files/${ids[0]}`);
  expect(body).toMatchObject({
    id: ids[0],
    drop: 'sftp',
    path: '/data/a.wav',
    name: 'a.wav',
    kind: 'recording',
    sizeBytes: 10,
    state: 'held',
    location: '/data/a.wav',
    warnings: [],
    callKey: null,
    callId: null,
    purgedAt: null,
    outcome: { code: 'NO_METADATA', message: 'A sentence.', fix: 'A fix.' },
  });
  expect(Date.parse(body.purgeAt) - Date.parse(body.receivedAt)).toBe(7 * 86_400_000);
});

test('files are listed newest first, page by page, and by what became of them', async () => {
  const [first, second, third] = ids;
  expect(await listed('')).toEqual([third, second, first]);
  const page = await api.ask('GET /v1/tenants/acme/files?limit=2');
  expect(await listed(`?limit=2&cursor=${page.body.nextCursor}`)).toEqual([first]);
  expect(await listed('?state=rejected')).toEqual([second]);
  expect(await listed('?code=NO_METADATA')).toEqual([first]);
  expect(await listed('?kind=sidecar&name=a.json')).toEqual([third, second]);
  expect(await listed('?name=b.json')).toEqual([]);
});

test('files are found by a part of their name, by time and by sender', async () => {
  const [first, second, third] = ids;
  expect(await listed('?q=.WAV')).toEqual([first]);
  expect(await listed('?q=A')).toEqual([third, second, first]);
  // What stands for anything in LIKE stands for itself here.
  expect(await listed('?q=%25')).toEqual([]);
  expect(await listed('?q=a_json')).toEqual([]);
  const { body } = await api.ask(`GET /v1/tenants/acme/files/${second}`);
  const after = new Date(Date.parse(body.receivedAt) + 1).toISOString();
  expect(await listed(`?from=${body.receivedAt}&to=${after}`)).toContain(second);
  expect(await listed(`?to=${body.receivedAt}`)).not.toContain(second);
  await api.db.execute(`UPDATE files SET sent_by = 'acme-pbx' WHERE id = $1`, [second]);
  expect(await listed('?sentBy=acme-pbx')).toEqual([second]);
});

test('the rows of a batch are listed in its own order, page by page, and by what became of them', async () => {
  const fileId = await makeFile(api.db, 'acme', {
    name: 'day.csv',
    kind: 'batch',
    state: 'done',
    code: 'BATCH_DONE',
  });
  for (const [row, state, code] of [
    [1, 'done', 'SURFACED'],
    [2, 'held', 'NO_RECORDING'],
    [3, 'rejected', 'METADATA_INVALID'],
    [4, 'received', null],
  ]) {
    await api.db.execute(
      `INSERT INTO call_records (tenant_id, file_id, row, line, stem, nested_paths, at, issues, is_batch_row, state, outcome_code)
       VALUES ('acme', $1, $2::int, $2 + 1, 'day/' || $2, '[]', '', '[]', TRUE, $3, $4)`,
      [fileId, row, state, code],
    );
  }
  const rows = `GET /v1/tenants/acme/files/${fileId}/rows`;
  const codesOf = ({ body }: { body: { items: { line: number; code: string | null }[] } }) =>
    body.items.map(({ line, code }) => `${line} ${code}`);
  const first = await api.ask(`${rows}?limit=3`);
  expect(codesOf(first)).toEqual(['2 SURFACED', '3 NO_RECORDING', '4 METADATA_INVALID']);
  const second = await api.ask(`${rows}?limit=3&cursor=${first.body.nextCursor}`);
  expect([codesOf(second), second.body.nextCursor]).toEqual([['5 null'], null]);
  expect(codesOf(await api.ask(`${rows}?code=NO_RECORDING`))).toEqual(['3 NO_RECORDING']);
  expect(codesOf(await api.ask(`${rows}?state=rejected`))).toEqual(['4 METADATA_INVALID']);
  expect(codesOf(await api.ask(`GET /v1/tenants/acme/files/${ids[0]}/rows`))).toEqual([]);
  await api.db.execute(`DELETE FROM files WHERE id = $1`, [fileId]);
});

test('an explanation tells the steps in order', async () => {
  for (const [step, at] of [
    ['classified', '2026-03-01T00:00:02Z'],
    ['received', '2026-03-01T00:00:01Z'],
  ]) {
    await api.db.execute(
      `INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, dedupe) VALUES ('acme', $1, $2, $3, NULL, 'So.', $3)`,
      [ids[0], at, step],
    );
  }
  const { body } = await api.ask(`GET /v1/tenants/acme/files/${ids[0]}/explanation`);
  expect(body.file.id).toBe(ids[0]);
  expect(body.steps).toEqual([
    { at: '2026-03-01T00:00:01.000Z', step: 'received', code: null, message: 'So.', detail: {} },
    { at: '2026-03-01T00:00:02.000Z', step: 'classified', code: null, message: 'So.', detail: {} },
  ]);
});

test('a story begins with the arrival of the file, whether or not a step was stored for it', async () => {
  await api.db.execute(
    `DELETE FROM file_steps WHERE tenant_id = 'acme' AND file_id = $1 AND step = 'received'`,
    [ids[0]],
  );
  const { body } = await api.ask(`GET /v1/tenants/acme/files/${ids[0]}/explanation`);
  expect(body.steps.map(({ step }: { step: string }) => step)).toEqual(['received', 'classified']);
  expect(body.steps[0]).toMatchObject({
    at: body.file.receivedAt,
    code: null,
    message: STEP_SENTENCES.received,
    detail: { drop: 'sftp', sizeBytes: body.file.sizeBytes },
  });
});

test('a held or rejected file is judged again; one that took part in a call is a conflict', async () => {
  const replay = (id: string | undefined) => api.ask(`POST /v1/tenants/acme/files/${id}/replay`);
  const rejected = await replay(ids[1]);
  expect([rejected.status, rejected.body.state]).toEqual([202, 'received']);
  const done = await replay(ids[2]);
  expect([done.status, done.body.code]).toEqual([409, 'CONFLICT']);
  const { body } = await api.ask('GET /v1/audit?tenantId=acme&limit=1');
  expect(body.items).toMatchObject([{ action: 'file.replay', target: ids[1], tenantId: 'acme' }]);
});

test('the purge preview lists what goes until a time, soonest first, page by page', async () => {
  const none = await api.ask('GET /v1/tenants/acme/purges/preview');
  expect(none.body.items).toEqual([]);
  expect(Date.parse(none.body.until) - Date.now()).toBeGreaterThan(86_000_000);
  const until = new Date(Date.now() + 8 * 86_400_000).toISOString();
  const path = `GET /v1/tenants/acme/purges/preview?until=${until}&limit=2`;
  const first = await api.ask(path);
  const rest = await api.ask(`${path}&cursor=${first.body.nextCursor}`);
  const seen = [first, rest].flatMap(({ body }) =>
    body.items.map(({ fileId }: { fileId: string }) => fileId),
  );
  expect(seen.sort()).toEqual([...ids].sort());
  expect(rest.body.nextCursor).toBeNull();
});

test('refused rows come out as a CSV with the values that the file gave, to be corrected and sent again', async () => {
  const fileId = await makeFile(api.db, 'acme', {
    name: 'week.csv',
    kind: 'batch',
    state: 'done',
    code: 'BATCH_DONE',
  });
  for (let row = 1; row <= 120; row += 1) {
    const raw = row === 2 ? { when: '31/02/2026', note: 'a "b", c\nd' } : { when: 'x', only: `${row}` };
    await api.db.execute(
      `INSERT INTO call_records (tenant_id, file_id, row, line, stem, raw, nested_paths, at, issues, is_batch_row, state, outcome_code, outcome_message)
       VALUES ('acme', $1, $2::int, $2 + 1, 'week/' || $2, $3, '[]', '', '[]', TRUE, $4, $5, 'No such day.')`,
      [
        fileId,
        row,
        JSON.stringify(raw),
        row === 1 ? 'done' : 'rejected',
        row === 1 ? 'SURFACED' : 'METADATA_INVALID',
      ],
    );
  }
  const answer = await api.ask(`GET /v1/tenants/acme/files/${fileId}/rows?format=csv&state=rejected`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/csv/);
  const lines = answer.text.split('\r\n');
  expect(lines.slice(0, 3)).toEqual([
    'line,state,code,message,note,only,when',
    '3,rejected,METADATA_INVALID,No such day.,"a ""b"", c\nd",,31/02/2026',
    '4,rejected,METADATA_INVALID,No such day.,,3,x',
  ]);
  expect(lines).toHaveLength(121);
  const absent = '0c0ffee0-0000-4000-8000-000000000001';
  expect((await api.ask(`GET /v1/tenants/acme/files/${absent}/rows?format=csv`)).status).toBe(404);
});
