/**
 * Runs in a child process: unpacks an archive into a folder of ours, or reads the list of a day. What it answers are
 * plain values; the bytes of members rest in the folder.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { BundleError, type OpenedMember, openBundle } from '@callbay/bundles';
import { type ReadTranscript, readBundleList, readTranscript } from '@callbay/core';
import type { RowSink } from '../reading/row-module.ts';

export type BundleReadOptions =
  | { readonly as: 'archive'; readonly stem: string; readonly folder: string }
  | { readonly as: 'list' };

export type BundleReadReport =
  | {
      readonly is: 'opened';
      readonly sha256: string;
      readonly members: readonly OpenedMember[];
      readonly transcript: ReadTranscript | null;
    }
  | { readonly is: 'list'; readonly sha256: string; readonly names: readonly string[] }
  | { readonly is: 'refused'; readonly message: string };

const LIST_BYTES = 8 * 2 ** 20;

export const readRows = (
  path: string,
  options: BundleReadOptions,
  _sink: RowSink,
): Promise<BundleReadReport> => (options.as === 'list' ? readList(path) : readArchive(path, options));

async function readArchive(
  path: string,
  { stem, folder }: Extract<BundleReadOptions, { as: 'archive' }>,
): Promise<BundleReadReport> {
  try {
    const { sha256, members } = await openBundle(path, stem, folder);
    const text = members.find(({ kind }) => kind === 'transcript');
    const transcript = text === undefined ? null : readTranscript(decode(await readFile(text.path)));
    return { is: 'opened', sha256, members, transcript };
  } catch (error) {
    if (error instanceof BundleError) return { is: 'refused', message: error.message };
    throw error;
  }
}

async function readList(path: string): Promise<BundleReadReport> {
  const { size } = await stat(path);
  if (size > LIST_BYTES) return { is: 'refused', message: `The list is over ${LIST_BYTES} bytes.` };
  const bytes = await readFile(path);
  const { names, isTooLong } = readBundleList(decode(bytes));
  if (isTooLong) return { is: 'refused', message: `The list is over ${names.length} names.` };
  return { is: 'list', sha256: createHash('sha256').update(bytes).digest('hex'), names };
}

/** NUL cannot be stored; what is not UTF-8 is shown as such. */
const decode = (bytes: Buffer): string => new TextDecoder().decode(bytes).replaceAll('\0', '\ufffd');
