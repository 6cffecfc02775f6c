const NAMED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

const REFERENCE = /&(?:#(\d{1,20});|#x([\da-fA-F]{1,20});|([A-Za-z]{1,8});)?/g;

/**
 * XML text with its references resolved; null where one is not XML's own, such as `&nbsp;`, or names no character.
 * One replacement, never a second look at what came out: nothing can expand twice.
 */
export function decodeEntities(text: string): string | null {
  if (!text.includes('&')) return text;
  let isValid = true;
  const decoded = text.replace(REFERENCE, (_, decimal?: string, hex?: string, name?: string) => {
    const character = name === undefined ? characterOf(decimal, hex) : NAMED.get(name);
    if (character === undefined) isValid = false;
    return character ?? '';
  });
  return isValid ? decoded : null;
}

function characterOf(decimal: string | undefined, hex: string | undefined): string | undefined {
  const code = decimal !== undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? '', 16);
  return isXmlCharacter(code) ? String.fromCodePoint(code) : undefined;
}

/** XML has no control characters but tab and line ends, no halves of pairs and no U+FFFE or U+FFFF. */
const isXmlCharacter = (code: number): boolean =>
  code < 0x20
    ? code === 0x09 || code === 0x0a || code === 0x0d
    : code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
