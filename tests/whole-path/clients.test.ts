// The clients of clients/, each against the API, through a front that fails as networks do.
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EXPORT_COLUMNS } from '@callbay/core';
import { signEvent } from '@callbay/notify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CallbayClient, type ChangedCall, verifyWebhook } from '../../clients/typescript/src/index.ts';
import { makeCall, startApi, type TestApi } from '../../packages/http/test/support.ts';
import { type Fault, type FaultyFront, startFaultyFront } from './faulty-front.ts';

const run = promisify(execFile);
const PYTHON_CLIENT = join(import.meta.dirname, '../../clients/python');
/** Debian's own has the packages of Debian. */
const PYTHONS = ['/usr/bin/python3', 'python3'];
const findPython = (modules: string): string | undefined =>
  PYTHONS.find((python) => spawnSync(python, ['-c', `import ${modules}`]).status === 0);
const python = findPython('json');
const pandasPython = findPython('pandas');

const makeSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

const CALLS = 25;
let api: TestApi;
let front: FaultyFront;
let key: string;

beforeAll(async () => {
  api = await startApi();
  front = await startFaultyFront(api.url);
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  key = await api.makeKey('tenant', ['acme']);
  for (let n = 1; n <= CALLS; n += 1) {
    await makeCall(api.db, 'acme', {
      startedAt: `2026-03-01T09:${String(n).padStart(2, '0')}:00.000Z`,
      fields: { contactPhone: '+14155550123', callCenterCallId: '20444036749123456789', notes: 'a\u2028b' },
    });
  }
});
afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** What is left of a call that was deleted. */
const keepDeletion = (tenant: string, changeSeq: number): Promise<unknown> =>
  api.db.execute(
    `INSERT INTO deleted_calls (tenant_id, key_digest, call_id, deleted_at, reason, policy, change_seq)
     VALUES ($1, decode('00', 'hex'), 777, now(), 'not_evaluated', '{}', $2)`,
    [tenant, changeSeq],
  );

/** The same use of either client. */
interface Client {
  calls(options: { after: number; perPage: number }): Promise<Record<string, unknown>[]>;
  changes(after: number): Promise<ChangedCall[]>;
  upload(path: string): Promise<Record<string, unknown>>;
  /** The failure of a request. */
  failure(path: string): Promise<{ code: string; status: number; message: string; at: string | null }>;
}

const typescript: Client = (() => {
  const open = () => new CallbayClient({ url: front.url, key, retryMs: 1 });
  return {
    calls: ({ after, perPage }) => collect(open().calls({ afterCallId: after, perPage })),
    changes: (after) => collect(open().changes({ changedAfter: after, perPage: 10 })),
    upload: (path) => open().upload('acme', path),
    failure: (path) =>
      open()
        .request('GET', path)
        .then(
          () => expect.fail('it was answered'),
          ({ code, status, message, issues }) => ({ code, status, message, at: issues[0]?.at ?? null }),
        ),
  };
})();

async function runPython<Answer>(program: string, executable = python!): Promise<Answer> {
  const lines = [
    'import json, sys',
    'from callbay import CallbayError, Client, verify_webhook',
    `client = Client(${JSON.stringify(front.url)}, ${JSON.stringify(key)}, retry_seconds=0.001)`,
    program,
  ];
  const { stdout } = await run(executable, ['-B', '-c', lines.join('\n')], {
    env: { ...process.env, PYTHONPATH: PYTHON_CLIENT },
  });
  return JSON.parse(stdout) as Answer;
}

const pythonClient: Client = {
  calls: ({ after, perPage }) =>
    runPython(`print(json.dumps(list(client.calls(${after}, per_page=${perPage}))))`),
  changes: (after) => runPython(`print(json.dumps(list(client.changes(${after}, per_page=10))))`),
  upload: (path) => runPython(`print(json.dumps(client.upload("acme", ${JSON.stringify(path)})))`),
  failure: (path) =>
    runPython(
      `try:
    client.request("GET", ${JSON.stringify(path)})
except CallbayError as error:
    at = error.issues[0]["at"] if error.issues else None
    print(json.dumps({"code": error.code, "status": error.status, "message": str(error), "at": at}))`,
    ),
};

const CLIENTS: readonly { readonly name: string; readonly client: Client; readonly isMissing: boolean }[] = [
  { name: 'the TypeScript client', client: typescript, isMissing: false },
  {
    name: 'the Python client (skipped without python3)',
    client: pythonClient,
    isMissing: python === undefined,
  },
];

describe.each(CLIENTS)('$name', ({ client, isMissing }) => {
  beforeEach(({ skip }) => skip(isMissing));

  test('gives each call once, in order, page by page', async () => {
    const calls = await client.calls({ after: 3, perPage: 10 });
    expect(calls.map(({ callId }) => callId)).toEqual(Array.from({ length: CALLS - 3 }, (_, n) => n + 4));
    expect(calls[0]).toMatchObject({
      startTime: '2026-03-01T09:04:00.000Z',
      externalEndpoint: '+14155550123',
      callCenterCallId: '20444036749123456789',
      notes: 'a\u2028b',
      agent: { id: 'joe' },
    });
    expect(await client.calls({ after: CALLS, perPage: 10 })).toEqual([]);
  });

  test.each<readonly [string, readonly Fault[]]>([
    ['an answer that breaks off', ['pass', 'cut']],
    ['a front that is away', ['away', 'away', 'pass', 'away']],
    ['a server that asks to come back', ['busy', 'busy', 'busy', 'busy']],
  ])('%s costs no call and doubles none', async (_fault, faults) => {
    front.plan(faults);
    const before = front.asked.length;
    const calls = await client.calls({ after: 0, perPage: 10 });
    expect(calls.map(({ callId }) => callId)).toEqual(Array.from({ length: CALLS }, (_, n) => n + 1));
    const failed = faults.filter((fault) => fault !== 'pass').length;
    expect(front.asked.length - before).toBe(4 + failed);
  });

  test('a file is received once, whole, whatever happens to its parts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'callbay-client-'));
    const name = `20260301-100000_inbound_${client === typescript ? 'ts' : 'py'}.wav`;
    const bytes = randomBytes(20 * 2 ** 20 + 5);
    await writeFile(join(folder, name), bytes);
    const mine = key;
    key = await api.makeKey('manager', ['acme']);
    try {
      front.plan(['pass', 'cut', 'pass', 'away', 'cut']);
      const file = await client.upload(join(folder, name));
      expect(file).toMatchObject({ name, sizeBytes: bytes.length, state: 'received' });
      const stored = await api.db.query<{ id: string }>(
        'SELECT id FROM files WHERE tenant_id = $1 AND name = $2',
        ['acme', name],
      );
      expect(stored).toEqual([{ id: file.id }]);
    } finally {
      key = mine;
      await rm(folder, { recursive: true });
    }
  });

  test('gives up in the end, and says what the front answered', async () => {
    front.plan(['away', 'away', 'away', 'away', 'away']);
    expect(await client.failure('/v1/sa/call')).toMatchObject({ code: 'UNKNOWN', status: 502 });
  });

  test('an error names its code and its field, and is not asked for again', async () => {
    const before = front.asked.length;
    expect(await client.failure('/v1/sa/call?per_page=0')).toMatchObject({
      code: 'BAD_REQUEST',
      status: 400,
      at: 'per_page',
    });
    expect(await client.failure('/v1/tenants/other/files')).toMatchObject({ status: 404 });
    expect(front.asked.length - before).toBe(2);
  });

  test('changes come in their order, and of a deleted call what is left', async () => {
    const tenant = client === typescript ? 'one' : 'two';
    await api.ask('POST /v1/tenants', { body: { id: tenant, name: 'Another' } });
    const own = await api.makeKey('tenant', [tenant]);
    await makeCall(api.db, tenant, {});
    const mine = key;
    key = own;
    try {
      const [first, ...others] = await client.changes(0);
      expect(others).toEqual([]);
      expect(first).toMatchObject({ callId: 1, revision: 1 });
      expect(await client.changes(first!.changeSeq)).toEqual([]);
      await keepDeletion(tenant, first!.changeSeq + 1);
      expect(await client.changes(first!.changeSeq)).toEqual([
        { callId: 777, changeSeq: first!.changeSeq + 1, deleted: true },
      ]);
    } finally {
      key = mine;
    }
  });
});

describe('a webhook message', () => {
  const secret = makeSecret();
  const body = Buffer.from(JSON.stringify({ type: 'call.surfaced', data: { title: 'Zoë' } }));
  const headers = signEvent([makeSecret(), secret], {
    eventId: 'e-1',
    body: body.toString(),
    nowMs: Date.now(),
  });

  test('is its event where the signature is right, in TypeScript', () => {
    expect(verifyWebhook(secret, headers, body)).toEqual(JSON.parse(body.toString()));
    expect(() => verifyWebhook(makeSecret(), headers, body)).toThrow('not signed');
    expect(() => verifyWebhook(secret, headers, Buffer.concat([body, body]))).toThrow('not signed');
    expect(() => verifyWebhook(secret, headers, body, Date.now() + 301_000)).toThrow('five minutes');
    expect(() => verifyWebhook(secret, {}, body)).toThrow('webhook-id is missing');
  });

  test.skipIf(python === undefined)('and in Python (skipped without python3)', async () => {
    const answer = await runPython<unknown>(
      `import time
body = ${JSON.stringify(body.toString())}.encode()
headers = json.loads(${JSON.stringify(JSON.stringify(headers))})
def refusal(*arguments):
    try:
        verify_webhook(*arguments)
    except ValueError as error:
        return str(error)
print(json.dumps([verify_webhook("${secret}", headers, body)["data"]["title"],
    refusal("${makeSecret()}", headers, body),
    refusal("${secret}", headers, body + b" "),
    refusal("${secret}", headers, body, time.time() + 301),
    refusal("${secret}", {}, body)]))`,
    );
    expect(answer).toEqual([
      'Zoë',
      'The message is not signed with this secret.',
      'The message is not signed with this secret.',
      'The message was signed more than five minutes ago, or in the future.',
      'The header webhook-id is missing.',
    ]);
  });
});

test.skipIf(pandasPython === undefined)(
  'a data frame has times, whole numbers and texts of any length as they are (skipped without pandas)',
  async () => {
    const answer = await runPython<{ types: Record<string, string>; ids: string[]; rows: number }>(
      `frame = client.frame()
print(json.dumps({"types": {name: str(kind) for name, kind in frame.dtypes.items()}, "rows": len(frame),
    "ids": [frame["callCenterCallId"][0], frame["externalEndpoint"][0], frame["startTime"][0].isoformat()]}))`,
      pandasPython,
    );
    expect(answer.rows).toBe(CALLS);
    expect(answer.ids).toEqual(['20444036749123456789', '+14155550123', '2026-03-01T09:01:00+00:00']);
    expect(Object.keys(answer.types).sort()).toEqual(EXPORT_COLUMNS.map(({ name }) => name).sort());
    expect(answer.types).toMatchObject({
      callId: 'Int64',
      duration: 'Float64',
      startTime: 'datetime64[ns, UTC]',
      updatedAt: 'datetime64[ns, UTC]',
      'agent.id': 'string',
      notes: 'string',
    });
    for (const { name, isNumber } of EXPORT_COLUMNS)
      expect([
        name,
        answer.types[name]!.toLowerCase().includes('64') && !answer.types[name]!.startsWith('date'),
      ]).toEqual([name, isNumber]);
  },
);
