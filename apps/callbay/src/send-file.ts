import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileView, Upload } from '@callbay/contracts';
import type { ApiClient } from './api-client.ts';
import { CommandError, EXIT_CODES } from './exit-codes.ts';

/** What a request carries at most: so much is sent again where it was lost. */
const PART_BYTES = 8 * 2 ** 20;
const ATTEMPTS = 5;

const isReceived = (answer: FileView | Upload): answer is FileView => 'receivedAt' in answer;

/**
 * Sends a local file to a tenant over HTTP, a part at a time, and answers how it was received. A part whose answer was lost is asked
 * for and sent again where it is missing. Throws a CommandError for a refusal, and where the server does not answer five times in a row.
 */
export async function sendFile(
  api: ApiClient,
  path: string,
  file: { readonly local: string; readonly name: string },
  progress: (bytes: number) => void,
): Promise<FileView> {
  const { local, name } = file;
  await using source = await open(local).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${local} cannot be read (${error.code})`, EXIT_CODES.usage, { cause: error });
  });
  const sizeBytes = (await source.stat()).size;
  const id = randomUUID();
  const type = 'application/octet-stream';
  const query = new URLSearchParams({ name });
  if (sizeBytes === 0)
    return api.send('POST', `${path}/files?${query}&id=${id}`, { content: new Uint8Array(), type });
  const part = async (start: number): Promise<FileView | Upload> => {
    const bytes = Buffer.alloc(Math.min(PART_BYTES, sizeBytes - start));
    const { bytesRead } = await source.read(bytes, 0, bytes.length, start);
    const headers = { 'content-range': `bytes ${start}-${start + bytesRead - 1}/${sizeBytes}` };
    const content = new Uint8Array(bytes.buffer, bytes.byteOffset, bytesRead);
    return api.send('PUT', `${path}/uploads/${id}?${query}`, { content, type, headers });
  };
  const ask = (): Promise<FileView | Upload> => {
    const headers = { 'content-range': `bytes */${sizeBytes}` };
    return api.send('PUT', `${path}/uploads/${id}`, { content: new Uint8Array(), type, headers });
  };
  let start = 0;
  let failures = 0;
  for (;;) {
    try {
      const answer = failures > 0 && start > 0 ? await ask() : await part(start);
      if (isReceived(answer)) return answer;
      [start, failures] = [answer.receivedBytes, 0];
      progress(start);
    } catch (error) {
      failures += 1;
      const isAway = error instanceof CommandError && error.exitCode === EXIT_CODES.unreachable;
      if (!isAway || failures === ATTEMPTS) throw error;
    }
  }
}
