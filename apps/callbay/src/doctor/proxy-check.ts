import type { Config } from '@callbay/runtime';
import type pg from 'pg';
import { type Finding, ok, warn } from './finding.ts';

const SEEN = `
  SELECT EXISTS (
    SELECT FROM process_metrics p, jsonb_array_elements(p.metrics) metric, jsonb_array_elements(metric -> 'values') series
     WHERE p.role = 'api' AND p.written_at > callbay_now() - interval '1 minute'
       AND metric ->> 'name' = 'callbay_http_untrusted_forwarded_total'
       AND (series ->> 'value')::float8 > 0) AS seen`;

/** Whether a balancer seems to stand before the API without being trusted. Needs the tables of Callbay. */
export async function checkProxy(client: pg.Client, config: Config): Promise<Finding> {
  const [trusted] = config.http.trustProxy;
  if (trusted !== undefined) return ok('proxy', `X-Forwarded-For is read from ${trusted} and its like.`);
  const { rows } = await client.query<{ seen: boolean }>(SEEN);
  if (rows[0]?.seen !== true) return ok('proxy', 'No balancer seems to stand before the API.');
  return warn(
    'proxy',
    'Requests come with X-Forwarded-For, which is ignored: every client seems to have the address of the balancer.',
    'Set CALLBAY_TRUST_PROXY to the address of the balancer.',
  );
}
