import { Worker } from 'node:worker_threads';

/**
 * Ends this process when its parent is gone, and not before. A parser that spins never hears of that, so a thread of
 * its own watches. Ctrl-C reaches every process of a terminal: the parent, which may still want the work, decides.
 */
export function endWithParent(): void {
  new Worker(
    `const parent = process.ppid;
     setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 2000);`,
    { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 } },
  ).unref();
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
}
