import { type EncodingContext, EncodingDetector, isPlainUtf8 } from './encoding-detector.ts';
import { endOfText } from './end-of-text.ts';
import { createLocator } from './locator.ts';
import { describeSignature } from './signature.ts';
import { createDecoder } from './text-decoder.ts';
import { BROKEN, decodeBrokenUtf8 } from './utf8.ts';

export type Decoded =
  | { readonly ok: true; readonly text: string; readonly encoding: string; readonly doubt: string | null }
  | {
      readonly ok: false;
      readonly encoding: string;
      readonly message: string;
      /** `line L, column C`, where one place is to blame. */
      readonly at: string | null;
    };

const BYTE_ORDER_MARK = 0xfeff;

/**
 * What the bytes of a text file say, and in which encoding, without byte order marks and the end mark of old systems.
 * The text of a CSV may hold BROKEN, for whoever reads its rows; no other text does. Source: case 66, case 112.
 */
export function decodeText(bytes: Uint8Array, context: EncodingContext): Decoded {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const signature = describeSignature(buffer);
  if (signature !== null) return { ok: false, encoding: 'unknown', message: signature, at: null };
  if (isPlainUtf8(buffer, context))
    return { ok: true, text: withoutMarks(buffer.toString('utf8')), encoding: 'utf-8', doubt: null };
  const detector = new EncodingDetector(context);
  detector.push(buffer);
  const verdict = detector.finish();
  if (!verdict.isText) {
    const { encoding, message, brokenAt } = verdict;
    return { ok: false, encoding, message, at: brokenAt === null ? null : placeOf(buffer, brokenAt) };
  }
  const decoder = createDecoder(verdict);
  const text = withoutMarks(decoder.write(buffer) + decoder.end());
  const { encoding, doubt } = verdict;
  if (context.format !== 'csv' && !text.isWellFormed()) {
    const at = createLocator(text).place(text.search(/\p{Surrogate}/u));
    return { ok: false, encoding, message: brokenText(encoding), at };
  }
  return { ok: true, text, encoding, doubt };
}

/** What is wrong with a text or a row that holds BROKEN. */
export const brokenText = (encoding: string): string =>
  `Expected text in ${encoding}, found bytes that are not: send it in UTF-8, or set the option \`encoding\` of the field mapping.`;

function placeOf(bytes: Buffer, offset: number): string {
  const before = decodeBrokenUtf8(bytes.subarray(0, offset)) + BROKEN;
  return createLocator(before).place(before.length - 1);
}

/** Some programs put a mark before a text that has one already, and old ones end it with Ctrl-Z. */
function withoutMarks(text: string): string {
  let start = 0;
  while (text.charCodeAt(start) === BYTE_ORDER_MARK) start += 1;
  const end = endOfText(text);
  return start === 0 && end === text.length ? text : text.slice(start, Math.max(start, end));
}
