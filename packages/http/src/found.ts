import { CallbayError } from '@callbay/core';

/** What was found; throws NOT_FOUND for null or false, the same for the absent and the foreign. */
export function found<T>(value: T | null | false): T {
  if (value === null || value === false) throw new CallbayError('NOT_FOUND');
  return value;
}
