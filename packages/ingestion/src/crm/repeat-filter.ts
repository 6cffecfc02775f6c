const BYTES = 16 * 1024 * 1024;
const BITS = BYTES * 8;

/**
 * Whether an id may have come twice, in memory of one size for any number of them (a Bloom filter of three bits an id). A
 * million different ids are told apart nearly always, and to be wrong costs a sort, never a row.
 */
export class RepeatFilter {
  readonly #bits = new Uint8Array(BYTES);
  mayRepeat = false;

  add(id: string): void {
    // Two hashes of FNV-1a's form; the third is their sum.
    let a = 0x811c9dc5;
    let b = 0x01000193;
    for (let i = 0; i < id.length; i += 1) {
      const code = id.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
    }
    a = mix(a);
    b = mix(b);
    const first = this.#set(a);
    const second = this.#set(b);
    const third = this.#set((a + Math.imul(b, 3)) >>> 0);
    this.mayRepeat ||= first && second && third;
  }

  /** Sets a bit; whether it was set already. */
  #set(hash: number): boolean {
    const bit = hash % BITS;
    const mask = 1 << (bit & 7);
    const was = (this.#bits[bit >>> 3]! & mask) !== 0;
    this.#bits[bit >>> 3]! |= mask;
    return was;
  }
}

function mix(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b);
  return (twice ^ (twice >>> 16)) >>> 0;
}
