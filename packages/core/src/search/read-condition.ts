import { type Issue, issue } from '../issue.ts';
import type { FieldType } from '../mapping/field-mapping.ts';
import { readDuration } from '../mapping/read-duration.ts';
import { readNumber } from '../mapping/read-number.ts';
import { readPhone } from '../mapping/read-phone.ts';

export type SearchTest = 'equals' | 'gte' | 'lt';

/** One condition on a field as it was asked: text on the right, whatever the field is. */
export interface FieldCondition {
  readonly name: string;
  readonly test: SearchTest;
  readonly value: string;
}

/** A value as calls may hold it. */
export type SearchValue = string | number | boolean;

/**
 * A condition that a store can test. `equals` holds every form in which calls may hold the value: a value that an
 * earlier mapping left a string stays found. `range` compares as numbers, as text (instants are texts of one form), or,
 * for a field nobody typed, as numbers where both sides are and as text elsewhere.
 */
export type TypedCondition =
  | { readonly kind: 'equals'; readonly name: string; readonly values: readonly SearchValue[] }
  | {
      readonly kind: 'range';
      readonly name: string;
      readonly test: 'gte' | 'lt';
      readonly as: 'number' | 'text' | 'either';
      /** A number's text is one that JSON knows. */
      readonly value: string;
    };

/** What a call says of itself whatever the mapping: found under these names, in these types. */
export const CALL_FIELD_TYPES: ReadonlyMap<string, FieldType> = new Map([
  ['startedAt', 'instant'],
  ['endedAt', 'instant'],
  ['user', 'id'],
  ['direction', 'enum'],
  ['durationSeconds', 'duration'],
]);

const DECIMAL = /^-?\d{1,30}(\.\d{1,30})?$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i;

/** True for text that reads as a plain decimal number. */
export const isDecimal = (text: string): boolean => DECIMAL.test(text);

/**
 * Reads one condition by the field's type, null where no mapping types it; an issue at the parameter where its value
 * cannot be one of that type. Source: C13.
 */
export function readCondition(
  { name, test, value }: FieldCondition,
  type: FieldType | null,
  defaultCountry?: string,
): TypedCondition | Issue {
  const at = test === 'equals' ? `field.${name}` : `field.${name}.${test}`;
  const refuse = (what: string): Issue => issue('TYPE_MISMATCH', `This field is ${what}.`, at);
  const equals = (...values: SearchValue[]): TypedCondition => ({ kind: 'equals', name, values });
  const compare = (as: 'number' | 'text' | 'either', bound: string): TypedCondition => ({
    kind: 'range',
    name,
    test: test as 'gte' | 'lt',
    as,
    value: bound,
  });
  switch (type) {
    case null:
      if (test === 'equals') return equals(...formsOf(value));
      return compare('either', DECIMAL.test(value) ? String(readNumber(value)) : value);
    case 'number':
    case 'duration': {
      const read = type === 'number' ? readNumber(value.trim()) : readDuration(value.trim());
      if (read === null)
        return refuse(type === 'number' ? 'a number such as 1234.5' : 'a duration: seconds or hh:mm:ss');
      return test === 'equals' ? equals(...new Set([read, value])) : compare('number', String(read));
    }
    case 'instant': {
      const instant = RFC_3339.test(value) ? new Date(value) : null;
      if (instant === null || Number.isNaN(instant.getTime()))
        return refuse('an instant: give RFC 3339 with an offset, such as 2026-03-01T09:30:00Z');
      return test === 'equals' ? equals(instant.toISOString()) : compare('text', instant.toISOString());
    }
    case 'boolean':
      if (test !== 'equals') return refuse('true or false, and has no order');
      if (value !== 'true' && value !== 'false') return refuse('true or false');
      return equals(value === 'true', value);
    case 'phone':
      if (test !== 'equals') return compare('text', value);
      // A `+` that nobody escaped arrives as a blank.
      return equals(...new Set([readPhone(value.replace(/^ /, '+'), defaultCountry) ?? value, value]));
    case 'string':
    case 'id':
    case 'email':
    case 'enum':
      return test === 'equals' ? equals(value) : compare('text', value);
  }
  throw new TypeError(`No search for the field type ${type satisfies never}.`);
}

/** Each form that a value of no known type may have. */
function formsOf(value: string): SearchValue[] {
  if (value === 'true' || value === 'false') return [value, value === 'true'];
  const number = DECIMAL.test(value) ? readNumber(value) : null;
  return number === null ? [value] : [...new Set([value, number])];
}
