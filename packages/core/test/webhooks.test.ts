import { expect, test } from 'vitest';
import { WEBHOOK_GIVE_UP_MS, webhookRetryMs } from '../src/index.ts';

const HOUR_MS = 60 * 60 * 1000;
const failed = (attempts: number, failingForMs: number) =>
  webhookRetryMs({ attempts, failingForMs, isRetryable: true });

test('an endpoint is tried again after 5 seconds at first and every hour in the end', () => {
  expect(failed(1, 0)).toBe(5_000);
  expect([2, 3, 4, 5, 6, 7, 50].map((attempts) => failed(attempts, HOUR_MS))).toEqual(
    [30, 120, 600, 1_800, 3_600, 3_600, 3_600].map((seconds) => seconds * 1_000),
  );
});

test('an endpoint is tried until the end of three days, and no millisecond longer', () => {
  expect(failed(70, WEBHOOK_GIVE_UP_MS - 1)).toBe(1);
  expect(failed(70, WEBHOOK_GIVE_UP_MS)).toBeNull();
});

test('an endpoint that cannot be delivered to at all is given up at once', () => {
  expect(webhookRetryMs({ attempts: 1, failingForMs: 0, isRetryable: false })).toBeNull();
});
