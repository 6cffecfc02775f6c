import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, openDatabase } from '@callbay/postgres';
import { openSftp, type RunningProduct, startProduct, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** More than two slices, so that two processes share the batch. */
const ROWS = 21_000;
const LIMIT_MS = 240_000;
const PIPELINE = join(import.meta.dirname, '../../apps/pipeline/src/main.ts');

let product: RunningProduct;
let db: Database;
beforeAll(async () => {
  product = await startProduct();
  const { DATABASE_URL } = await environmentOf((await product.pids()).pipeline!);
  db = openDatabase({ connectionString: DATABASE_URL!, max: 2, applicationName: 'kill-test' });
}, 90_000);
afterAll(async () => {
  await db?.close();
  await product?.[Symbol.asyncDispose]();
});

async function environmentOf(pid: number): Promise<Record<string, string>> {
  const entries = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean);
  return Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s, 2) as [string, string]));
}

/** Another pipeline of the same installation, which nobody starts again. */
async function startSecondPipeline(): Promise<ChildProcess> {
  const env = await environmentOf((await product.pids()).pipeline!);
  const child = spawn(process.execPath, [PIPELINE], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
  await until('the second pipeline works', async () => log.includes('pipeline works'), 60_000);
  return child;
}

/** Two of three rows have their recordings, as reading those leaves them. Some rows are twice, some cannot be read. */
const insertRecordings = (tenantId: string): Promise<number> =>
  db.execute(
    `WITH made AS (
       INSERT INTO files (tenant_id, id, drop, name, stem, ext, size_bytes, blob_key, sent_by, received_at, receive_seq,
              modified_at, kind, sha256, classified_at, media, call_key, shown_name)
       SELECT $1, gen_random_uuid(), 'sftp', 'call-' || n || '.wav', 'call-' || n, 'wav', 1000, $1 || '/none-' || n,
              'test', callbay_now(), n + 1, callbay_now(), 'recording', md5(n::text), callbay_now(),
              '{"contentType":"audio/wav","durationSeconds":3,"channels":2,"codec":"pcm","isTruncated":false}',
              'stem:call-' || n, 'call-' || n || '.wav'
         FROM generate_series(0, $2::int - 1) AS n WHERE n % 3 > 0
     )
     UPDATE tenant_counters SET value = $2 WHERE tenant_id = $1 AND name = 'receive'`,
    [tenantId, ROWS],
  );

const batch = (): string => {
  const lines = ['datetime,email,direction,filename'];
  for (let n = 0; n < ROWS; n += 1) {
    const line = `2026-03-02T10:00:00Z,rep${n % 50}@acme.test,outbound,call-${n}.wav`;
    if (n % 1_000 === 7) lines.push(line, line);
    else if (n % 1_000 === 11) lines.push(`${line},one cell too many`);
    else lines.push(line);
  }
  return `${lines.join('\n')}\n`;
};

async function sendBatch(tenantId: string): Promise<void> {
  const user = await product.makeTenant(tenantId);
  await insertRecordings(tenantId);
  await using client = await openSftp(product.sftpPort, user);
  await client.put('day.csv', batch());
}

const slicesOf = (tenantId: string): Promise<unknown[]> =>
  db.query('SELECT FROM batch_slices WHERE tenant_id = $1 AND leased_until > callbay_now()', [tenantId]);

const hasEnded = (tenantId: string) => async (): Promise<boolean> => {
  const ended = await db.query('SELECT FROM batches WHERE tenant_id = $1 AND advanced_at IS NOT NULL', [
    tenantId,
  ]);
  return ended.length > 0;
};

/** What the rows of the batch came to; without ids, numbers and times, which differ from run to run. */
const stateOf = async (tenantId: string): Promise<unknown> => ({
  rows: await db.query(
    `SELECT row, state, outcome_code, outcome_message FROM call_records WHERE tenant_id = $1 ORDER BY row`,
    [tenantId],
  ),
  files: await db.query(
    `SELECT name, state, outcome_code, folder, shown_name, call_key FROM files WHERE tenant_id = $1 ORDER BY name`,
    [tenantId],
  ),
  calls: await db.query(
    `SELECT call_key, status, revision, record_row, fields, user_id, call_id IS NOT NULL AS has_id FROM calls
      WHERE tenant_id = $1 ORDER BY call_key`,
    [tenantId],
  ),
  revisions: await db.query(
    `SELECT call_key, revision, changed FROM call_revisions WHERE tenant_id = $1 ORDER BY call_key, revision`,
    [tenantId],
  ),
  events: await db.query(
    `SELECT call_key, revision, type FROM outbox WHERE tenant_id = $1 ORDER BY call_key, revision, type`,
    [tenantId],
  ),
  steps: await db.query(
    `SELECT f.name, s.step, s.code FROM file_steps s JOIN files f ON f.tenant_id = s.tenant_id AND f.id = s.file_id
      WHERE s.tenant_id = $1 ORDER BY f.name, s.id`,
    [tenantId],
  ),
});

/** Numbers of calls and events without a gap: each was given once. */
const numbersOf = async (tenantId: string): Promise<unknown> => {
  const [numbers] = await db.query(
    `SELECT (SELECT count(call_id) FROM calls WHERE tenant_id = $1) AS calls,
            (SELECT max(call_id) FROM calls WHERE tenant_id = $1) AS "lastCall",
            (SELECT count(*) FROM outbox WHERE tenant_id = $1) AS events,
            (SELECT max(seq) FROM outbox WHERE tenant_id = $1) AS "lastEvent"`,
    [tenantId],
  );
  return numbers;
};

test(
  'a pipeline killed while two advance one batch leaves the calls and outcomes that one alone makes',
  async () => {
    await sendBatch('alone');
    await until('one pipeline has advanced the batch', hasEnded('alone'), LIMIT_MS);

    const second = await startSecondPipeline();
    await sendBatch('shared');
    await until('both have rows', async () => (await slicesOf('shared')).length > 1, LIMIT_MS);
    await until(
      'calls are surfacing',
      async () => (await db.query(`SELECT FROM outbox WHERE tenant_id = 'shared' LIMIT 1`)).length > 0,
      LIMIT_MS,
    );
    const gone = once(second, 'exit');
    second.kill('SIGKILL');
    await gone;
    expect(await hasEnded('shared')()).toBe(false);
    const left = await db.execute(
      `UPDATE batch_slices SET leased_until = callbay_now() WHERE tenant_id = 'shared'`,
    );
    expect(left).toBeGreaterThan(0);
    await until('the other has advanced the rest', hasEnded('shared'), LIMIT_MS);

    expect(await stateOf('shared')).toEqual(await stateOf('alone'));
    const expected = ROWS - Math.ceil(ROWS / 3);
    const numbers = await numbersOf('shared');
    expect(numbers).toEqual(await numbersOf('alone'));
    const { calls, lastCall, events, lastEvent } = numbers as Record<string, number>;
    expect({ lastCall, events, lastEvent }).toEqual({ lastCall: calls, events: calls, lastEvent: calls });
    expect(calls).toBeGreaterThan(expected - ROWS / 500);
  },
  3 * LIMIT_MS,
);
