import { hostname } from 'node:os';
import { type Config, explainPostgres } from '@callbay/runtime';
import pg from 'pg';
import { type Finding, fail, ok } from './finding.ts';

/** A role leaves its metrics every 15 seconds; one that missed three turns stands still. */
export const SILENT_SECONDS = 45;

/**
 * Whether a role works on this host: its process left its metrics in the database lately, so that it runs, reaches the
 * database and is not stuck. Fails where it did not, and where the database cannot be asked.
 */
export async function checkRole(config: Config, connectionString: string, role: string): Promise<Finding> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT FROM process_metrics
        WHERE role = $1 AND split_part(process, ':', 1) = $2 AND written_at > callbay_now() - make_interval(secs => $3)
        LIMIT 1`,
      [role, hostname(), SILENT_SECONDS],
    );
    if (rows.length === 1) return ok(role, `The ${role} on this host works.`);
    const sentence = `No ${role} on this host has reported within ${SILENT_SECONDS} seconds.`;
    return fail(role, sentence, 'See its log, and start it again.');
  } catch (error) {
    const explained = config.databaseUrl === null ? null : explainPostgres(config.databaseUrl, error);
    const sentence = `The database cannot be asked (${(error as Error).message}).`;
    return fail(role, explained === null ? sentence : `${explained.message}.`, 'Check the database.');
  } finally {
    await client.end();
  }
}
