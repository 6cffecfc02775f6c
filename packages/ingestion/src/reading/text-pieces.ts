import { open } from 'node:fs/promises';
import { EncodingDetector, type StreamEncoding } from '@callbay/metadata';

/** The text of a file in pieces. The first is long enough to detect a delimiter. */
export interface TextPieces {
  readonly encoding: StreamEncoding;
  /** Throws a MalformedTextError where the bytes stop being text. */
  pieces(): AsyncGenerator<{ readonly text: string; readonly isLast: boolean }, void>;
}

/** Bytes of the file are not whole characters of its encoding. */
export class MalformedTextError extends Error {
  override readonly name = 'MalformedTextError';
}

/** Small, so that what a piece makes dies young and memory stays flat. */
const PIECE_BYTES = 32 * 1024;
const FIRST_PIECE_LENGTH = 64 * 1024;
/** Nothing is made of the bytes that tell the encoding. */
const DETECTION_BYTES = 256 * 1024;

/** A file's bytes in one buffer, which the next part overwrites: no memory for each part. */
async function* readParts(path: string, partBytes: number): AsyncGenerator<Buffer, void> {
  await using file = await open(path);
  const buffer = Buffer.allocUnsafeSlow(partBytes);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, partBytes);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Null where the file is in no encoding that we read. Holds one piece of it at a time. Source: case 66. */
export async function openTextPieces(path: string): Promise<TextPieces | null> {
  const detector = new EncodingDetector();
  for await (const bytes of readParts(path, DETECTION_BYTES)) detector.push(bytes);
  const encoding = detector.finish();
  if (encoding === null) return null;
  return {
    encoding,
    async *pieces() {
      const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
      let first: string | null = '';
      for await (const bytes of readParts(path, PIECE_BYTES)) {
        const text = decode(decoder, bytes);
        if (first === null) yield { text, isLast: false };
        else if (first.length + text.length < FIRST_PIECE_LENGTH) first += text;
        else {
          yield { text: first + text, isLast: false };
          first = null;
        }
      }
      yield { text: (first ?? '') + decode(decoder, null), isLast: true };
    },
  };
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer | null): string {
  try {
    return bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new MalformedTextError(`The file is not valid ${decoder.encoding}: send it again.`, { cause });
  }
}
