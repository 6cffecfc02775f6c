import { type Issue, issue, type MediaFacts } from '@callbay/core';
import type { Container } from './containers.ts';
import { NOTHING_PROBED, type Probe } from './formats/probe.ts';
import { identifyContainer } from './identify-container.ts';
import { MediaBytes, ReadLimitError } from './media-bytes.ts';
import { probeWithLibrary } from './probe-with-library.ts';

/** What was found in a recording's bytes: facts, or the issue that rejects them, and notes on what is odd. */
export interface MediaInspection {
  /** Null exactly where `issues` says why. */
  readonly media: MediaFacts | null;
  /** EMPTY_MEDIA or NOT_MEDIA. */
  readonly issues: readonly Issue[];
  /** MEDIA_TYPE_MISMATCH, MEDIA_UNPROBED. */
  readonly warnings: readonly Issue[];
}

const MAX_CHANNELS = 64;
const MAX_DURATION_SECONDS = 30 * 24 * 3600;
const MAX_CODEC_LENGTH = 64;

/**
 * What a recording is, by its bytes: whether it is media at all, its content type, duration, channels and codec, and
 * whether it is short of what it declares. `ext` is the name's extension in lower case without the dot. Recognizing it and
 * looking for a cut read at most 16 MiB each, and the walk over formats without an index at most 512 MiB in small windows.
 *
 * Throws only when storage fails: BLOB_MISSING, UNAVAILABLE. Source: C7, C8.
 */
export const inspectMedia = async (input: {
  readonly path: string;
  readonly ext: string;
  readonly sizeBytes: number;
  /** The whole file, where the caller has read it already. */
  readonly bytes?: Buffer | null;
}): Promise<MediaInspection> => {
  if (input.sizeBytes === 0)
    return rejected(issue('EMPTY_MEDIA', 'The recording is empty: it has no bytes.'));
  using bytes = new MediaBytes(input.bytes ?? input.path, input.sizeBytes);
  const identity = await identifyContainer(bytes, input.ext);
  if ('looksLike' in identity) {
    return rejected(
      issue('NOT_MEDIA', `Not an audio or video file: the content looks like ${identity.looksLike}.`),
    );
  }
  const { container } = identity;
  bytes.startStep();
  const isTruncated = withinLimit(() => container.isTruncated?.(bytes) ?? false, false);
  bytes.startWalk();
  const probe = tidyProbe(await probeContainer(bytes, container));
  const { durationSeconds, channels, codec } = probe;
  const contentType = probe.hasVideo === false ? container.audioType : container.videoType;
  return {
    media: { contentType, durationSeconds, channels, codec, isTruncated },
    issues: [],
    warnings: [...warnOfMismatch(container, input.ext), ...warnOfUnknowns(probe)],
  };
};

const rejected = (reason: Issue): MediaInspection => ({ media: null, issues: [reason], warnings: [] });

const probeContainer = async (bytes: MediaBytes, container: Container): Promise<Probe> => {
  const { probe } = container;
  if (probe === null) return NOTHING_PROBED;
  if (typeof probe !== 'string') return withinLimit(() => probe(bytes), NOTHING_PROBED);
  bytes.startStep();
  return probeWithLibrary(bytes, probe);
};

/** A question that would take more reading than the bound stays open: `otherwise` is its answer. */
const withinLimit = <T>(ask: () => T, otherwise: T): T => {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ReadLimitError) return otherwise;
    throw error;
  }
};

const isWithin = (value: number | null, least: number, most: number): boolean =>
  value !== null && value >= least && value <= most;

/** A hostile header can claim any number and any bytes as a name: what cannot be true is unknown. */
const tidyProbe = (probe: Probe): Probe => {
  const { durationSeconds: duration, channels } = probe;
  const codec = (probe.codec ?? '')
    .replace(/[^ -~]/g, '')
    .trim()
    .slice(0, MAX_CODEC_LENGTH);
  return {
    durationSeconds: isWithin(duration, 0, MAX_DURATION_SECONDS) ? duration : null,
    channels: Number.isInteger(channels) && isWithin(channels, 1, MAX_CHANNELS) ? channels : null,
    codec: codec === '' ? null : codec,
    hasVideo: probe.hasVideo,
  };
};

const warnOfMismatch = (container: Container, ext: string): Issue[] =>
  container.extensions.includes(ext)
    ? []
    : [
        issue(
          'MEDIA_TYPE_MISMATCH',
          `The bytes are ${container.name}, which the extension does not say. They are taken for what they are.`,
        ),
      ];

const warnOfUnknowns = (probe: Probe): Issue[] => {
  const facts = { duration: probe.durationSeconds, channels: probe.channels, codec: probe.codec };
  const unknown = Object.entries(facts).flatMap(([name, value]) => (value === null ? [name] : []));
  if (unknown.length === 0) return [];
  return [
    issue(
      'MEDIA_UNPROBED',
      `The recording is kept, but this could not be read from it: ${unknown.join(', ')}.`,
    ),
  ];
};
