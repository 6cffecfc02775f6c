import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 2_000;

/**
 * Tries again for a while what AWS refuses until its parts have heard of one another: a new user in a bucket's policy, a
 * new queue's policy in a notification. Source: S3, which checks the queue as the notification is written.
 */
export async function untilKnown<Result>(
  work: () => Promise<Result>,
  isPassing: (error: unknown) => boolean,
  limitMs: number,
): Promise<Result> {
  const end = performance.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() + PAUSE_MS > end) throw error;
      await pause(PAUSE_MS);
    }
  }
}
