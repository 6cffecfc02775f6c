import { setTimeout as delay } from 'node:timers/promises';
import { createOutput, type Output } from './output.ts';

const EVERY_MS = 2_000;
const CLEAR = '\u001b[2J\u001b[H';

/**
 * Runs `show` every two seconds and prints what it wrote whenever that differs from the last time. Ends on Ctrl-C, or
 * when `show` resolves to false because nothing is left to wait for. On a terminal each print replaces the last.
 */
export async function watchOutput(
  isJson: boolean,
  show: (output: Output) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const isTerminal = process.stdout.isTTY && !isJson;
  let last: string | null = null;
  while (!stop.signal.aborted) {
    let text = '';
    const goesOn = await show(createOutput(isJson, (part) => (text += part)));
    if (text !== last) process.stdout.write(isTerminal ? `${CLEAR}${text}` : text);
    last = text;
    if (goesOn === false) return;
    // Rejects only where Ctrl-C ends the watch, which the loop asks next.
    await delay(EVERY_MS, null, { signal: stop.signal }).catch(() => {});
  }
}
