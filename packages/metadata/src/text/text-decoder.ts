import iconv from 'iconv-lite';
import type { EncodingVerdict } from './encoding-detector.ts';
import { familyOf } from './encoding-family.ts';
import { BROKEN, cutOfUtf8, decodeBrokenUtf8 } from './utf8.ts';

/** Text out of bytes that come in pieces. BROKEN stands where bytes are not of the encoding. */
export interface PieceDecoder {
  write(bytes: Buffer): string;
  /** What is left at the end. */
  end(): string;
}

type Readable = Extract<EncodingVerdict, { isText: true }>;

export function createDecoder({ encoding, isBroken }: Readable): PieceDecoder {
  const family = familyOf(encoding);
  if (family?.kind === 'utf-8') return isBroken ? brokenUtf8() : byPlatform('utf-8');
  if (family?.kind === 'utf-16') return byPlatform(family.label);
  return byLibrary(encoding);
}

/** The platform's own decoder is the fastest. It is never asked where a byte may be broken, but of UTF-16. */
function byPlatform(label: 'utf-8' | 'utf-16le' | 'utf-16be'): PieceDecoder {
  // With `fatal` one half pair would cost the whole file; without it U+FFFD stands there, as it may in the text itself.
  if (label === 'utf-8') {
    const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
    return { write: (bytes) => decoder.decode(bytes, { stream: true }), end: () => decoder.decode() };
  }
  return utf16(label);
}

/** UTF-16 whose half pairs stay half pairs: each is broken by itself. */
function utf16(label: 'utf-16le' | 'utf-16be'): PieceDecoder {
  let open = Buffer.alloc(0);
  return {
    write(bytes) {
      const all = open.length === 0 ? bytes : Buffer.concat([open, bytes]);
      const end = all.length & ~1;
      open = Buffer.from(all.subarray(end));
      const units = Buffer.from(all.subarray(0, end));
      return (label === 'utf-16be' ? units.swap16() : units).toString('utf16le');
    },
    end: () => (open.length === 0 ? '' : BROKEN),
  };
}

function brokenUtf8(): PieceDecoder {
  let open = Buffer.alloc(0);
  return {
    write(bytes) {
      const all = open.length === 0 ? bytes : Buffer.concat([open, bytes]);
      const cut = cutOfUtf8(all);
      open = Buffer.from(all.subarray(cut));
      return decodeBrokenUtf8(all.subarray(0, cut));
    },
    end: () => decodeBrokenUtf8(open),
  };
}

/** In the standards of ISO 8859, as nowhere else, these bytes are control characters: in a text they are a wrong guess. */
const C1 = /[\u0080-\u0084\u0086-\u009f]/g;

function byLibrary(encoding: string): PieceDecoder {
  const decoder = iconv.getDecoder(encoding, { stripBOM: false });
  const isIso8859 =
    /^(?:iso-?8859|latin|l\d|cp286|286|ecma|greek|hebrew|arabic|cyrillic|thai|turkish|celtic)/i.test(
      encoding,
    );
  const mark = (text: string): string => {
    const marked = text.includes('\ufffd') ? text.replaceAll('\ufffd', BROKEN) : text;
    return isIso8859 ? marked.replace(C1, BROKEN) : marked;
  };
  return { write: (bytes) => mark(decoder.write(bytes)), end: () => mark(decoder.end() ?? '') };
}
