import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENDLESS_ROOM, type JobQueue } from '@callbay/ingestion';
import {
  createDropView,
  createFileReceiver,
  createFolderDropStore,
  createFolderStore,
  createMoveStore,
} from '@callbay/postgres';
import { FolderScanner, type FolderScannerDeps, type ScanResult } from '@callbay/sources';
import type { RunningCallbay } from './start-callbay.ts';

/** A tenant's folder, scanned on command with a settle clock that tests move. */
export interface TestFolder extends AsyncDisposable {
  readonly tenantId: string;
  readonly root: string;
  readonly spool: string;
  /** What a scanner stands on, but for the clock that tests move. */
  readonly deps: Omit<FolderScannerDeps, 'monotonicMs'>;
  /** The tenant's folder. */
  readonly home: string;
  /** Errors that an operator would see. */
  readonly errors: object[];
  /** The path of a file in `data`. */
  data(name: string): string;
  put(name: string, bytes: Buffer | string): Promise<void>;
  /** Names in one of the folders, sorted. */
  list(folder: string): Promise<string[]>;
  receipt(name: string): Promise<{ state: string; outcome: { code: string } | null }>;
  scan(): Promise<ScanResult>;
  /** Moves the clock that files settle by. */
  wait(ms: number): void;
  /** Scans until what is there now is received: twice, the settle time apart. */
  take(): Promise<void>;
  /** Forgets all that the scanner knows, as a process that died. */
  restart(changes?: Partial<FolderScannerDeps>): void;
  /** A second scanner of the same folder. */
  other(): FolderScanner;
  report(): Promise<{
    state: string;
    message: string | null;
    waiting: number;
    ignored: { name: string; reason: string }[];
  }>;
}

const SETTLE_MS = 10_000;

export async function openFolder(
  callbay: Pick<RunningCallbay, 'db' | 'blobs' | 'spoolDir'> & {
    readonly deps: { readonly queue: JobQueue };
  },
  tenantId: string,
  changes: Partial<FolderScannerDeps> = {},
): Promise<TestFolder> {
  const { db } = callbay;
  const root = await mkdtemp(join(tmpdir(), 'callbay-folder-'));
  const spool = join(callbay.spoolDir, 'folders');
  await mkdir(spool, { recursive: true });
  const drops = createFolderDropStore(db);
  await drops.createDrop(tenantId, { name: 'tests', remoteAddress: null });
  const store = createFolderStore(db);
  const errors: object[] = [];
  let nowMs = 0;
  const servedDeps: Omit<FolderScannerDeps, 'monotonicMs'> = {
    store,
    moves: createMoveStore(db),
    view: createDropView(db),
    receiver: createFileReceiver(db),
    room: ENDLESS_ROOM,
    blobs: callbay.blobs,
    queue: callbay.deps.queue,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: (detail) => errors.push(detail) },
    inBackground: () => {},
  };
  const deps: FolderScannerDeps = { ...servedDeps, monotonicMs: () => nowMs };
  const start = (more: Partial<FolderScannerDeps> = {}): FolderScanner =>
    new FolderScanner(
      { ...deps, ...changes, ...more },
      { root, spool, scanner: randomUUID(), settleMs: SETTLE_MS },
      tenantId,
    );
  let scanner = start();
  const home = join(root, tenantId);
  const data = (name: string): string => join(home, 'data', name);

  const scan = async (): Promise<ScanResult> => {
    const drop = (await store.listDrops(randomUUID(), 0)).find((each) => each.tenantId === tenantId);
    const [row] = await db.query<{ isPlaced: boolean }>(
      'SELECT placed_at IS NOT NULL AS "isPlaced" FROM folder_drops WHERE tenant_id = $1',
      [tenantId],
    );
    return scanner.scan(drop ?? { tenantId, temporaryNames: null, isPlaced: row?.isPlaced === true });
  };
  await scan();
  return {
    tenantId,
    root,
    spool,
    deps: servedDeps,
    home,
    errors,
    data,
    put: (name, bytes) => writeFile(data(name), bytes),
    list: async (folder) => (await readdir(join(home, folder))).sort(),
    receipt: async (name) => JSON.parse(await readFile(join(home, 'receipts', `${name}.json`), 'utf8')),
    scan,
    wait: (ms) => {
      nowMs += ms;
    },
    take: async () => {
      await scan();
      nowMs += SETTLE_MS;
      await scan();
    },
    restart: (more) => {
      scanner = start(more);
    },
    other: start,
    report: async () => {
      const report = (await drops.findDrop(tenantId))?.report;
      if (report == null) throw new Error('never scanned');
      return { ...report, ignored: [...report.ignored] };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
