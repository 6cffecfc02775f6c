import type { FieldType } from '../mapping/field-mapping.ts';
import { type DurationUnit, readDuration } from '../mapping/read-duration.ts';
import { readNumber } from '../mapping/read-number.ts';
import { readPhone } from '../mapping/read-phone.ts';
import { guessEpoch, guessFormats } from './guess-formats.ts';
import { nameKey } from './known-targets.ts';

/** What a field seems to hold. */
export interface GuessedType {
  readonly type: FieldType;
  /** For `instant`: date formats to publish. */
  readonly formats: readonly string[];
  /** For `instant`: what the values leave open. */
  readonly ambiguous: readonly string[];
  /** What the name suggests and the values contradict, for the suggestion to report. */
  readonly doubt: 'time-without-date' | 'number-sign' | 'phone-country' | 'duration-unit' | null;
}

const plain = (type: FieldType, doubt: GuessedType['doubt'] = null): GuessedType => ({
  type,
  formats: [],
  ambiguous: [],
  doubt,
});

const NAMES = {
  time: /(time|date|timestamp|at|start|end|day|when|created|modified|updated)$|^(date|time|start|end|when)/,
  duration: /duration|length|talktime|holdtime|waittime|handletime|wrapup|seconds|elapsed/,
  phone:
    /phone|mobile|cell|fax|callerid|ani$|dnis|msisdn|telephone|fromnumber|tonumber|callernumber|^(from|to|caller)$/,
  id: /(id|uid|guid|uuid|ref|reference|key|code|number|no|ext|extension|zip|postcode|pbx|account|agent|employee)$/,
  amount: /amount|price|value|total|score|revenue|cost|count|qty|quantity|rate|percent/,
  boolean: /^(is|has|was|did|can|should)|flag$|^(recorded|answered|missed|transferred)$/,
};

const EMAIL = /^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/;
const BOOLEAN = /^(?:true|false|yes|no|y|n|t|f)$/i;
const CLOCK_TIME = /^\d{1,3}:\d{2}(?::\d{2})?(?:\.\d+)?$/;
const IDENTIFIER = /^(?=.*\d)[A-Za-z0-9][A-Za-z0-9._:/-]{5,63}$/;
/** Longer texts are notes, whatever they look like. */
const MAX_TYPED_CHARS = 320;
const MAX_ENUM_VALUES = 12;
const MIN_ENUM_RECORDS = 5;
const MAX_ENUM_CHARS = 32;

/**
 * The type of a field by its name and those of its values that are not empty. A type is given only where every value
 * has it, and a name decides only between types that the values allow. Whoever is unsure gets `string`, which keeps
 * every value to the letter. Source: C16, case 70.
 */
export function guessType(name: string, given: readonly string[]): GuessedType {
  const values = given.map((value) => value.trim()).filter((value) => value !== '');
  if (values.length === 0 || values.some((value) => value.length > MAX_TYPED_CHARS)) return plain('string');
  const key = nameKey(name.split(/[.\]@]/).at(-1) || name);
  const all = (fits: (value: string) => boolean): boolean => values.every(fits);

  if (all((value) => BOOLEAN.test(value))) return plain('boolean');
  if (NAMES.boolean.test(key) && all((value) => /^[01]$/.test(value))) return plain('boolean');
  const instant = guessInstant(key, values);
  if (instant !== null) return instant;
  if (all((value) => EMAIL.test(value))) return plain('email');
  if (all((value) => /^P(?=.*\d)/i.test(value) && readDuration(value) !== null)) return plain('duration');
  if (NAMES.duration.test(key) && all((value) => readDuration(value) !== null))
    return plain('duration', unitOfName(key) === null && isUnitOpen(values) ? 'duration-unit' : null);
  if (all((value) => CLOCK_TIME.test(value))) {
    return plain('string', NAMES.time.test(key) ? 'time-without-date' : null);
  }
  if (all((value) => value.startsWith('+') && readPhone(value, undefined) !== null)) return plain('phone');
  if (
    NAMES.phone.test(key) &&
    all((value) => readPhone(value, 'US') !== null || readPhone(value, undefined) !== null)
  ) {
    return plain('phone', 'phone-country');
  }
  return guessPlain(key, values);
}

/** The unit that a field's name says, such as `duration_ms`; null where it says none. */
export function unitOfName(name: string): DurationUnit | null {
  const key = nameKey(name);
  if (/ms$|msec|millis/.test(key)) return 'ms';
  if (/min$|mins$|minutes/.test(key)) return 'min';
  if (/sec$|secs$|seconds/.test(key)) return 's';
  return /hours$|hrs$/.test(key) ? 'h' : null;
}

/** Decimals such as 3.07 are more likely minutes than seconds, and a call of ten hours is more likely in milliseconds. */
function isUnitOpen(values: readonly string[]): boolean {
  if (!values.every((value) => /^\d+(?:\.\d+)?$/.test(value))) return false;
  const numbers = values.map(Number);
  const areMinutes = values.some((value) => /\.\d*[1-9]/.test(value)) && numbers.every((n) => n < 1000);
  return areMinutes || numbers.every((n) => n === 0 || n >= 36_000);
}

function guessInstant(key: string, values: readonly string[]): GuessedType | null {
  const isNamedTime = NAMES.time.test(key) && !NAMES.duration.test(key);
  if (values.every((value) => /^\d+(?:\.\d+)?$/.test(value)) && !isNamedTime) return null;
  const { formats, ambiguous } = guessFormats(values);
  if (formats.length > 0 || ambiguous.length > 0) return { type: 'instant', formats, ambiguous, doubt: null };
  const epoch = isNamedTime ? guessEpoch(values) : null;
  return epoch === null ? null : { type: 'instant', formats: [epoch], ambiguous: [], doubt: null };
}

/** Leading zeros, a plus sign and long runs of digits are part of an id: a number would lose them. */
const isWholeNumber = (value: string): boolean =>
  !/^[+-]?0\d|^\+/.test(value) && !/^\d{12,}$/.test(value) && value.length <= 15;

function guessPlain(key: string, values: readonly string[]): GuessedType {
  // An exponent is as likely a part of an id, such as 0E68.
  const areNumeric = values.every((value) => readNumber(value) !== null && !/e/i.test(value));
  const isNamedId = NAMES.id.test(key) && !NAMES.amount.test(key);
  if (areNumeric) return plain(values.every(isWholeNumber) && !isNamedId ? 'number' : 'id');
  const areNumeralLike = values.every((value) => /^[+-]?\d{1,3}(?:[.,]\d+)*$/.test(value));
  if (areNumeralLike && values.some((value) => /^[+-]?\d{1,3}[.,]\d{3}$/.test(value))) {
    return plain('string', 'number-sign');
  }
  const distinct = new Set(values.map((value) => value.toLowerCase()));
  const isEnum =
    values.length >= MIN_ENUM_RECORDS &&
    distinct.size <= MAX_ENUM_VALUES &&
    distinct.size * 2 <= values.length &&
    [...distinct].every((value) => value.length <= MAX_ENUM_CHARS && /^\p{L}/u.test(value));
  if (isEnum) return plain('enum');
  if (isNamedId || (values.every((value) => IDENTIFIER.test(value)) && distinct.size === values.length)) {
    return plain(values.every((value) => !/\s/.test(value)) ? 'id' : 'string');
  }
  return plain('string');
}
