import { Worker } from 'node:worker_threads';

/** Ends this pool process when its parent is gone. A parser that spins never hears of that, so a thread of its own watches. */
export function endWithParent(): void {
  new Worker(
    `const parent = process.ppid;
     setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 2000);`,
    { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 } },
  ).unref();
}
