import { isAscii, isUtf8 } from 'node:buffer';
import { detectUtf16 } from './decode.ts';

export type StreamEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** Bytes that Windows-1252 gives no meaning. */
const UNDEFINED = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
const SAMPLE_BYTES = 1_024;

/**
 * Which encoding the bytes of a text are in, read piece by piece, by the rules of `decodeText`; null where they are in
 * none that we read: a character is never guessed. Source: case 66.
 */
export class EncodingDetector {
  #head: Buffer = Buffer.alloc(0);
  #marked: StreamEncoding | null = null;
  #isUtf8 = true;
  #isWindows1252 = true;
  /** The start of a character that the next piece completes. */
  #open: Buffer = Buffer.alloc(0);
  #isDecided = false;

  push(bytes: Buffer): void {
    if (this.#head.length < SAMPLE_BYTES)
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, SAMPLE_BYTES)]);
    if (!this.#isDecided && this.#head.length >= SAMPLE_BYTES) this.#decide();
    if (this.#marked !== null && this.#marked !== 'utf-8') return;
    // In every encoding that is left, these are the same characters.
    if (this.#open.length === 0 && isAscii(bytes)) return;
    const all = this.#open.length === 0 ? bytes : Buffer.concat([this.#open, bytes]);
    const cut = this.#isUtf8 ? cutOfUtf8(all) : all.length;
    if (this.#isUtf8 && !isUtf8(all.subarray(0, cut))) this.#isUtf8 = false;
    if (this.#isWindows1252) this.#isWindows1252 = !hasUndefined(all);
    this.#open = Buffer.from(all.subarray(cut));
  }

  finish(): StreamEncoding | null {
    if (!this.#isDecided) this.#decide();
    if (this.#marked !== null && this.#marked !== 'utf-8') return this.#marked;
    if (this.#isUtf8 && this.#open.length === 0) return 'utf-8';
    return this.#marked === null && this.#isWindows1252 ? 'windows-1252' : null;
  }

  #decide(): void {
    this.#isDecided = true;
    const [a, b, c] = this.#head;
    if (a === 0xef && b === 0xbb && c === 0xbf) this.#marked = 'utf-8';
    else if (a === 0xff && b === 0xfe) this.#marked = 'utf-16le';
    else if (a === 0xfe && b === 0xff) this.#marked = 'utf-16be';
    else this.#marked = detectUtf16(this.#head);
  }
}

function hasUndefined(bytes: Buffer): boolean {
  for (const byte of UNDEFINED) if (bytes.includes(byte)) return true;
  return false;
}

/** Where the last character of `bytes` begins, if it lacks bytes, else their end. */
function cutOfUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return wanted > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}
