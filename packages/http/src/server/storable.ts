import { isStorableText } from '@callbay/contracts';
import { type Issue, issue } from '@callbay/core';
import { pathText } from './path-text.ts';

const MAX_ISSUES = 100;
const MAX_PATH_PARTS = 32;
const MESSAGE = 'Text may hold no NUL and no lone surrogate.';

/** A value and the way back to the whole. */
interface Place {
  readonly value: unknown;
  readonly key: PropertyKey;
  readonly parent: Place | null;
}

/**
 * Every string of an input that Postgres cannot hold, whatever the schema says about it. A field name that cannot be
 * held is reported at its object. The walk keeps its own stack, because JSON may be nested deeper than ours.
 */
export function findUnstorable(input: unknown): Issue[] {
  const issues: Issue[] = [];
  const open: Place[] = [{ value: input, key: '', parent: null }];
  for (let place = open.pop(); place !== undefined && issues.length < MAX_ISSUES; place = open.pop()) {
    const { value } = place;
    if (typeof value === 'string') {
      if (!isStorableText(value)) issues.push(issueAt(place));
    } else if (Array.isArray(value)) {
      for (let n = value.length - 1; n >= 0; n -= 1) openPart(open, place, n, value[n]);
    } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
      for (const [key, part] of Object.entries(value).reverse()) {
        if (isStorableText(key)) openPart(open, place, key, part);
        else issues.push(issueAt(place));
      }
    }
  }
  return issues;
}

function openPart(open: Place[], parent: Place, key: PropertyKey, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'object') open.push({ value, key, parent });
}

function issueAt(place: Place): Issue {
  const path: PropertyKey[] = [];
  for (let part = place; part.parent !== null; part = part.parent) {
    if (path.length === MAX_PATH_PARTS) return issue('TEXT_INVALID', MESSAGE, null);
    path.unshift(part.key);
  }
  return issue('TEXT_INVALID', MESSAGE, pathText(path));
}
