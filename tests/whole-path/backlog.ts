import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import { applyMigrations, openDatabase } from '@callbay/postgres';
import {
  makeSftpUser,
  makeTenant,
  makeWav,
  openServerProbe,
  openSftp,
  type RunningCallbay,
  type ServerProbe,
  type ServerReading,
  type SftpClient,
  startCallbay,
  until,
} from '@callbay/testkit';
import { json } from './support.ts';

const CONNECTIONS = 4;
const SURFACING_LIMIT_MS = 60_000;
/** Marks our own statements in the server's log. */
const APPLICATION = 'callbay-backlog';

/** What a pair of a backlog costs, each figure for one pair. */
export interface PairCosts {
  readonly statements: number;
  readonly commits: number;
  /** Without images of whole pages, which depend on when the last checkpoint was. */
  readonly walBytes: number;
  readonly buffers: number;
  /** Rows of our tables and the queue's that were read or fetched. */
  readonly rowsRead: number;
  /** Statements that were parsed and planned although they had run before, with how often they ran. */
  readonly unnamed: ReadonlyMap<string, number>;
}

/** A server that counts and logs every statement, with one tenant whose backlogs are worked off. */
export interface BacklogBench extends AsyncDisposable {
  readonly tenantId: string;
  readonly probe: ServerProbe;
  /** Has so many pairs received before any is read, then waits until all have surfaced. */
  measure(pairs: number): Promise<PairCosts>;
}

interface Totals {
  readonly reading: ServerReading;
  readonly walPosition: string;
  readonly logBytes: number;
}

const rowsRead = ({ tables }: ServerReading): number =>
  tables.reduce((total, table) => total + table.rowsRead, 0);

/** Statements of one session that need no plan worth keeping. */
const IS_PLANLESS = /^(begin|commit|rollback|set|reset|analyze|listen|notify|savepoint|copy)\b/i;

/** `LOG` lines of our own application that ran a statement without a name, and how often. */
function findUnnamed(log: string): Map<string, number> {
  const found = new Map<string, number>();
  const line = new RegExp(`^${APPLICATION} LOG: {2}(?:execute <unnamed>|statement): (.*(?:\\n\\t.*)*)`, 'gm');
  for (const [, text = ''] of log.matchAll(line)) {
    const words = text.replaceAll(/\s+/g, ' ').trim();
    if (!IS_PLANLESS.test(words)) found.set(words, (found.get(words) ?? 0) + 1);
  }
  return found;
}

async function sendPairs(clients: readonly SftpClient[], from: number, pairs: number): Promise<void> {
  let next = from;
  const lanes = clients.map(async (client) => {
    while (next < from + pairs) {
      const n = next++;
      const stem = `20260302-100000_outbound_${n}`;
      await client.put(`${stem}.wav`, makeWav({ seconds: 1, seed: n }));
      await client.put(`${stem}.json`, json({ contactName: `Contact ${n}` }));
    }
  });
  await Promise.all(lanes);
}

async function startServer(stack: AsyncDisposableStack): Promise<EmbeddedPostgres> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-backlog-'));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const settings = {
    shared_preload_libraries: 'pg_stat_statements',
    log_statement: 'all',
    log_line_prefix: '%a ',
    // Its work would be counted among ours.
    autovacuum: 'off',
  };
  const server = await startEmbeddedPostgres({ home, isThrowaway: true, settings });
  stack.defer(() => server.stop());
  return server;
}

export async function startBacklogBench(): Promise<BacklogBench> {
  await using stack = new AsyncDisposableStack();
  const server = await startServer(stack);
  const connectionString = await server.createDatabase('backlog');
  await applyMigrations(connectionString);
  const probe = stack.use(await openServerProbe(connectionString));
  await probe.query('CREATE EXTENSION pg_walinspect');
  const open = () => openDatabase({ connectionString, max: 16, applicationName: APPLICATION });
  const user = await (async () => {
    await using db = open();
    return await makeSftpUser(db, await makeTenant(db));
  })();
  let sent = 0;

  async function workOff(callbay: RunningCallbay, pairs: number): Promise<void> {
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => openSftp(callbay.sftpPort, user)),
    );
    const surfaced = await probe.countSurfaced(user.tenantId);
    await sendPairs(clients, sent, pairs);
    sent += pairs;
    await callbay.startWorkers();
    const isSurfaced = async () => (await probe.countSurfaced(user.tenantId)) >= surfaced + pairs;
    await until('every pair surfaced', isSurfaced, SURFACING_LIMIT_MS);
    const isDrained = async () => Object.values(await callbay.queueCounts()).every((count) => count === 0);
    await until('an empty queue', isDrained);
    for (const client of clients) await client[Symbol.asyncDispose]();
  }

  /** Everything that starts with a product ends with it: a session reports its counts when it ends. */
  async function run(pairs: number): Promise<void> {
    const db = open();
    const database = { db, connectionString, [Symbol.asyncDispose]: () => db.close() };
    await using callbay = await startCallbay({ database, isIdle: true });
    await workOff(callbay, pairs);
  }

  async function readTotals(): Promise<Totals> {
    const isAlone = async () => {
      const others = await probe.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> ALL ($1)`,
        [[...probe.pids]],
      );
      return others.length === 0;
    };
    await until('every session of the product ended', isAlone);
    const [wal] = await probe.query<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at');
    const reading = await probe.read();
    return { reading, walPosition: wal!.at, logBytes: (await readFile(server.logFile)).length };
  }

  async function countWal(from: Totals, to: Totals): Promise<number> {
    const [wal] = await probe.query<{ bytes: number }>(
      'SELECT sum(record_size)::float8 AS bytes FROM pg_get_wal_stats($1::pg_lsn, $2::pg_lsn)',
      [from.walPosition, to.walPosition],
    );
    return wal!.bytes;
  }

  async function readUnnamed(from: Totals, to: Totals): Promise<Map<string, number>> {
    const log = await readFile(server.logFile);
    return findUnnamed(log.subarray(from.logBytes, to.logBytes).toString('utf8'));
  }

  const moved = stack.move();
  return {
    tenantId: user.tenantId,
    probe,
    measure: async (pairs) => {
      // The first product after tables have changed reads the catalogs anew.
      await run(0);
      // What starting and stopping costs is measured alone and subtracted.
      const start = await readTotals();
      await run(0);
      const before = await readTotals();
      await run(pairs);
      const after = await readTotals();
      const perPair = (of: (reading: ServerReading) => number): number =>
        (of(after.reading) - 2 * of(before.reading) + of(start.reading)) / pairs;
      const ofStart = await readUnnamed(start, before);
      const unnamed = [...(await readUnnamed(before, after))].map(
        ([text, count]) => [text, count - (ofStart.get(text) ?? 0)] as const,
      );
      const walBytes = (await countWal(before, after)) - (await countWal(start, before));
      return {
        statements: perPair(({ counters }) => counters.statements),
        commits: perPair(({ counters }) => counters.commits),
        walBytes: walBytes / pairs,
        buffers: perPair(({ counters }) => counters.buffers),
        rowsRead: perPair(rowsRead),
        unnamed: new Map(unnamed.filter(([, count]) => count > 0)),
      };
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}
