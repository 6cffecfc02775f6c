import type { ServerProbe } from './server-probe.ts';

/** Pairs of one statement. */
const CHUNK = 5_000;

/** What each copied row has of its own: `n` is its call's number from 0, $3 to $5 are the counters before. */
const COPIES = {
  files: `'id', md5(t.ext || n)::uuid, 'name', 'history-' || n || '.' || t.ext, 'stem', 'history-' || n,
          'shown_name', 'history-' || n || '.' || t.ext, 'call_key', 'stem:history-' || n, 'sha256', md5(t.ext || n),
          'blob_key', $1 || '/' || md5(t.ext || n)::uuid, 'receive_seq', $3 + 2 * (n - $4) + (t.ext = 'json')::int`,
  call_records: `'file_id', md5('json' || n)::uuid, 'stem', 'history-' || n`,
  file_steps: `'id', nextval('file_steps_id_seq'), 'file_id', md5(source.ext || n)::uuid`,
  calls: `'call_key', 'stem:history-' || n, 'call_id', n + 1, 'change_seq', $5 + n - $4 + 1,
          'recording_file_id', md5('wav' || n)::uuid, 'record_file_id', md5('json' || n)::uuid,
          'media_blob_key', $1 || '/' || md5('wav' || n)::uuid`,
  call_revisions: `'call_key', 'stem:history-' || n, 'file_id', md5('json' || n)::uuid`,
  outbox: `'call_key', 'stem:history-' || n, 'event_id', md5('event' || n)::uuid, 'seq', $5 + n - $4 + 1`,
} as const;
type Table = keyof typeof COPIES;

/** The rows of the tenant's first surfaced pair in each table. */
const TEMPLATES: Readonly<Record<Table, string>> = {
  files: 'SELECT f.* FROM files f WHERE f.tenant_id = $1 AND f.call_key = $2',
  call_records: `SELECT r.* FROM call_records r JOIN files f ON f.tenant_id = r.tenant_id AND f.id = r.file_id
                  WHERE r.tenant_id = $1 AND f.call_key = $2`,
  file_steps: `SELECT s.* FROM file_steps s JOIN files f ON f.tenant_id = s.tenant_id AND f.id = s.file_id
                WHERE s.tenant_id = $1 AND f.call_key = $2`,
  calls: 'SELECT c.* FROM calls c WHERE c.tenant_id = $1 AND c.call_key = $2',
  call_revisions: 'SELECT c.* FROM call_revisions c WHERE c.tenant_id = $1 AND c.call_key = $2',
  outbox: 'SELECT o.* FROM outbox o WHERE o.tenant_id = $1 AND o.call_key = $2',
};

async function copyStatement(probe: ServerProbe, table: Table): Promise<string> {
  const columns = await probe.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [table],
  );
  const names = columns.map(({ name }) => name);
  const source =
    table === 'file_steps'
      ? 'JOIN files source ON source.tenant_id = t.tenant_id AND source.id = t.file_id'
      : '';
  return `WITH given AS (SELECT $1::text, $2::text, $3::bigint, $4::bigint, $5::bigint),
               t AS MATERIALIZED (${TEMPLATES[table]})
          INSERT INTO ${table} (${names.join(', ')})
          SELECT ${names.map((name) => `made.${name}`).join(', ')}
            FROM given, t ${source}, generate_series($6::bigint, $7::bigint) AS n,
                 LATERAL jsonb_populate_record(NULL::${table}, to_jsonb(t) || jsonb_build_object(${COPIES[table]})) AS made`;
}

async function readCounters(probe: ServerProbe, tenantId: string): Promise<Record<string, number>> {
  const rows = await probe.query<{ name: string; value: string }>(
    'SELECT name, value FROM tenant_counters WHERE tenant_id = $1',
    [tenantId],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, Number(value)]));
}

/**
 * Grows the tenant to `files` files by copies of its first surfaced pair, without their bytes. The tables are then vacuumed and analyzed, as autovacuum would do after a while.
 */
export async function insertHistory(probe: ServerProbe, tenantId: string, files: number): Promise<void> {
  const counters = await readCounters(probe, tenantId);
  const [template] = await probe.query<{ call_key: string; files: number }>(
    `SELECT call_key, (SELECT count(*)::int FROM files WHERE tenant_id = $1) AS files FROM calls
      WHERE tenant_id = $1 AND status = 'surfaced' ORDER BY call_id LIMIT 1`,
    [tenantId],
  );
  if (template === undefined) throw new Error('no surfaced pair to copy');
  const pairs = Math.max(0, Math.ceil((files - template.files) / 2));
  const { receive = 0, call = 0, change = 0 } = counters;
  const statements: string[] = [];
  for (const table of Object.keys(COPIES) as Table[]) statements.push(await copyStatement(probe, table));
  for (let first = call; first < call + pairs; first += CHUNK) {
    const last = Math.min(first + CHUNK, call + pairs) - 1;
    for (const text of statements)
      await probe.query(text, [tenantId, template.call_key, receive + 1, call, change, first, last]);
  }
  await probe.query(
    `UPDATE tenant_counters SET value = value + CASE name WHEN 'receive' THEN 2 * $2::bigint ELSE $2 END
      WHERE tenant_id = $1 AND name IN ('receive', 'call', 'change')`,
    [tenantId, pairs],
  );
  for (const table of Object.keys(COPIES)) await probe.query(`VACUUM ANALYZE ${table}`);
}
