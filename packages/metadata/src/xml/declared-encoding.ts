/** Encodings whose declaration agrees with what the bytes were detected to be. */
const READABLE = /^(?:utf-?(?:8|16(?:le|be)?)|us-ascii|ascii|iso-8859-1|latin-?1|windows-1252|cp-?1252)$/i;

const DECLARATION = /^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']/;

const NON_ASCII = /[^\0-\x7f]/;

/**
 * Why the XML's declared encoding forbids trusting the text, or null. A declaration of an encoding that we do not
 * read matters only where the text is not plain ASCII: its other characters would be guesses.
 */
export function checkDeclaredEncoding(text: string, detected: string): string | null {
  const declared = DECLARATION.exec(text)?.[1];
  if (declared === undefined || READABLE.test(declared) || !NON_ASCII.test(text)) return null;
  return `The XML declares the encoding ${declared} and was read as ${detected}: send it as UTF-8.`;
}
