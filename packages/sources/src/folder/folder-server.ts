import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { FolderDrop } from '@callbay/ingestion';
import { type FSWatcher, watch } from 'chokidar';
import { FolderScanner, type FolderScannerDeps, type ScanResult } from './folder-scanner.ts';

/** What takes files in by itself, once started. */
export interface SourceServer {
  start(): Promise<void>;
  /** Waits for what is under way, which ends between two files. */
  close(): Promise<void>;
}

export interface FolderServerOptions {
  readonly root: string;
  readonly spool: string;
  readonly scanMs: number;
  readonly settleMs: number;
}

/** Large folders take long, and others must have their turn beside them. */
const SCANS_AT_ONCE = 4;
/** Files that come together are found by one scan. */
const WAKE_DELAY_MS = 100;

interface Watched {
  readonly scanner: FolderScanner;
  watcher: FSWatcher | null;
  dueAtMs: number;
  /** A scan is followed by a pause of twice its length, whatever wakes the next one. */
  notBeforeMs: number;
  isRunning: boolean;
}

/**
 * Scans the folders of all tenants that have a folder drop. Events of the file system only make a scan come sooner: they are
 * lost in bursts and never come from network file systems. Any number of processes may run one: each folder is scanned by one
 * of them, and by another soon after that one is gone.
 */
export function createFolderServer(deps: FolderScannerDeps, options: FolderServerOptions): SourceServer {
  const scanner = randomUUID();
  const watched = new Map<string, Watched>();
  const running = new Set<Promise<void>>();
  const closing = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | null = null;
  let ticking: Promise<void> = Promise.resolve();
  let isClosed = false;

  const wakeIn = (ms: number): void => {
    if (isClosed) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => {
      ticking = ticking.then(tick);
    }, ms);
  };
  const wakeWhenDue = (): void => {
    const dues = [...watched.values()].filter(({ isRunning }) => !isRunning).map(({ dueAtMs }) => dueAtMs);
    const inMs = Math.min(options.scanMs, ...dues.map((due) => due - performance.now()));
    wakeIn(Math.max(0, inMs));
  };

  function stopWatching(folder: Watched): void {
    if (folder.watcher === null) return;
    const closed: Promise<void> = folder.watcher.close().finally(() => closing.delete(closed));
    closing.add(closed);
    folder.watcher = null;
  }

  function watchData(folder: Watched): void {
    if (folder.watcher !== null || isClosed) return;
    const { data } = folder.scanner;
    // The folder alone: a watch for each of its files would be kept, and would say nothing that a scan does not see.
    const watcher = watch(data, {
      persistent: false,
      ignoreInitial: true,
      depth: 0,
      ignored: (path) => path !== data,
    });
    watcher.on('raw', (event) => {
      // Writes to a file that is known already need no scan: it has to settle.
      if (event !== 'rename') return;
      const soon = Math.max(performance.now() + WAKE_DELAY_MS, folder.notBeforeMs);
      if (folder.dueAtMs <= soon) return;
      folder.dueAtMs = soon;
      wakeWhenDue();
    });
    watcher.on('error', (err) => {
      deps.log.debug({ err }, 'a folder is scanned without being watched');
      stopWatching(folder);
    });
    folder.watcher = watcher;
  }

  async function scan(folder: Watched, drop: FolderDrop): Promise<void> {
    folder.isRunning = true;
    const startedAt = performance.now();
    let result: ScanResult = { isBusy: false, settlesInMs: null };
    try {
      await deps.store.scanAlone(drop.tenantId, async () => {
        result = await folder.scanner.scan(drop);
      });
      watchData(folder);
    } catch (err) {
      deps.log.error({ err, tenantId: drop.tenantId }, 'a folder could not be scanned');
    }
    const { isBusy, settlesInMs } = result;
    const inMs = isBusy ? 0 : Math.min(options.scanMs, settlesInMs ?? options.scanMs);
    const now = performance.now();
    folder.notBeforeMs = now + 2 * (now - startedAt);
    folder.dueAtMs = isBusy ? now : Math.max(now + inMs, folder.notBeforeMs);
    folder.isRunning = false;
    wakeWhenDue();
  }

  /** Forgets folders that are another process's now, or nobody's. */
  function forgetOthers(drops: readonly FolderDrop[]): void {
    const ours = new Set(drops.map(({ tenantId }) => tenantId));
    for (const [tenantId, folder] of watched) {
      if (ours.has(tenantId) || folder.isRunning) continue;
      stopWatching(folder);
      watched.delete(tenantId);
    }
  }

  async function tick(): Promise<void> {
    if (isClosed) return;
    try {
      const drops = await deps.store.listDrops(scanner, 3 * options.scanMs);
      forgetOthers(drops);
      for (const drop of drops) {
        let folder = watched.get(drop.tenantId);
        if (folder === undefined) {
          const fresh = new FolderScanner(deps, { ...options, scanner }, drop.tenantId);
          folder = { scanner: fresh, watcher: null, dueAtMs: 0, notBeforeMs: 0, isRunning: false };
          watched.set(drop.tenantId, folder);
        }
        if (folder.isRunning || folder.dueAtMs > performance.now() || running.size >= SCANS_AT_ONCE) continue;
        const scanned: Promise<void> = scan(folder, drop).finally(() => running.delete(scanned));
        running.add(scanned);
      }
      if (running.size < SCANS_AT_ONCE) wakeWhenDue();
    } catch (err) {
      deps.log.error({ err }, 'folder drops could not be listed');
      wakeIn(options.scanMs);
    }
  }

  return {
    async start() {
      await mkdir(options.spool, { recursive: true, mode: 0o700 });
      wakeIn(0);
    },
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await ticking;
      for (const folder of watched.values()) folder.scanner.stop();
      await Promise.all(running);
      for (const folder of watched.values()) stopWatching(folder);
      await Promise.all(closing);
    },
  };
}
