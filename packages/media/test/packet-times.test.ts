import { expect, test } from 'vitest';
import { PacketTimes } from '../src/formats/mpeg/packet-times.ts';

const TICKS = 90_000;
const SOUND = 0xc0;
const PICTURES = 0xe0;

const packet = (stream: number, seconds: number) => ({
  stream,
  isSound: stream === SOUND,
  playsAt: Math.round(seconds * TICKS),
  payload: Buffer.alloc(0),
});

/** Packets of sound, ten in a second. */
const soundOf = (seconds: number) =>
  Array.from({ length: seconds * 10 + 1 }, (_, index) => packet(SOUND, index / 10));

const secondsOf = (packets: readonly ReturnType<typeof packet>[], isWhole = true): number | null => {
  const times = new PacketTimes(isWhole);
  for (const each of packets) times.take(each);
  return times.seconds;
};

test.each([1, 2, 4, 6, 90])('two recordings of %i s in one file are added up', (seconds) => {
  expect(secondsOf([...soundOf(seconds), ...soundOf(seconds)])).toBe(2 * seconds);
});

test('a clock that begins anew between windows leaves no duration', () => {
  expect(secondsOf([...soundOf(4), ...soundOf(4)], false)).toBeNull();
});

test('pictures that are sent out of their order are one recording', () => {
  const pictures = [0, 4, 1, 2, 3, 8, 5, 6, 7].map((seconds) => packet(PICTURES, seconds));
  expect(secondsOf([...pictures, ...soundOf(8)])).toBe(8);
});
