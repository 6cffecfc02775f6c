import { ReadLimitError } from './media-bytes.ts';

/** Runs a walk. False where it ended at the bound of what may be read: what it found until then is incomplete. */
export const untilReadLimit = (walk: () => void): boolean => {
  try {
    walk();
    return true;
  } catch (error) {
    if (error instanceof ReadLimitError) return false;
    throw error;
  }
};
