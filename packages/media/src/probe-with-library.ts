import { parseFromTokenizer } from 'music-metadata';
import { BoundedTokenizer } from './bounded-tokenizer.ts';
import { NOTHING_PROBED, type Probe } from './formats/probe.ts';
import { libraryCall } from './library-call.ts';
import type { MediaBytes } from './media-bytes.ts';

/** Lengths are read from headers, never by walking the whole file; pictures and tags are of no use here. */
const OPTIONS = { duration: false, skipCovers: true, skipPostHeaders: true, includeChapters: false };

/** Duration, channels and codec as music-metadata reads them under the given type; all null where it cannot. */
export const probeWithLibrary = async (bytes: MediaBytes, mimeType: string): Promise<Probe> => {
  const tags = await libraryCall(() => parseFromTokenizer(new BoundedTokenizer(bytes, mimeType), OPTIONS));
  if (tags === null) return NOTHING_PROBED;
  const { duration, numberOfChannels, codec, hasVideo } = tags.format;
  return {
    // A broadcast says zero: it ended before its length was known.
    durationSeconds: duration || null,
    channels: numberOfChannels ?? null,
    codec: codec ?? null,
    hasVideo: hasVideo ?? null,
  };
};
