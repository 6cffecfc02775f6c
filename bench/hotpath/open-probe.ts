import { findRunningPostgres } from '@callbay/embedded';
import { openServerProbe, type RunningProduct, type ServerProbe, until } from '@callbay/testkit';
import pg from 'pg';

const RESTART_LIMIT_MS = 60_000;

const findDatabase = (product: RunningProduct): Promise<string> =>
  until('Postgres answering', () => findRunningPostgres(product.home, 'callbay'));

/** Restarts the product's Postgres with pg_stat_statements, and waits until everything works on it. */
async function loadExtension(product: RunningProduct): Promise<void> {
  const client = new pg.Client({ connectionString: await findDatabase(product) });
  await client.connect();
  await client.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`);
  await client.end();
  const { postgres } = await product.pids();
  process.kill(postgres!, 'SIGINT');
  const isBack = async (): Promise<boolean> => product.log().includes('the embedded Postgres is back');
  await until('the restarted Postgres', isBack, RESTART_LIMIT_MS);
  const isReady = (): Promise<boolean> =>
    product.api('GET', '/health/ready').then(
      () => true,
      () => false,
    );
  await until('a product that is ready', isReady, RESTART_LIMIT_MS);
}

/** Has the product's Postgres count statements, and connects to it. */
export async function openProbe(product: RunningProduct): Promise<ServerProbe> {
  await loadExtension(product);
  return await openServerProbe(await findDatabase(product));
}
