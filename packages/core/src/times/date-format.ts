import { DATE_TOKENS, type DateField, type DateToken } from './date-tokens.ts';

/** A literal, or a token. */
export type DatePart = string | DateToken;

/** A date format that has been checked and divided; a pattern's parts are literals and tokens. */
export type DateFormat =
  | { readonly kind: 'pattern'; readonly parts: readonly DatePart[] }
  | { readonly kind: 'epoch'; readonly unitMs: 1 | 1000 }
  | { readonly kind: NamedDateFormat };

/** Formats with a name of their own: no pattern of ours describes them whole. */
export const NAMED_DATE_FORMATS = ['iso8601', 'rfc3339', 'rfc9557', 'rfc2822', 'dotnet'] as const;
export type NamedDateFormat = (typeof NAMED_DATE_FORMATS)[number];

const MAX_FORMAT_CHARS = 100;

/** A quoted text, a run of one letter, or any other single character. */
const PIECE = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']/y;

function readPiece(piece: string, quoted: string | undefined): { part: DatePart } | { problem: string } {
  if (quoted !== undefined) {
    const literal = quoted === '' ? "'" : quoted.replaceAll("''", "'");
    // Skipping a zone would read an instant in the tenant's zone, hours off and without a sign of it.
    if (/^(?:Z|UTC|GMT)$/i.test(literal.trim()))
      return { problem: `'${quoted}' is a zone: write XXX to read it` };
    return { part: literal };
  }
  if (!/[A-Za-z]/.test(piece) || piece === 'T') return { part: piece };
  const token = DATE_TOKENS.get(piece);
  return token === undefined
    ? { problem: `${piece} has no meaning: quote words, as in 'at'` }
    : { part: token };
}

/** What keeps the parts from making one time, or null. */
function problemOfParts(parts: readonly DatePart[]): string | null {
  const fields = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.field]));
  const has = (field: DateField) => fields.includes(field);
  const twice = fields.find((field, index) => fields.indexOf(field) !== index);
  if (twice !== undefined) return `it names the ${twice} twice`;
  if (!has('year') || !has('month') || !has('day')) return 'it needs a year, a month and a day';
  if (has('hour') && has('hour12')) return 'it has H and h: one of them';
  if (has('hour12') !== has('halfDay')) return 'h and a come together';
  if (has('minute') && !has('hour') && !has('hour12')) return 'minutes need an hour';
  if (has('second') && !has('minute')) return 'seconds need minutes';
  if (has('fraction') && !has('second')) return 'a fraction needs seconds';
  if (has('offset') && !has('hour') && !has('hour12')) return 'an offset needs an hour';
  const calendar = fields.filter((field) => field === 'year' || field === 'month' || field === 'day');
  if (calendar.join() === 'year,day,month') return 'the order year, day, month would be taken for ISO 8601';
  const isRunOn = parts.some((part, index) => {
    const next = parts[index + 1];
    if (typeof part === 'string' || part.digits === null || part.digits[0] === part.digits[1]) return false;
    return typeof next === 'string' ? /^\d/.test(next) : next?.digits != null;
  });
  return isRunOn ? 'one-letter numbers need a separator after them' : null;
}

/**
 * Checks and divides a date format: `iso8601`, `rfc3339`, `rfc9557`, `rfc2822`, `dotnet`, `epochSeconds`, `epochMillis`, or
 * a pattern of yyyy yy MMMM MMM MM M dd d EEE EEEE HH H hh h mm m ss s S… a X z, with other words quoted. `problem` is the end of a sentence.
 */
export function compileDateFormat(format: string): { format: DateFormat } | { problem: string } {
  const named = NAMED_DATE_FORMATS.find((name) => name === format);
  if (named !== undefined) return { format: { kind: named } };
  if (format === 'epochSeconds') return { format: { kind: 'epoch', unitMs: 1000 } };
  if (format === 'epochMillis') return { format: { kind: 'epoch', unitMs: 1 } };
  if (format.length > MAX_FORMAT_CHARS) return { problem: `it is over ${MAX_FORMAT_CHARS} characters` };
  const text = format.trim().replace(/\s+/g, ' ');
  const parts: DatePart[] = [];
  for (let at = 0; at < text.length; ) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(text);
    if (match === null) return { problem: 'a quote is not closed' };
    const piece = readPiece(match[0], match[1]);
    if ('problem' in piece) return piece;
    const last = parts.at(-1);
    // Literals are joined, so that formats which differ only in their quotes compare as equal.
    if (typeof piece.part === 'string' && typeof last === 'string')
      parts[parts.length - 1] = last + piece.part;
    else parts.push(piece.part);
    at += match[0].length;
  }
  const problem = problemOfParts(parts);
  return problem === null ? { format: { kind: 'pattern', parts } } : { problem };
}

function canReadSameText(a: DatePart, b: DatePart): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  if (a.digits === null || b.digits === null) return a.field === b.field;
  return a.digits[0] <= b.digits[1] && b.digits[0] <= a.digits[1];
}

/**
 * Whether two formats can read one text as two days, such as `dd/MM/yyyy` and `MM/dd/yyyy`: a mapping with both
 * would guess day and month.
 */
export function areConfusable(a: DateFormat, b: DateFormat): boolean {
  if (a.kind === 'epoch' && b.kind === 'epoch') return a.unitMs !== b.unitMs;
  if (a.kind !== 'pattern' || b.kind !== 'pattern') return false;
  if (a.parts.length !== b.parts.length) return false;
  const pairs = a.parts.map((part, index) => [part, b.parts[index]!] as const);
  return (
    pairs.every(([one, other]) => canReadSameText(one, other)) &&
    pairs.some(
      ([one, other]) => typeof one !== 'string' && typeof other !== 'string' && one.field !== other.field,
    )
  );
}

/** Whether a format names a day without a time of day. */
export const isDateOnly = (format: DateFormat): boolean =>
  format.kind === 'pattern' &&
  !format.parts.some(
    (part) => typeof part !== 'string' && (part.field === 'hour' || part.field === 'hour12'),
  );

/** Names of zones that people quote in a format. Most of them mean several zones. */
const ZONE_WORDS =
  /^(?:[ECMP][SDE]?T|UTC?|GMT|Z|AK[SD]T|H[SD]?T|A[SD]T|N[SD]T|BST|IST|WES?T|CES?T|MES?Z|EES?T|MSK|JST|KST|SGT|HKT|PHT|WIB|PKT|A[CEW][SD]T|NZ[SD]T|SAST|BRT|ART)$/i;

/**
 * Why a format skips a word that is a zone: the time would be read in the tenant's zone, hours off and without a sign of
 * it. Null where it skips none. Asked when a mapping is published; versions of old are read as they were.
 */
export function zoneWordIn(format: DateFormat): string | null {
  if (format.kind !== 'pattern') return null;
  const words = format.parts.flatMap((part) => (typeof part === 'string' ? part.split(/[^\p{L}]+/u) : []));
  const zone = words.find((word) => ZONE_WORDS.test(word));
  return zone === undefined
    ? null
    : `'${zone}' is a zone, and quoted words are not read: write z for UTC, GMT and the zones EST to PDT, or have an offset sent and write XXX`;
}
