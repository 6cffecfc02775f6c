import { CallbayError } from '@callbay/core';

/**
 * What a media library answers, or null where it gave up. They throw errors of many kinds on bad input (TypeError
 * and RangeError among them), so each is taken to mean "cannot read this"; only storage's own failures go on.
 */
export const libraryCall = async <T>(call: () => Promise<T>): Promise<T | null> => {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CallbayError) throw error;
    return null;
  }
};
