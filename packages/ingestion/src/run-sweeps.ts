import { sweepCrmImports } from './crm/import-crm.ts';
import { type SweepDeps, sweepDueCalls, sweepOrphans, sweepPurges, sweepUnreadFiles } from './sweep.ts';

interface Schedule {
  readonly name: string;
  readonly everyMs: number;
  /** Answers how much there was: as much as a batch means that there may be more. */
  readonly work: () => Promise<number>;
}

const MINUTE_MS = 60_000;

/**
 * Runs every sweep at its pace until disposed, each in one process of all at a time. Disposing waits for the one that
 * runs. A sweep that fails is told and comes again: nothing else finds what jobs have lost.
 */
export function runSweeps(deps: SweepDeps): AsyncDisposable {
  let last = { wallMs: Date.now(), monotonicMs: performance.now() };
  const purge = async (): Promise<number> => {
    const now = { wallMs: Date.now(), monotonicMs: performance.now() };
    const elapsed = {
      wallElapsedMs: now.wallMs - last.wallMs,
      monotonicElapsedMs: now.monotonicMs - last.monotonicMs,
    };
    last = now;
    return sweepPurges(deps, { hostMs: now.wallMs, ...elapsed });
  };
  const loops = [
    { name: 'due-calls', everyMs: 1_000, work: () => sweepDueCalls(deps) },
    { name: 'unread-files', everyMs: 2_000, work: () => sweepUnreadFiles(deps) },
    { name: 'crm-imports', everyMs: 2_000, work: () => sweepCrmImports(deps, 100) },
    { name: 'purges', everyMs: MINUTE_MS, work: purge },
    { name: 'orphans', everyMs: 60 * MINUTE_MS, work: () => sweepOrphans(deps, Date.now()) },
    { name: 'outbox', everyMs: 60 * MINUTE_MS, work: () => deps.sweeps.trimOutbox(10_000) },
  ].map((schedule) => startLoop(deps, schedule));
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(loops.map((stop) => stop()));
    },
  };
}

function startLoop(deps: SweepDeps, { name, everyMs, work }: Schedule): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let isStopped = false;
  const turn = async (): Promise<void> => {
    try {
      await deps.sweeps.runExclusively(name, async () => void (await work()));
    } catch (error) {
      deps.log.error({ err: error, sweep: name }, 'a sweep failed and will run again');
    }
    if (!isStopped) timer = setTimeout(start, everyMs);
  };
  const start = (): void => {
    running = turn();
  };
  start();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await running;
  };
}
