/**
 * Bytes at the start of a file by which text is told from media: no media format goes so long without a control byte.
 */
export const TEXT_HEAD_BYTES = 4096;

const CONTROL = /(?!\s)\p{Cc}/u;
const NO_CHARACTER = /[\p{Cn}\p{Co}\p{Cs}\ufffd]/u;
const ASCII_SHARE_OF_TEXT = 0.7;

/**
 * What the first bytes of a file look like, as a phrase to put after "looks like", when they are text or nothing
 * but zeros; null when they are anything else. Text comes first, since media signatures of two bytes fit it by chance.
 */
export const describeText = (head: Buffer): string | null => {
  if (head.every((byte) => byte === 0)) return 'a file of nothing but zeros';
  const text = decodeText(head)?.trimStart().toLowerCase();
  if (text === undefined) return null;
  if (text.startsWith('%pdf')) return 'a PDF document';
  if (/^<!doctype html|^<html|^<head|^<body/.test(text)) return 'an HTML page';
  if (text.startsWith('<')) return 'XML';
  if (text.startsWith('{') || text.startsWith('[')) return 'JSON';
  return 'plain text';
};

const decodeText = (head: Buffer): string | null => {
  const encoding =
    head[0] === 0xff && head[1] === 0xfe
      ? 'utf-16le'
      : head[0] === 0xfe && head[1] === 0xff
        ? 'utf-16be'
        : null;
  if (encoding !== null) {
    const text = decode(encoding, head);
    return text === null || CONTROL.test(text) || NO_CHARACTER.test(text) ? null : text;
  }
  const utf8 = decode('utf-8', head);
  if (utf8 !== null) return CONTROL.test(utf8) ? null : utf8;
  // An 8-bit code page: mostly ASCII, no control bytes.
  const asciiCount = head.filter((byte) => byte < 0x80).length;
  const text = decode('windows-1252', head);
  return text === null || CONTROL.test(text) || asciiCount < head.length * ASCII_SHARE_OF_TEXT ? null : text;
};

/** Null where the bytes are not of this encoding. A character cut by the end of the window is left out. */
const decode = (encoding: string, head: Buffer): string | null => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
};

const DOCUMENTS: Readonly<Record<string, string>> = {
  exe: 'a Windows program',
  elf: 'a Linux program',
  macho: 'a macOS program',
  pdf: 'a PDF document',
  zip: 'a ZIP archive',
  mid: 'a MIDI score',
};

/** The phrase for a type that file-type knows and that holds no recording. */
export const describeType = (type: { readonly ext: string; readonly mime: string }): string =>
  DOCUMENTS[type.ext] ??
  (type.mime.startsWith('image/') ? 'an image' : `a file of type ${type.ext.toUpperCase()}`);
