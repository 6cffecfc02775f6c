const START =
  ':A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const NAME = new RegExp(`[${START}][${START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}]*`, 'uy');
/** Nearly every name: no letter needs the long list. */
const PLAIN_NAME = /[:A-Z_a-z][-:A-Z_a-z.0-9]*/y;

/** Where the XML name that begins at `at` ends; `at` itself where none does. */
export function endOfName(text: string, at: number): number {
  PLAIN_NAME.lastIndex = at;
  const end = PLAIN_NAME.test(text) ? PLAIN_NAME.lastIndex : at;
  if (end < text.length && text.charCodeAt(end) < 0x80 && end > at) return end;
  NAME.lastIndex = at;
  return NAME.test(text) ? NAME.lastIndex : at;
}

/** Names that the library does not take, since an object's key of this name would change the object. */
export const REFUSED_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
