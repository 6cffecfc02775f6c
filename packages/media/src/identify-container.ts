import { fileTypeFromTokenizer } from 'file-type';
import { BoundedTokenizer } from './bounded-tokenizer.ts';
import { CONTAINERS, type Container, type ContainerName } from './containers.ts';
import { AU_MAGIC } from './formats/au.ts';
import { looksLikeAdts } from './formats/frame-streams.ts';
import { looksLikeGsm } from './formats/gsm.ts';
import { findMpegFrame, id3End } from './formats/mpeg/mpeg-audio.ts';
import { libraryCall } from './library-call.ts';
import { describeText, describeType, TEXT_HEAD_BYTES } from './looks-like.ts';
import type { MediaBytes } from './media-bytes.ts';

/** Either the container that the bytes are, or a phrase for what they look like instead. */
export type Identity = { readonly container: Container } | { readonly looksLike: string };

const UNKNOWN: Identity = { looksLike: 'no media format we know' };

/**
 * file-type's extensions that are one of our containers. Those of bare sync words (mp3, aac) and of weak marks are
 * checked here instead.
 */
const BY_FILE_TYPE: Readonly<Record<string, ContainerName>> = {
  flac: 'flac',
  ogg: 'ogg',
  oga: 'ogg',
  ogv: 'ogg',
  ogm: 'ogg',
  ogx: 'ogg',
  opus: 'ogg',
  spx: 'ogg',
  amr: 'amr',
  mp4: 'mp4',
  m4v: 'mp4',
  m4p: 'mp4',
  f4v: 'mp4',
  f4p: 'mp4',
  m4a: 'm4a',
  m4b: 'm4a',
  f4a: 'm4a',
  f4b: 'm4a',
  mov: 'mov',
  '3gp': '3gp',
  '3g2': '3gp',
  webm: 'webm',
  mkv: 'mkv',
  asf: 'asf',
  mpg: 'mpg',
};
/** Media that nobody sends calls in, known to file-type alone: kept, and said to be a surprise. */
const RARITIES = new Set(['caf', 'flv', 'wv', 'ape', 'voc', 'mpc', 'qcp', 'rm']);
/** Signatures of a few bytes that are checked by more than that here, or not believed. */
const TOO_WEAK = new Set(['mp1', 'mp2', 'mp3', 'aac', 'mts', 'ac3', 'aif']);

/**
 * Which media container a file's bytes are. The extension decides only where a format has no signature (gsm, arf),
 * and where a file ends inside its signature. Source: C7.
 */
export const identifyContainer = async (bytes: MediaBytes, ext: string): Promise<Identity> => {
  const text = describeText(bytes.read(0, TEXT_HEAD_BYTES));
  if (text !== null) return { looksLike: text };
  const own = identifyByOwnSignature(bytes, ext);
  if (own !== null) return found(own);
  const byLibrary = await identifyByLibrary(bytes);
  if (byLibrary !== null) return byLibrary;
  bytes.startStep();
  if (findMpegFrame(bytes, 0) !== null) return found('mp3');
  return ext === 'gsm' || ext === 'arf' ? found(ext) : UNKNOWN;
};

const found = (name: ContainerName): Identity => ({ container: CONTAINERS[name] });

const identifyByOwnSignature = (bytes: MediaBytes, ext: string): ContainerName | null => {
  const head = bytes.read(0, 12).toString('latin1');
  if (head.startsWith(AU_MAGIC)) return 'au';
  // RF64 and its broadcast twin are WAVE with 64-bit sizes (EBU Tech 3306).
  if (/^(RIFF|RF64|BW64|FORM)/.test(head)) return identifyForm(head, ext);
  if (head.startsWith('ID3')) return identifyTagged(bytes);
  if (ext === 'gsm' && looksLikeGsm(bytes)) return 'gsm';
  if (isTransportStream(bytes)) return 'ts';
  if (looksLikeAdts(bytes, 0)) return 'aac';
  return null;
};

const FORMS: Readonly<Record<string, ContainerName>> = {
  WAVE: 'wav',
  'AVI ': 'avi',
  AIFF: 'aiff',
  AIFC: 'aiff',
};

/** A form is known by the type after its size; of one that is cut before it the extension tells. */
const identifyForm = (head: string, ext: string): ContainerName | null => {
  if (head.length === 12) return FORMS[head.slice(8)] ?? null;
  if (head.startsWith('FORM')) return 'aiff';
  return ext === 'avi' ? 'avi' : 'wav';
};

/** An ID3 tag stands before MPEG audio nearly always, but FLAC and AAC are seen behind it. */
const identifyTagged = (bytes: MediaBytes): ContainerName => {
  const end = id3End(bytes);
  if (bytes.read(end, 4).toString('latin1') === 'fLaC') return 'flac';
  return looksLikeAdts(bytes, end) ? 'aac' : 'mp3';
};

/**
 * Packets of 188 bytes begin with 0x47 (ISO 13818-1); Blu-ray puts four bytes before each. Four in a row, or the whole
 * file.
 */
const isTransportStream = (bytes: MediaBytes): boolean => {
  const head = bytes.read(0, 4 * 192);
  const fits = (first: number, step: number): boolean =>
    head.length > first + step &&
    [0, 1, 2, 3].every((packet) => (head[first + packet * step] ?? 0x47) === 0x47);
  return fits(0, 188) || fits(4, 192);
};

const identifyByLibrary = async (bytes: MediaBytes): Promise<Identity | null> => {
  const type = await libraryCall(() => fileTypeFromTokenizer(new BoundedTokenizer(bytes)));
  if (type === null || type === undefined || TOO_WEAK.has(type.ext)) return null;
  const name = BY_FILE_TYPE[type.ext];
  if (name !== undefined) return found(name);
  if (!RARITIES.has(type.ext)) return { looksLike: describeType(type) };
  const [kind, contentType] = [type.ext.toUpperCase(), type.mime];
  return {
    container: {
      name: kind,
      extensions: [type.ext],
      audioType: contentType,
      videoType: contentType,
      probe: contentType,
    },
  };
};
