import { CallbayError } from '@callbay/core';

/** What `work` answers, or a retryable UNAVAILABLE after `limitMs`; `work` then runs on unless it heeds the signal. */
export async function withTimeLimit<T>(
  limitMs: number,
  sentence: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new CallbayError('UNAVAILABLE', sentence);
    controller.abort(error);
    late.reject(error);
  }, limitMs);
  try {
    return await Promise.race([work(controller.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
