import { Worker } from 'node:worker_threads';

/**
 * Ends this process when its parent is gone, and not before. A parser that spins never hears of that, so a thread of
 * its own watches. Ctrl-C reaches every process of a terminal, and a service manager ends all processes of a service at
 * once: the parent, which may still want the work, decides, and ends this process by SIGKILL. The parent's process id is
 * the first argument.
 */
export function endWithParent(): void {
  new Worker(
    `const { workerData: parent } = require('node:worker_threads');
     setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 2000);`,
    {
      eval: true,
      // As the parent wrote it: a parent that is gone by now has left another in its place.
      workerData: Number(process.argv[2]),
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
    },
  ).unref();
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
}
