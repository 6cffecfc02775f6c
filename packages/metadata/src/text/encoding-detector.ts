import { isAscii, isUtf8 } from 'node:buffer';
import type { MetadataFormat } from '../parsed-metadata.ts';
import { detectUtf16 } from './detect-utf16.ts';
import { familyOf } from './encoding-family.ts';
import { suggestEncoding } from './suggest-encoding.ts';
import { countUtf8, cutOfUtf8, findBroken } from './utf8.ts';

/** How the bytes of a text are read, or why they are not. */
export type EncodingVerdict =
  | {
      readonly isText: true;
      readonly encoding: string;
      /** Some bytes are not of the encoding: whoever reads rows refuses those that hold them. */
      readonly isBroken: boolean;
      /** Why a person should look at the choice; null where the file or a setting made it. */
      readonly doubt: string | null;
    }
  | {
      readonly isText: false;
      readonly encoding: string;
      readonly message: string;
      /** The byte that cannot be read, where one is to blame. */
      readonly brokenAt: number | null;
    };

export interface EncodingContext {
  readonly format: MetadataFormat;
  /** What the field mapping or the tenant's settings say; null where nobody said anything. */
  readonly encoding?: string | null | undefined;
}

const HEAD_BYTES = 1_024;
/** What the pattern of a declaration can span, and some space before it. */
const DECLARATION_BYTES = 320;
/** Bytes that the statistics are made of. */
const SAMPLE_BYTES = 64 * 1024;
/** Bytes that Windows-1252 gives no meaning. */
const UNDEFINED = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

const XML_DECLARATION = /^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these encodings are told by their escapes
const ISO_2022 = /\u001b(?:\$[@ABC]|\$\([@-F]|\([BIJ]|\$\)[A-G])/;

/**
 * Which encoding the bytes of a text are in, read piece by piece. A byte order mark decides; then what an XML
 * declaration names, what is set, and UTF-8 if the bytes are that. Text most of whose characters are UTF-8 is broken
 * UTF-8 and never something else. Only what is left, and is not JSON, is read as Windows-1252 if every byte has a
 * meaning there, and that is told. Source: case 66, case 112.
 */
export class EncodingDetector {
  readonly #context: EncodingContext;
  #head: Buffer = Buffer.alloc(0);
  /** Pieces that are not ASCII. */
  #sample: Buffer[] = [];
  #sampleBytes = 0;
  #whole = 0;
  #western = 0;
  #broken = 0;
  #controls = 0;
  #brokenAt: number | null = null;
  /** Where the bytes begin that are not counted yet. */
  #offset = 0;
  #bytes = 0;
  #isWindows1252 = true;
  #hasEscapes = false;
  /** The start of a character that the next piece completes. */
  #open: Buffer = Buffer.alloc(0);

  constructor(context: EncodingContext) {
    this.#context = context;
  }

  push(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#head.length < HEAD_BYTES)
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, HEAD_BYTES - this.#head.length)]);
    this.#hasEscapes ||= bytes.includes(0x1b) && ISO_2022.test(bytes.toString('latin1'));
    // In every encoding that these statistics tell apart, ASCII is the same characters.
    if (this.#open.length === 0 && isAscii(bytes)) {
      this.#offset += bytes.length;
      return;
    }
    if (this.#sampleBytes < SAMPLE_BYTES) {
      const kept = Buffer.from(bytes.subarray(0, SAMPLE_BYTES - this.#sampleBytes));
      this.#sample.push(kept);
      this.#sampleBytes += kept.length;
    }
    const all = this.#open.length === 0 ? bytes : Buffer.concat([this.#open, bytes]);
    const cut = cutOfUtf8(all);
    this.#count(all.subarray(0, cut));
    if (this.#isWindows1252) this.#isWindows1252 = !UNDEFINED.some((byte) => bytes.includes(byte));
    this.#open = Buffer.from(all.subarray(cut));
  }

  #count(bytes: Buffer): void {
    const { whole, western, broken, controls } = countUtf8(bytes);
    if (broken > 0) this.#brokenAt ??= this.#offset + findBroken(bytes);
    this.#whole += whole;
    this.#western += western;
    this.#broken += broken;
    this.#controls += controls;
    this.#offset += bytes.length;
  }

  finish(): EncodingVerdict {
    this.#count(this.#open);
    this.#open = Buffer.alloc(0);
    return this.#byMark() ?? this.#byName() ?? this.#byBytes();
  }

  #byMark(): EncodingVerdict | null {
    const [a, b, c, d] = this.#head;
    if (a === 0xff && b === 0xfe)
      return c === 0 && d === 0 ? certain('utf-32le') : this.#asUtf16('utf-16le', null);
    if (a === 0xfe && b === 0xff) return this.#asUtf16('utf-16be', null);
    if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return certain('utf-32be');
    return a === 0xef && b === 0xbb && c === 0xbf ? this.#asUtf8('begins as UTF-8') : null;
  }

  #byName(): EncodingVerdict | null {
    const set = this.#context.encoding ?? null;
    const zeros = detectUtf16(this.#head);
    if (zeros !== null) return this.#byZeros(zeros, set);
    const declared = this.#declared();
    if (declared !== null) {
      const family = familyOf(declared);
      if (family === null && set === null && !this.#isAscii())
        return {
          ...refusal(
            'unknown',
            `The XML declares the encoding ${declared}, which is not known: send it as UTF-8.`,
          ),
          brokenAt: 0,
        };
      // A declaration of UTF-16 that can be read byte by byte is left over from before the text was written.
      const isReal = family !== null && family.kind !== 'utf-16' && !/^u(?:tf|cs)-?(?:32|4)/i.test(declared);
      const isKept = isReal && (family.kind !== 'utf-8' || set === null || this.#isMostlyUtf8());
      if (isKept) return this.#named(declared, 'declares');
    }
    return set === null ? null : this.#named(set, 'is set to');
  }

  #byZeros(zeros: 'utf-16le' | 'utf-16be', set: string | null): EncodingVerdict {
    const family = set === null ? null : familyOf(set);
    if (family?.kind === 'utf-16') return this.#asUtf16(zeros, null);
    return this.#asUtf16(zeros, this.#doubt(zeros, 'It has no byte order mark and no encoding is set'));
  }

  /** A file that ends inside a character was cut, so that its last row cannot be trusted either. */
  #asUtf16(encoding: 'utf-16le' | 'utf-16be', doubt: string | null): EncodingVerdict {
    return this.#bytes % 2 === 0
      ? { ...certain(encoding), doubt }
      : refusal(encoding, 'The text is UTF-16 and ends inside a character: send it again, whole.');
  }

  #named(name: string, how: string): EncodingVerdict {
    const family = familyOf(name);
    if (family === null) return refusal('unknown', `The encoding ${name} is not known.`);
    if (family.kind === 'utf-8') return this.#asUtf8(`${how} ${name}`);
    if (family.kind === 'utf-16') return this.#asUtf16(family.label, null);
    const encoding = family.kind === 'latin' ? 'windows-1252' : name.toLowerCase();
    // One such character may be two of the Western text that was named, such as `ß` and a no-break space.
    const isMisnamed = this.#isMostlyUtf8() && (this.#western > 0 || this.#whole > 2);
    if (family.kind === 'latin' && isMisnamed) {
      const read = this.#asUtf8(`${how} ${name} and is mostly UTF-8`);
      return read.isText
        ? { ...read, doubt: `The file ${how} ${name}, and its bytes are UTF-8: read as utf-8.` }
        : read;
    }
    if (family.kind === 'latin' && this.#controls > 0 && !/1252|ansi/i.test(name))
      return {
        ...certain(encoding),
        doubt: `The file ${how} ${name}, where some of its bytes have no meaning: read as ${encoding}.`,
      };
    if (this.#whole === 0) return certain(encoding);
    const doubt = `The file ${how} ${name} and was read as that, though its bytes are valid UTF-8.`;
    return this.#broken === 0 ? { ...certain(encoding), doubt } : certain(encoding);
  }

  #byBytes(): EncodingVerdict {
    if (this.#hasEscapes)
      return refusal('unknown', 'The text is in an encoding of the family ISO-2022: send it as UTF-8.');
    if (this.#broken === 0) return certain('utf-8');
    if (this.#context.format === 'json') return this.#refuseBroken('JSON must be UTF-8');
    if (this.#isMostlyUtf8()) return this.#asUtf8('is mostly UTF-8');
    const encoding = 'windows-1252';
    if (this.#isWindows1252)
      return {
        ...certain(encoding),
        doubt: this.#doubt(encoding, 'Its bytes are not UTF-8 and no encoding is set'),
      };
    return this.#head.includes(0)
      ? refusal(
          'unknown',
          'The text is not UTF-8: if it is UTF-16, set the option `encoding` of the field mapping to `utf-16le` or `utf-16be`.',
        )
      : this.#refuseBroken(UNKNOWN_ENCODING);
  }

  /** Rows can be refused one by one; of the other formats nothing is left where a byte is not text. */
  #asUtf8(why: string): EncodingVerdict {
    if (this.#broken === 0) return certain('utf-8');
    return this.#context.format === 'csv'
      ? { ...certain('utf-8'), isBroken: true }
      : this.#refuseBroken(`The file ${why}`, 'utf-8');
  }

  #refuseBroken(why: string, encoding = 'unknown'): EncodingVerdict {
    const suggested = encoding === 'utf-8' ? null : suggestEncoding(Buffer.concat(this.#sample));
    const hint = suggested === null ? '' : ` It looks like ${suggested}: if so, set the option \`encoding\`.`;
    const message = `${why}, and a byte here is not: save the file as UTF-8.${hint}`;
    return { ...refusal(encoding, message), brokenAt: this.#brokenAt };
  }

  #doubt(encoding: string, why: string): string {
    const suggested = encoding === 'windows-1252' ? suggestEncoding(Buffer.concat(this.#sample)) : null;
    const hint =
      suggested === null || suggested === encoding
        ? ' If that is wrong, set the option `encoding` of the field mapping.'
        : ` It looks more like ${suggested}: if so, set the option \`encoding\` of the field mapping to that.`;
    return `${why}: read as ${encoding}.${hint}`;
  }

  #declared(): string | null {
    if (this.#context.format !== 'xml') return null;
    return XML_DECLARATION.exec(this.#head.toString('latin1', 0, DECLARATION_BYTES))?.[1] ?? null;
  }

  #isAscii(): boolean {
    return this.#whole === 0 && this.#broken === 0;
  }

  #isMostlyUtf8(): boolean {
    return this.#whole > 0 && this.#whole >= this.#broken;
  }
}

export const UNKNOWN_ENCODING = 'The text is neither UTF-8, UTF-16 nor Windows-1252';

type TextVerdict = Extract<EncodingVerdict, { isText: true }>;
type Refusal = Extract<EncodingVerdict, { isText: false }>;

const certain = (encoding: string): TextVerdict => ({ isText: true, encoding, isBroken: false, doubt: null });
const refusal = (encoding: string, message: string): Refusal => ({
  isText: false,
  encoding,
  message,
  brokenAt: null,
});

/** UTF-8 in one glance, which nearly all files are: nothing to be found out about them. */
export const isPlainUtf8 = (bytes: Buffer, { format, encoding }: EncodingContext): boolean =>
  (encoding ?? null) === null &&
  bytes[0] !== 0xef &&
  (format !== 'xml' || declaresNothingElse(bytes)) &&
  isUtf8(bytes) &&
  !bytes.includes(0) &&
  !bytes.includes(0x1b);

function declaresNothingElse(bytes: Buffer): boolean {
  const declared = XML_DECLARATION.exec(bytes.toString('latin1', 0, DECLARATION_BYTES))?.[1];
  return declared === undefined || /^utf-?8$/i.test(declared);
}
