const MAX_NUMBER_CHARS = 100;

const PLAIN = /^\d+(?:\.\d+)?$/;
/** Groups of three under one separator, twice or more, or once before a decimal sign of the other kind. */
const GROUPED = [
  { form: /^\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?$/, groups: ',' },
  { form: /^\d{1,3},\d{3}\.\d+$/, groups: ',' },
  { form: /^\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?$/, groups: '.' },
  { form: /^\d{1,3}\.\d{3},\d+$/, groups: '.' },
];
/** A comma that cannot divide thousands, because not three digits follow it. */
const DECIMAL_COMMA = /^\d+,(?:\d{1,2}|\d{4,})$/;

/** Digits with a point for decimals; null where the text is not a number, or is ambiguous as `1,234`. */
function toPlain(unsigned: string): string | null {
  if (PLAIN.test(unsigned)) return unsigned;
  for (const { form, groups } of GROUPED) {
    if (form.test(unsigned)) return unsigned.replaceAll(groups, '').replace(',', '.');
  }
  return DECIMAL_COMMA.test(unsigned) ? unsigned.replace(',', '.') : null;
}

/** A number of RFC 8259 with an exponent, as Java and others write large and small ones. */
const EXPONENT = /^(?<whole>0|[1-9]\d*)(?:\.(?<fraction>\d+))?e(?<exponent>[+-]?\d{1,20})$/i;
/** Digits that are written out; what has more stays as it is written. */
const MAX_DIGITS = 100;

/** The digits of a number with an exponent, written out; null where the text is none, or has too many. */
function withoutExponent(unsigned: string): string | null {
  const { whole = '', fraction = '', exponent = '' } = EXPONENT.exec(unsigned)?.groups ?? {};
  if (whole === '') return null;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (/^0*$/.test(digits)) return '0';
  if (Math.abs(point) > MAX_DIGITS) return null;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  const padded = digits.padEnd(point, '0');
  return point === padded.length ? padded : `${padded.slice(0, point)}.${padded.slice(point)}`;
}

function withoutPadding(plain: string): string {
  const [whole = '', fraction = ''] = plain.split('.');
  const trimmedFraction = fraction.replace(/0+$/, '');
  const trimmedWhole = whole.replace(/^0+(?=\d)/, '');
  return trimmedFraction === '' ? trimmedWhole : `${trimmedWhole}.${trimmedFraction}`;
}

/**
 * Reads a decimal number; null where the text is none. Currency signs and an ambiguous `1,234` are refused. A value that
 * a JavaScript number would print otherwise, such as one of twenty digits, comes back as its decimal string, so that no
 * digit is lost; one of RFC 8259 whose exponent is beyond reason comes back as it is written.
 */
export function readNumber(text: string): number | string | null {
  if (text.length > MAX_NUMBER_CHARS) return null;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const unsigned = text.slice(sign.length);
  const plain = toPlain(unsigned) ?? withoutExponent(unsigned);
  if (plain === null) return sign !== '+' && EXPONENT.test(unsigned) ? text : null;
  const digits = withoutPadding(plain);
  if (digits === '0') return 0;
  const decimal = sign === '-' ? `-${digits}` : digits;
  return String(Number(decimal)) === decimal ? Number(decimal) : decimal;
}
