import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is truthy and answers it; throws what was awaited after `limitMs`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  limitMs = 20_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await pause(10);
  }
}
