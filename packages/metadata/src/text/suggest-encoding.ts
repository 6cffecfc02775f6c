import { analyse } from 'chardet';
import { familyOf } from './encoding-family.ts';

/** Below this the statistics say nothing. */
const LEAST_CONFIDENCE = 25;

/**
 * The encoding that bytes which are not UTF-8 look most like, by statistics of languages; null where they look like
 * none. Only ever offered to a person: a short text fits many.
 */
export function suggestEncoding(sample: Uint8Array): string | null {
  for (const { name, confidence } of analyse(sample)) {
    if (confidence < LEAST_CONFIDENCE) return null;
    const family = familyOf(name);
    if (family?.kind === 'latin') return 'windows-1252';
    if (family?.kind === 'other') return name;
  }
  return null;
}
