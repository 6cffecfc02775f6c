import type { Database } from '@callbay/postgres';

/** Calls of one statement: short enough for the pool's time limit on a busy machine. */
const CHUNK = 20_000;

/**
 * One chunk of made-up surfaced calls, spread evenly over 2025: thirteen typed fields and a note of seven words, drawn
 * so that some words are in every tenth call and most in a few of a million. `phase` says `pilot` in the latest
 * fiftieth only, which a planner that takes values to be spread evenly does not see.
 */
const INSERT = `
INSERT INTO calls (tenant_id, call_key, status, call_id, revision, started_at, direction, user_id, duration_seconds,
                   fields, raw, mapping_version, media, surfaced_at, updated_at, change_seq, search_text)
SELECT $1, 'stem:' || n, 'surfaced', n, 1, at, direction, usr, (n::bigint * 7919) % 3600, f.fields, '{}', 1,
       '{"name":"call.wav","contentType":"audio/wav","sizeBytes":1000000,"sha256":"00","durationSeconds":60,"channels":2,"codec":"pcm","speakerSeparation":"channels"}',
       at + interval '10 minutes', at + interval '10 minutes', n,
       concat_ws(' ', usr, direction, f.fields ->> 'stage', f.fields ->> 'accountId', f.fields ->> 'campaign',
                 f.fields ->> 'product', f.fields ->> 'region', f.fields ->> 'caseNumber', f.fields ->> 'note',
                 f.fields ->> 'phase')
  FROM (SELECT n, timestamptz '2025-01-01T00:00:00Z' + (n::float8 / $4) * interval '365 days' AS at,
               (ARRAY['inbound', 'outbound', 'internal'])[1 + floor(random() * 3)::int] AS direction,
               'user' || floor(random() * 2000)::int || '@example.com' AS usr
          FROM generate_series($2::int, $3::int) AS n OFFSET 0) AS made,
       LATERAL (SELECT jsonb_build_object(
           'stage', (ARRAY['New', 'Open', 'Demo', 'Offer', 'Won', 'Lost', 'Stalled', 'Closed'])[1 + floor(random() * 8)::int],
           'amount', floor(random() * 100000)::int,
           'accountId', 'A-' || floor(random() * 50000)::int,
           'campaign', 'campaign' || floor(random() * 200)::int,
           'product', 'product' || floor(random() * 40)::int,
           'region', (ARRAY['north', 'south', 'east', 'west'])[1 + floor(random() * 4)::int],
           'caseNumber', 'C' || n,
           'score', floor(random() * 100)::int,
           'vip', random() < 0.05,
           'closeDate', to_char(at + random() * interval '90 days', 'YYYY-MM-DD"T"HH24:MI:SS.000"Z"'),
           'phase', CASE WHEN n > $4 * 0.98 THEN 'pilot' ELSE 'regular' END,
           'team', 'team' || floor(random() * 30)::int,
           'note', (SELECT string_agg('w' || floor(power(random(), 3) * 20000)::int, ' ') FROM generate_series(1, 7) WHERE n > 0)
         ) AS fields) AS f`;

/** Fills one tenant with so many surfaced calls, and has the planner count what is there, as autovacuum would. */
export async function loadCalls(db: Database, tenantId: string, count: number): Promise<void> {
  for (let first = 1; first <= count; first += CHUNK) {
    await db.execute(INSERT, [tenantId, first, Math.min(first + CHUNK - 1, count), count]);
    if (first % (CHUNK * 10) === 1) process.stderr.write(`${first - 1} of ${count} calls\n`);
  }
}
