/** Reads numbers of any width, highest bit first. Past the end every bit is zero and `isPastEnd` says so. */
export class BitReader {
  readonly #buffer: Buffer;
  #position: number;

  constructor(buffer: Buffer, fromByte = 0) {
    this.#buffer = buffer;
    this.#position = fromByte * 8;
  }

  get bitsLeft(): number {
    return this.#buffer.length * 8 - this.#position;
  }

  get isPastEnd(): boolean {
    return this.bitsLeft < 0;
  }

  /** The next `count` bits, at most 32, as a number. */
  read(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      const byte = this.#buffer[this.#position >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1);
      this.#position += 1;
    }
    return value;
  }

  skip(count: number): void {
    this.#position += count;
  }

  alignToByte(): void {
    this.#position = Math.ceil(this.#position / 8) * 8;
  }
}
