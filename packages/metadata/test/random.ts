/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Dice {
  readonly below: (limit: number) => number;
  readonly chance: (part: number) => boolean;
  readonly pick: <T>(values: readonly T[]) => T;
  /** Between none and `most` of what `make` makes. */
  readonly some: <T>(most: number, make: () => T) => T[];
}

export function diceFrom(seed: number): Dice {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return {
    below,
    chance: (part) => random() < part,
    pick: (values) => values[below(values.length)]!,
    some: (most, make) => Array.from({ length: below(most + 1) }, make),
  };
}
