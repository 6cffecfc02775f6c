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

function withoutPadding(plain: string): string {
  const [whole = '', fraction = ''] = plain.split('.');
  const trimmedFraction = fraction.replace(/0+$/, '');
  const trimmedWhole = whole.replace(/^0+(?=\d)/, '');
  return trimmedFraction === '' ? trimmedWhole : `${trimmedWhole}.${trimmedFraction}`;
}

/**
 * Reads a decimal number; null where the text is none. Exponents, currency signs and an ambiguous `1,234` are
 * refused. A value that a JavaScript number would print otherwise, such as one of twenty digits, comes back as
 * its decimal string, so that no digit is lost.
 */
export function readNumber(text: string): number | string | null {
  if (text.length > MAX_NUMBER_CHARS) return null;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const plain = toPlain(text.slice(sign.length));
  if (plain === null) return null;
  const digits = withoutPadding(plain);
  if (digits === '0') return 0;
  const decimal = sign === '-' ? `-${digits}` : digits;
  return String(Number(decimal)) === decimal ? Number(decimal) : decimal;
}
