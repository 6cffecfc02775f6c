/** Channels by the header packets of Vorbis one behind the other, as containers other than Ogg keep them. */
export const channelsOfVorbisHeaders = (headers: Buffer): number | null => {
  const identification = headers.indexOf('\x01vorbis', 0, 'latin1');
  return identification < 0 ? null : (headers[identification + 11] ?? null);
};

/** Which of the two block sizes each mode of a Vorbis stream has: true is the long one. */
export type VorbisModes = readonly boolean[];

/** Reads bits from the end of a Vorbis packet towards its start: within a byte the highest comes first that way. */
class BackwardBits {
  readonly #buffer: Buffer;
  #position: number;

  constructor(buffer: Buffer, position: number) {
    this.#buffer = buffer;
    this.#position = position;
  }

  get isAtStart(): boolean {
    return this.#position <= 0;
  }

  get position(): number {
    return this.#position;
  }

  /** The `count` bits before the position, as the number that they make when read forward. */
  read(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      this.#position -= 1;
      const byte = this.#buffer[this.#position >> 3] ?? 0;
      value = value * 2 + ((byte >> (this.#position & 7)) & 1);
    }
    return value;
  }
}

const MODE_BITS = 41;
const MAX_MODES = 64;

/**
 * The modes in a Vorbis setup header. They stand at its end, behind code books that nothing but a decoder can pass over,
 * and so are read backward from the framing bit: each mode is one bit for the block, two zeros of 16 bits and a mapping,
 * and the number of modes, in six bits, stands before the first. Null where no number fits.
 */
export const readVorbisModes = (setup: Buffer): VorbisModes | null => {
  let end = setup.length * 8;
  while (end > 0 && ((setup[(end - 1) >> 3] ?? 0) & (1 << ((end - 1) & 7))) === 0) end -= 1;
  // The framing bit itself.
  const bits = new BackwardBits(setup, end - 1);
  const modes: boolean[] = [];
  let found: VorbisModes | null = null;
  while (modes.length < MAX_MODES && bits.position >= MODE_BITS + 6) {
    const mapping = bits.read(8);
    if (mapping >= 64 || bits.read(16) !== 0 || bits.read(16) !== 0) break;
    modes.unshift(bits.read(1) === 1);
    const count = new BackwardBits(setup, bits.position).read(6) + 1;
    if (count === modes.length) found = [...modes];
  }
  return found;
};

/**
 * Samples that come out of packets, of which the first is the stream's first (Vorbis I, 1.3.2): half of this block and
 * half of the one before overlap, so that the first gives none.
 */
export const vorbisPacketSamples = (
  packets: readonly Buffer[],
  modes: VorbisModes,
  [short, long]: readonly [number, number],
): number => {
  const modeBits = modes.length > 1 ? 32 - Math.clz32(modes.length - 1) : 0;
  const sizes = packets.map((packet) => {
    const mode = ((packet[0] ?? 0) >> 1) & ((1 << modeBits) - 1);
    return modes[mode] === true ? long : short;
  });
  return sizes.slice(1).reduce((sum, size, index) => sum + (size + sizes[index]!) / 4, 0);
};
