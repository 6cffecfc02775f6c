import { isAsfTruncated, probeAsf } from './formats/asf.ts';
import { isAuTruncated, probeAu } from './formats/au.ts';
import { isFlacTruncated, probeFlac } from './formats/flac.ts';
import { probeAdts, probeAmr } from './formats/frame-streams.ts';
import { probeGsm } from './formats/gsm.ts';
import { probeIso } from './formats/iso/iso-probe.ts';
import { isIsoTruncated } from './formats/iso/iso-truncation.ts';
import { probeMatroska } from './formats/matroska/matroska-probe.ts';
import { isMatroskaTruncated } from './formats/matroska/matroska-truncation.ts';
import { isMpegAudioTruncated } from './formats/mpeg/mpeg-audio.ts';
import { probeMpegAudio } from './formats/mpeg/mpeg-audio-probe.ts';
import { probeMpegProgram } from './formats/mpeg/mpeg-program.ts';
import { probeMpegTransport } from './formats/mpeg/mpeg-transport.ts';
import { probeOgg } from './formats/ogg/ogg-probe.ts';
import { isOggTruncated } from './formats/ogg/ogg-truncation.ts';
import type { Probe } from './formats/probe.ts';
import { isAiffTruncated, probeAiff } from './formats/riff/aiff.ts';
import { isAviTruncated, probeAvi } from './formats/riff/avi.ts';
import { isWaveTruncated, probeWave } from './formats/riff/wave.ts';
import type { MediaBytes } from './media-bytes.ts';

/** One kind of media file, and what we know how to ask of it. */
export interface Container {
  /** As people call it, for sentences. */
  readonly name: string;
  /** Extensions, lower case, under which it is not a surprise. */
  readonly extensions: readonly string[];
  /** Content type where it holds sound alone, and where it holds pictures or nobody could tell. */
  readonly audioType: string;
  readonly videoType: string;
  /** The type under which music-metadata reads it, or our own reading, or neither. */
  readonly probe: string | ((bytes: MediaBytes) => Probe) | null;
  /** Whether the file is short of what it declares; absent where the format declares nothing. */
  readonly isTruncated?: (bytes: MediaBytes) => boolean;
}

const ISO_EXTENSIONS = ['mp4', 'm4a', 'm4v', 'm4b', 'mov', 'qt', '3gp', '3g2', 'f4v'];
const OGG_EXTENSIONS = ['ogg', 'oga', 'ogv', 'opus', 'spx'];
const MPEG_EXTENSIONS = ['mpg', 'mpeg', 'vob', 'ts', 'mts', 'm2ts'];
const iso = { extensions: ISO_EXTENSIONS, probe: probeIso, isTruncated: isIsoTruncated };
const matroska = {
  extensions: ['mkv', 'mka', 'webm'],
  probe: probeMatroska,
  isTruncated: isMatroskaTruncated,
};

/** Every kind of media that is accepted, but for the rarities that only file-type knows. Source: C7. */
export const CONTAINERS = {
  wav: {
    name: 'WAVE',
    extensions: ['wav', 'wave'],
    audioType: 'audio/wav',
    videoType: 'audio/wav',
    probe: probeWave,
    isTruncated: isWaveTruncated,
  },
  aiff: {
    name: 'AIFF',
    extensions: ['aiff', 'aif', 'aifc'],
    audioType: 'audio/aiff',
    videoType: 'audio/aiff',
    probe: probeAiff,
    isTruncated: isAiffTruncated,
  },
  au: {
    name: 'Sun audio',
    extensions: ['au', 'snd'],
    audioType: 'audio/basic',
    videoType: 'audio/basic',
    probe: probeAu,
    isTruncated: isAuTruncated,
  },
  mp3: {
    name: 'MPEG audio',
    extensions: ['mp3', 'mp2', 'mpga'],
    audioType: 'audio/mpeg',
    videoType: 'audio/mpeg',
    probe: probeMpegAudio,
    isTruncated: isMpegAudioTruncated,
  },
  aac: {
    name: 'AAC',
    extensions: ['aac', 'adts'],
    audioType: 'audio/aac',
    videoType: 'audio/aac',
    probe: probeAdts,
  },
  flac: {
    name: 'FLAC',
    extensions: ['flac'],
    audioType: 'audio/flac',
    videoType: 'audio/flac',
    probe: probeFlac,
    isTruncated: isFlacTruncated,
  },
  ogg: {
    name: 'Ogg',
    extensions: OGG_EXTENSIONS,
    audioType: 'audio/ogg',
    videoType: 'video/ogg',
    probe: probeOgg,
    isTruncated: isOggTruncated,
  },
  gsm: { name: 'GSM', extensions: ['gsm'], audioType: 'audio/gsm', videoType: 'audio/gsm', probe: probeGsm },
  amr: {
    name: 'AMR',
    extensions: ['amr', 'awb'],
    audioType: 'audio/amr',
    videoType: 'audio/amr',
    probe: probeAmr,
  },
  mp4: { name: 'MP4', audioType: 'audio/mp4', videoType: 'video/mp4', ...iso },
  m4a: { name: 'M4A', audioType: 'audio/mp4', videoType: 'audio/mp4', ...iso },
  mov: {
    name: 'QuickTime',
    audioType: 'video/quicktime',
    videoType: 'video/quicktime',
    ...iso,
  },
  '3gp': { name: '3GP', audioType: 'audio/3gpp', videoType: 'video/3gpp', ...iso },
  webm: { name: 'WebM', audioType: 'audio/webm', videoType: 'video/webm', ...matroska },
  mkv: {
    name: 'Matroska',
    audioType: 'audio/x-matroska',
    videoType: 'video/x-matroska',
    ...matroska,
  },
  asf: {
    name: 'Windows Media',
    extensions: ['wma', 'wmv', 'asf'],
    audioType: 'audio/x-ms-wma',
    videoType: 'video/x-ms-wmv',
    probe: probeAsf,
    isTruncated: isAsfTruncated,
  },
  avi: {
    name: 'AVI',
    extensions: ['avi'],
    audioType: 'video/x-msvideo',
    videoType: 'video/x-msvideo',
    probe: probeAvi,
    isTruncated: isAviTruncated,
  },
  mpg: {
    name: 'MPEG video',
    extensions: MPEG_EXTENSIONS,
    audioType: 'video/mpeg',
    videoType: 'video/mpeg',
    probe: probeMpegProgram,
  },
  ts: {
    name: 'MPEG transport stream',
    extensions: MPEG_EXTENSIONS,
    audioType: 'video/mp2t',
    videoType: 'video/mp2t',
    probe: probeMpegTransport,
  },
  arf: {
    name: 'Webex recording',
    extensions: ['arf'],
    audioType: 'application/octet-stream',
    videoType: 'application/octet-stream',
    probe: null,
  },
} as const satisfies Record<string, Container>;

export type ContainerName = keyof typeof CONTAINERS;
