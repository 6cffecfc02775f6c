import { apiKeyId, digestOf } from '@callbay/ingestion';
import { type Config, readFileIfThere } from '@callbay/runtime';
import type pg from 'pg';
import { type Finding, fail, ok, warn } from './finding.ts';

const FIX = 'Make one with `callbay operator-key` on the host.';

const IN_FORCE = `form = 'key' AND role = 'operator' AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > callbay_now())`;

/** Whether anybody can still administer Callbay, and whether the key of this home can. */
export async function checkOperatorKey(client: pg.Client, config: Config): Promise<Finding> {
  const { rows: inForce } = await client.query(`SELECT FROM api_keys WHERE ${IN_FORCE} LIMIT 1`);
  if (inForce.length === 0) return fail('operator key', 'No operator key is in force.', FIX);
  const key = (await readFileIfThere(config.operatorKeyFile))?.trim();
  if (key === undefined) return ok('operator key', 'This node has none; one in force was made elsewhere.');
  const { rows: ours } = await client.query(
    `SELECT FROM api_keys WHERE ${IN_FORCE} AND id = $1 AND digest = $2`,
    [apiKeyId(key), digestOf(key)],
  );
  if (ours.length === 1) return ok('operator key', 'The key in CALLBAY_HOME is in force.');
  return warn('operator key', `The key in ${config.operatorKeyFile} is not in force; others are.`, FIX);
}
