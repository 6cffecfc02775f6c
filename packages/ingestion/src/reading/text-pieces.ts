import { open } from 'node:fs/promises';
import { type Issue, issue } from '@callbay/core';
import { createDecoder, describeSignature, EncodingDetector } from '@callbay/metadata';

/** The text of a file in pieces. The first is long enough to detect a delimiter. */
export interface TextPieces {
  readonly isText: true;
  readonly encoding: string;
  /** ENCODING_ASSUMED where the encoding is neither UTF-8 nor set. */
  readonly warnings: readonly Issue[];
  /** Bytes that are not of the encoding come out as half characters, for the rows that hold them to be refused. */
  pieces(): AsyncGenerator<{ readonly text: string; readonly isLast: boolean }, void>;
}

export interface NoText {
  readonly isText: false;
  readonly issues: readonly Issue[];
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

/**
 * The text of a CSV, in the encoding that is set, or else in the one that its bytes tell. Holds one piece of it at a
 * time. Source: case 66, case 112.
 */
export async function openTextPieces(path: string, encoding: string | null): Promise<TextPieces | NoText> {
  const detector = new EncodingDetector({ format: 'csv', encoding });
  let isFirst = true;
  for await (const bytes of readParts(path, DETECTION_BYTES)) {
    const signature = isFirst ? describeSignature(bytes) : null;
    if (signature !== null) return { isText: false, issues: [issue('METADATA_INVALID', signature)] };
    isFirst = false;
    detector.push(bytes);
  }
  const verdict = detector.finish();
  if (!verdict.isText) return { isText: false, issues: [issue('METADATA_INVALID', verdict.message)] };
  return {
    isText: true,
    encoding: verdict.encoding,
    warnings: verdict.doubt === null ? [] : [issue('ENCODING_ASSUMED', verdict.doubt)],
    async *pieces() {
      const decoder = createDecoder(verdict);
      let first: string | null = '';
      for await (const bytes of readParts(path, PIECE_BYTES)) {
        const text = decoder.write(bytes);
        if (first === null) yield { text, isLast: false };
        else if (first.length + text.length < FIRST_PIECE_LENGTH) first += text;
        else {
          yield { text: first + text, isLast: false };
          first = null;
        }
      }
      yield { text: (first ?? '') + decoder.end(), isLast: true };
    },
  };
}
