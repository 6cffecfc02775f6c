import type { MediaBytes } from '../../media-bytes.ts';
import { untilReadLimit } from '../../until-read-limit.ts';
import { NOTHING_PROBED, type Probe } from '../probe.ts';
import { type OggCodec, readOggCodec } from './ogg-codecs.ts';
import { type OggPage, packetParts, walkPages } from './ogg-pages.ts';

const MAX_PACKET_BYTES = 64 * 1024;
const MAX_STREAMS = 64;
const MAX_LINKS = 10_000;
const MAX_FIRST_PACKETS = 1_000;

/** What has been seen of one logical stream. */
interface Stream {
  readonly codec: OggCodec;
  readonly headers: Buffer[];
  /** Packets of sound up to the first position that a page gives. */
  readonly firstPackets: Buffer[];
  /** A packet that goes on in the next page. */
  open: Buffer;
  /** Position before the first packet of sound; null until known. */
  startUnits: number | null;
  endUnits: number | null;
}

/** Streams that begin together: a chain has several such links, one after another. */
interface Link {
  readonly streams: Map<number, Stream>;
  /** Whether a page came that begins no stream: what begins after it is the next link. */
  isUnderWay: boolean;
}

/**
 * Duration, channels and codec of an Ogg file: over the links of the chain, the sum of last position − first position −
 * pre-skip, where the first position is before the first packet and seldom but not always zero. The channels and codec are
 * those of the first stream with sound. Source: RFC 7845, 4.3, 4.5; RFC 3533.
 */
export const probeOgg = (bytes: MediaBytes): Probe => {
  const links: Link[] = [];
  const isWalked = untilReadLimit(() => {
    for (const page of walkPages(bytes)) if (!takePage(bytes, links, page)) return;
  });
  const streams = links.flatMap((link) => [...link.streams.values()]);
  const sound = streams.find(({ codec }) => !codec.isVideo);
  const seconds = links.reduce((sum, link) => sum + linkSeconds(link), 0);
  return {
    ...NOTHING_PROBED,
    durationSeconds: isWalked && links.length < MAX_LINKS && seconds > 0 ? seconds : null,
    channels: sound?.codec.channels ?? null,
    codec: sound?.codec.codec ?? null,
    hasVideo: streams.length === 0 ? null : streams.some(({ codec }) => codec.isVideo),
  };
};

/** False where there are more links than anybody chains. */
const takePage = (bytes: MediaBytes, links: Link[], page: OggPage): boolean => {
  let link = links.at(-1);
  if (link === undefined || (page.isFirst && link.isUnderWay)) {
    if (links.length === MAX_LINKS) return false;
    link = { streams: new Map(), isUnderWay: false };
    links.push(link);
  }
  if (page.isFirst) {
    const codec = readOggCodec(bytes.read(page.bodyStart, page.lacing[0] ?? 0));
    if (codec === null || link.streams.size === MAX_STREAMS) return true;
    const headers: Buffer[] = [];
    link.streams.set(page.serial, {
      codec,
      headers,
      firstPackets: [],
      open: Buffer.alloc(0),
      startUnits: null,
      endUnits: null,
    });
  } else link.isUnderWay = true;
  const stream = link.streams.get(page.serial);
  if (stream !== undefined) advanceStream(bytes, stream, page);
  return true;
};

const advanceStream = (bytes: MediaBytes, stream: Stream, page: OggPage): void => {
  if (stream.startUnits === null) takeFirstPackets(bytes, stream, page);
  if (stream.startUnits === null || page.granule === null) return;
  const units = stream.codec.unitsOf(page.granule);
  stream.endUnits = Math.max(stream.endUnits ?? 0, units);
};

/** Collects packets until a page gives a position after some sound: what lies before them is where the stream starts. */
const takeFirstPackets = (bytes: MediaBytes, stream: Stream, page: OggPage): void => {
  const { codec, headers, firstPackets } = stream;
  for (const part of packetParts(page)) {
    const room = MAX_PACKET_BYTES - stream.open.length;
    const packet = Buffer.concat([stream.open, bytes.read(part.start, Math.min(part.sizeBytes, room))]);
    stream.open = part.isEnd ? Buffer.alloc(0) : packet;
    if (!part.isEnd) continue;
    if (isHeader(codec, headers, packet)) headers.push(packet);
    // The head of a packet says how long it is.
    else firstPackets.push(Buffer.from(packet.subarray(0, 16)));
  }
  const isOver = firstPackets.length > MAX_FIRST_PACKETS;
  if ((firstPackets.length === 0 || page.granule === null) && !isOver) return;
  const units = isOver ? null : (codec.unitsIn?.(firstPackets, headers) ?? null);
  // Fewer than the packets hold: the first samples are cut off and the stream begins at zero.
  stream.startUnits = units === null ? 0 : Math.max(0, codec.unitsOf(page.granule ?? 0) - units);
};

/** FLAC may leave its number of headers open: its packets of sound begin with a sync code, its headers never do. */
const isHeader = (codec: OggCodec, headers: readonly Buffer[], packet: Buffer): boolean =>
  codec.headerPackets === null
    ? headers.length === 0 || packet[0] !== 0xff
    : headers.length < codec.headerPackets;

const linkSeconds = (link: Link): number => {
  const seconds = [...link.streams.values()].map(({ codec, startUnits, endUnits }) =>
    startUnits === null || endUnits === null || !(codec.unitsPerSecond > 0)
      ? 0
      : (endUnits - startUnits - codec.preSkip) / codec.unitsPerSecond,
  );
  return Math.max(0, ...seconds);
};
