import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectMedia, type MediaInspection } from '../src/index.ts';

const fixtures = fileURLToPath(new URL('../../testkit/fixtures/media/', import.meta.url));

export const fixturePath = (name: string): string => join(fixtures, name);
export const fixtureBytes = (name: string): Buffer => readFileSync(fixturePath(name));

/** A folder that goes when the test file is done. */
export const makeFolder = (): { readonly path: string; remove(): void } => {
  const path = mkdtempSync(join(tmpdir(), 'callbay-media-'));
  return { path, remove: () => rmSync(path, { recursive: true }) };
};

/** Inspects a file on disk under its own name. */
export const inspectFile = (path: string, sizeBytes = statSync(path).size): Promise<MediaInspection> =>
  inspectMedia({ path, ext: extname(path).slice(1), sizeBytes });

/** Inspects bytes as if they had been received under a name with this extension. */
export const inspectBytes = async (folder: string, bytes: Buffer, ext: string): Promise<MediaInspection> => {
  const path = join(folder, `bytes.${ext}`);
  writeFileSync(path, bytes);
  return inspectFile(path);
};

export const codesOf = (issues: MediaInspection['issues']): string[] => issues.map(({ code }) => code);

/** A chunk of a RIFF file: id, size, payload, and a zero where the size is odd. `declaredBytes` may lie. */
export const riffChunk = (id: string, payload: Buffer, declaredBytes = payload.length): Buffer => {
  const header = Buffer.alloc(8);
  header.write(id, 'latin1');
  header.writeUInt32LE(declaredBytes, 4);
  return Buffer.concat([header, payload, Buffer.alloc(payload.length % 2)]);
};

/** A PCM format chunk: one channel, 8 kHz, 16 bits. */
export const pcmFormat = (): Buffer => {
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(8_000, 4);
  format.writeUInt32LE(16_000, 8);
  format.writeUInt16LE(2, 12);
  format.writeUInt16LE(16, 14);
  return riffChunk('fmt ', format);
};

/** A WAVE file of the given chunks whose form size is right unless given. */
export const waveOf = (chunks: readonly Buffer[], formBytes?: number, magic = 'RIFF'): Buffer => {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  const form = riffChunk(magic, body, formBytes ?? body.length);
  return form.subarray(0, 8 + body.length);
};
