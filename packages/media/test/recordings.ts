import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixturePath } from './files.ts';

/** One kind of recording, as docs/media.md lists it. */
export interface Kind {
  /** Name of the file, by which it is known in the table. */
  readonly name: string;
  readonly format: string;
  readonly codec: string;
  /** Options of ffmpeg; absent where `make` makes the file from those that ffmpeg made. */
  readonly options?: readonly string[];
  readonly make?: (folder: string, source: Source) => Buffer;
  /** Counted: every sample, frame or position. Declared: by times or a header, which the bytes bear out. None: unknown. */
  readonly duration: 'counted' | 'declared' | 'none';
  /**
   * What the duration is held against where ffprobe takes a header or a bit rate for the truth: the packets that it finds,
   * or the source's length this many times.
   */
  readonly truth?: 'packets' | number;
  /** Channels where they are not those of the source. */
  readonly channels?: number;
}

/** What the recordings are made from: speech of this many seconds, channels and samples in a second. */
export interface Source {
  readonly seconds: number;
  readonly channels: number;
  readonly rate: number;
}

export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

const made = (folder: string, name: string): Buffer => readFileSync(join(folder, name));
const twice = (folder: string, name: string): Buffer =>
  Buffer.concat([made(folder, name), made(folder, name)]);

/** Frames of AMR at 12.2 kbit/s, which no free encoder makes: a container only needs their first byte. */
export const amrFrames = (seconds: number): Buffer => {
  const frame = Buffer.alloc(32);
  frame.writeUInt8(0x3c, 0);
  return Buffer.concat([
    Buffer.from('#!AMR\n'),
    ...Array.from({ length: Math.round(seconds * 50) }, () => frame),
  ]);
};

/** A stream whose clock was running long before it was recorded. */
const withLaterStart = (ogg: Buffer, units: bigint): Buffer => {
  for (let at = ogg.indexOf('OggS'); at >= 0; at = ogg.indexOf('OggS', at + 27)) {
    const granule = ogg.readBigInt64LE(at + 6);
    if (granule > 0n) ogg.writeBigInt64LE(granule + units, at + 6);
  }
  return ogg;
};

const withFalseByteRate = (wav: Buffer): Buffer => {
  wav.writeUInt32LE(wav.readUInt32LE(28) * 2, 28);
  return wav;
};

const film = ['-map', '1:v'];

/** Formats that customers were promised, others that are common, and the ways in which recorders write them. Source: C7. */
export const KINDS: readonly Kind[] = [
  { name: 'pcm.wav', format: 'WAVE', codec: 'PCM', options: ['-c:a', 'pcm_s16le'], duration: 'counted' },
  {
    name: 'wide.wav',
    format: 'WAVE',
    codec: 'PCM, 24 bits',
    options: ['-c:a', 'pcm_s24le'],
    duration: 'counted',
  },
  { name: 'ulaw.wav', format: 'WAVE', codec: 'µ-law', options: ['-c:a', 'pcm_mulaw'], duration: 'counted' },
  {
    name: 'false-rate.wav',
    format: 'WAVE',
    codec: 'µ-law, false byte rate',
    make: (folder) => withFalseByteRate(made(folder, 'ulaw.wav')),
    duration: 'counted',
  },
  {
    name: 'ima.wav',
    format: 'WAVE',
    codec: 'IMA ADPCM',
    options: ['-c:a', 'adpcm_ima_wav'],
    duration: 'counted',
  },
  {
    name: 'ms.wav',
    format: 'WAVE',
    codec: 'MS ADPCM',
    options: ['-c:a', 'adpcm_ms'],
    duration: 'counted',
    truth: 'packets',
  },
  {
    name: 'gsm.wav',
    format: 'WAVE',
    codec: 'GSM',
    options: ['-ac', '1', '-ar', '8000', '-c:a', 'libgsm_ms'],
    duration: 'counted',
    channels: 1,
  },
  {
    name: 'g722.wav',
    format: 'WAVE',
    codec: 'G.722',
    options: ['-ac', '1', '-ar', '16000', '-c:a', 'g722'],
    duration: 'counted',
    channels: 1,
  },
  {
    name: 'g726.wav',
    format: 'WAVE',
    codec: 'G.726',
    options: ['-ac', '1', '-ar', '8000', '-c:a', 'g726'],
    duration: 'counted',
    channels: 1,
  },
  { name: 'mp3.wav', format: 'WAVE', codec: 'MP3', options: ['-c:a', 'libmp3lame'], duration: 'counted' },
  { name: 'rf64.wav', format: 'RF64', codec: 'PCM', options: ['-rf64', 'always'], duration: 'counted' },
  { name: 'pcm.aiff', format: 'AIFF', codec: 'PCM', options: [], duration: 'counted' },
  { name: 'law.aif', format: 'AIFF-C', codec: 'A-law', options: ['-c:a', 'pcm_alaw'], duration: 'counted' },
  {
    name: 'law.au',
    format: 'Sun audio',
    codec: 'µ-law',
    options: ['-c:a', 'pcm_mulaw'],
    duration: 'counted',
  },
  {
    name: 'cbr.mp3',
    format: 'MP3',
    codec: 'MP3, one bit rate',
    options: ['-b:a', '32k'],
    duration: 'counted',
  },
  {
    name: 'vbr.mp3',
    format: 'MP3',
    codec: 'MP3, many bit rates',
    options: ['-q:a', '6'],
    duration: 'counted',
  },
  {
    name: 'bare.mp3',
    format: 'MP3',
    codec: 'MP3, many bit rates, no header',
    options: ['-q:a', '6', '-write_xing', '0', '-id3v2_version', '0'],
    duration: 'counted',
    truth: 'packets',
  },
  {
    name: 'half.mp3',
    format: 'MP3',
    codec: 'MP3, header of half the file',
    make: (folder) => twice(folder, 'vbr.mp3'),
    duration: 'counted',
    truth: 'packets',
  },
  { name: 'layer2.mp2', format: 'MP2', codec: 'MP2', options: ['-ar', '32000'], duration: 'counted' },
  {
    name: 'sound.aac',
    format: 'AAC',
    codec: 'AAC in ADTS',
    options: [],
    duration: 'counted',
    truth: 'packets',
  },
  {
    name: 'sound.amr',
    format: 'AMR',
    codec: 'AMR',
    make: (_folder, { seconds }) => amrFrames(seconds),
    duration: 'counted',
    truth: 1,
    channels: 1,
  },
  {
    name: 'raw.gsm',
    format: 'GSM',
    codec: 'GSM',
    options: ['-ac', '1', '-ar', '8000', '-c:a', 'libgsm'],
    duration: 'counted',
    channels: 1,
  },
  { name: 'sound.flac', format: 'FLAC', codec: 'FLAC', options: [], duration: 'counted' },
  {
    name: 'opus.ogg',
    format: 'Ogg',
    codec: 'Opus',
    options: ['-c:a', 'libopus', '-b:a', '16k'],
    duration: 'counted',
  },
  { name: 'vorbis.ogg', format: 'Ogg', codec: 'Vorbis', options: ['-c:a', 'libvorbis'], duration: 'counted' },
  {
    name: 'speex.ogg',
    format: 'Ogg',
    codec: 'Speex',
    options: ['-ar', '8000', '-c:a', 'libspeex'],
    duration: 'counted',
  },
  { name: 'flac.ogg', format: 'Ogg', codec: 'FLAC', options: ['-c:a', 'flac'], duration: 'counted' },
  {
    name: 'film.ogv',
    format: 'Ogg',
    codec: 'Theora, Vorbis',
    options: [...film, '-c:v', 'libtheora', '-c:a', 'libvorbis'],
    duration: 'counted',
  },
  {
    name: 'chain.ogg',
    format: 'Ogg',
    codec: 'Opus, a chain',
    make: (folder) => twice(folder, 'opus.ogg'),
    duration: 'counted',
    truth: 2,
  },
  {
    name: 'mixed-chain.ogg',
    format: 'Ogg',
    codec: 'Opus, then Vorbis',
    make: (folder) => Buffer.concat([made(folder, 'opus.ogg'), made(folder, 'vorbis.ogg')]),
    duration: 'counted',
    truth: 2,
  },
  {
    name: 'later-opus.ogg',
    format: 'Ogg',
    codec: 'Opus, first position not 0',
    make: (folder) => withLaterStart(made(folder, 'opus.ogg'), 172_800_000n),
    duration: 'counted',
    truth: 1,
  },
  {
    name: 'later-vorbis.ogg',
    format: 'Ogg',
    codec: 'Vorbis, first position not 0',
    make: (folder) => withLaterStart(made(folder, 'vorbis.ogg'), 57_600_000n),
    duration: 'counted',
    truth: 1,
  },
  {
    name: 'later-flac.ogg',
    format: 'Ogg',
    codec: 'FLAC, first position not 0',
    make: (folder) => withLaterStart(made(folder, 'flac.ogg'), 57_600_000n),
    duration: 'counted',
    truth: 1,
  },
  { name: 'aac.m4a', format: 'M4A', codec: 'AAC', options: ['-b:a', '32k'], duration: 'counted' },
  {
    name: 'fast.m4a',
    format: 'M4A',
    codec: 'AAC, header first',
    options: ['-b:a', '32k', '-movflags', 'faststart'],
    duration: 'counted',
  },
  { name: 'alac.m4a', format: 'M4A', codec: 'ALAC', options: ['-c:a', 'alac'], duration: 'counted' },
  {
    name: 'opus.mp4',
    format: 'MP4',
    codec: 'Opus',
    options: ['-c:a', 'libopus', '-b:a', '16k'],
    duration: 'counted',
  },
  { name: 'vorbis.mp4', format: 'MP4', codec: 'Vorbis', options: ['-c:a', 'libvorbis'], duration: 'counted' },
  {
    name: 'mp3.mp4',
    format: 'MP4',
    codec: 'MP3',
    options: ['-c:a', 'libmp3lame', '-ar', '16000'],
    duration: 'counted',
  },
  {
    name: 'ac3.mp4',
    format: 'MP4',
    codec: 'AC-3',
    options: ['-c:a', 'ac3', '-ar', '48000'],
    duration: 'counted',
  },
  {
    name: 'flac.mp4',
    format: 'MP4',
    codec: 'FLAC',
    options: ['-c:a', 'flac', '-strict', '-2'],
    duration: 'counted',
  },
  {
    name: 'fragments.mp4',
    format: 'MP4',
    codec: 'AAC, fragments',
    options: ['-b:a', '32k', '-movflags', 'frag_keyframe+empty_moov', '-frag_duration', '500000'],
    duration: 'counted',
  },
  {
    name: 'dash.mp4',
    format: 'MP4',
    codec: 'AAC, fragments, default sizes',
    options: [
      '-b:a',
      '32k',
      '-movflags',
      'frag_keyframe+empty_moov+default_base_moof+dash',
      '-frag_duration',
      '1000000',
    ],
    duration: 'counted',
  },
  {
    name: 'film.mp4',
    format: 'MP4',
    codec: 'H.264, AAC',
    options: [...film, '-c:v', 'libx264', '-preset', 'ultrafast', '-b:a', '32k'],
    duration: 'counted',
  },
  {
    name: 'film.mov',
    format: 'QuickTime',
    codec: 'MPEG-4, PCM',
    options: [...film, '-c:v', 'mpeg4', '-c:a', 'pcm_s16le'],
    duration: 'counted',
  },
  {
    name: 'ulaw.mov',
    format: 'QuickTime',
    codec: 'µ-law',
    options: ['-c:a', 'pcm_mulaw'],
    duration: 'counted',
  },
  {
    name: 'aac.3gp',
    format: '3GP',
    codec: 'AAC',
    options: ['-c:a', 'aac', '-b:a', '32k'],
    duration: 'counted',
  },
  {
    name: 'opus.webm',
    format: 'WebM',
    codec: 'Opus',
    options: ['-c:a', 'libopus', '-b:a', '16k'],
    duration: 'declared',
  },
  {
    name: 'live.webm',
    format: 'WebM',
    codec: 'Opus, live',
    options: ['-c:a', 'libopus', '-b:a', '16k', '-live', '1'],
    duration: 'declared',
    truth: 1,
  },
  {
    name: 'vorbis.webm',
    format: 'WebM',
    codec: 'Vorbis',
    options: ['-c:a', 'libvorbis'],
    duration: 'declared',
  },
  {
    name: 'film.webm',
    format: 'WebM',
    codec: 'VP8, Opus',
    options: [...film, '-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libopus', '-b:a', '16k'],
    duration: 'declared',
  },
  {
    name: 'aac.mkv',
    format: 'Matroska',
    codec: 'AAC',
    options: ['-c:a', 'aac', '-b:a', '32k'],
    duration: 'declared',
  },
  { name: 'pcm.mkv', format: 'Matroska', codec: 'PCM', options: ['-c:a', 'pcm_s16le'], duration: 'declared' },
  {
    name: 'v2.wma',
    format: 'Windows Media',
    codec: 'WMA',
    options: ['-ar', '16000', '-c:a', 'wmav2', '-b:a', '24k'],
    duration: 'declared',
  },
  {
    name: 'film.wmv',
    format: 'Windows Media',
    codec: 'WMV, WMA',
    options: [...film, '-c:v', 'wmv2', '-ar', '16000', '-c:a', 'wmav2', '-b:a', '24k'],
    duration: 'declared',
  },
  {
    name: 'film.avi',
    format: 'AVI',
    codec: 'MPEG-4, MP3',
    options: [...film, '-c:v', 'mpeg4', '-ar', '16000', '-c:a', 'libmp3lame'],
    duration: 'counted',
  },
  {
    name: 'pcm.avi',
    format: 'AVI',
    codec: 'MPEG-4, PCM',
    options: [...film, '-c:v', 'mpeg4', '-c:a', 'pcm_s16le'],
    duration: 'counted',
  },
  {
    name: 'mp2.mpg',
    format: 'MPEG program',
    codec: 'MPEG-1, MP2',
    options: [...film, '-c:v', 'mpeg1video', '-ar', '32000', '-c:a', 'mp2', '-b:a', '64k'],
    duration: 'declared',
  },
  {
    name: 'ac3.mpg',
    format: 'MPEG program',
    codec: 'MPEG-2, AC-3',
    options: [...film, '-f', 'vob', '-c:v', 'mpeg2video', '-ar', '48000', '-c:a', 'ac3', '-b:a', '96k'],
    duration: 'declared',
  },
  {
    name: 'twice.mpg',
    format: 'MPEG program',
    codec: 'MPEG-1, MP2, two films in one',
    make: (folder) => twice(folder, 'mp2.mpg'),
    duration: 'declared',
    truth: 2,
  },
  {
    name: 'aac.ts',
    format: 'MPEG transport',
    codec: 'H.264, AAC',
    options: [...film, '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-b:a', '32k'],
    duration: 'declared',
    truth: 'packets',
  },
  {
    name: 'mp2.ts',
    format: 'MPEG transport',
    codec: 'MP2',
    options: ['-ar', '32000', '-c:a', 'mp2', '-b:a', '64k'],
    duration: 'declared',
    truth: 1,
  },
  {
    name: 'ac3.m2ts',
    format: 'MPEG transport',
    codec: 'AC-3',
    options: ['-ar', '48000', '-c:a', 'ac3', '-b:a', '96k', '-mpegts_m2ts_mode', '1'],
    duration: 'declared',
    truth: 1,
  },
  {
    name: 'twice.ts',
    format: 'MPEG transport',
    codec: 'MP2, two in one',
    make: (folder) => twice(folder, 'mp2.ts'),
    duration: 'declared',
    truth: 2,
  },
];

/** Makes a file of each kind in a folder, by one run of ffmpeg for all. */
export const makeRecordings = (folder: string, source: Source, kinds: readonly Kind[] = KINDS): void => {
  const { seconds, channels, rate } = source;
  const shape = ['-ac', String(channels), '-ar', String(rate), '-t', String(seconds)];
  const outputs = kinds.flatMap(({ name, options }) =>
    options === undefined
      ? []
      : ['-map', '0:a', ...shape, ...options, '-map_metadata', '-1', join(folder, name)],
  );
  const run = spawnSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-y', '-stream_loop', '-1', '-i', fixturePath('call.wav')],
      ...['-f', 'lavfi', '-i', `testsrc=s=64x48:r=25:d=${seconds}`],
      ...outputs,
    ],
    { maxBuffer: 2 ** 24 },
  );
  if (run.status !== 0) throw new Error(run.stderr.toString());
  for (const { name, make } of kinds)
    if (make !== undefined) writeFileSync(join(folder, name), make(folder, source));
};

/** An answer for each path is asked for once: the files of one folder do not change. */
const once = <T>(ask: (path: string) => T): ((path: string) => T) => {
  const known = new Map<string, T>();
  return (path) => {
    if (!known.has(path)) known.set(path, ask(path));
    return known.get(path)!;
  };
};

/** Seconds of all packets of sound that ffprobe finds. */
export const sumPackets = once((path: string): number => {
  const entries = ['-show_entries', 'packet=duration_time', '-select_streams', 'a:0', '-of', 'csv=p=0'];
  const run = spawnSync('ffprobe', ['-v', 'error', ...entries, path], { maxBuffer: 2 ** 24 });
  return run.stdout
    .toString()
    .split('\n')
    .reduce((sum, line) => sum + (Number.parseFloat(line) || 0), 0);
});

/** Seconds and channels as ffprobe reads them. */
export const askFfprobe = once((path: string): { seconds: number; channels: number } => {
  const entries = [
    '-show_entries',
    'format=duration:stream=channels',
    '-select_streams',
    'a:0',
    '-of',
    'json',
  ];
  const run = spawnSync('ffprobe', ['-v', 'error', ...entries, path]);
  const answer = JSON.parse(run.stdout.toString()) as {
    format?: { duration?: string };
    streams?: { channels?: number }[];
  };
  return { seconds: Number(answer.format?.duration), channels: answer.streams?.[0]?.channels ?? 0 };
});
