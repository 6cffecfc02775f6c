import type { LinkageFields, LinkageParty } from '@callbay/core';

/** Records and recordings of one tenant, and which belong to which. */
export interface LinkageWorld {
  readonly records: readonly LinkageParty[];
  readonly recordings: readonly LinkageParty[];
  /** Record to its recording, for the calls that can be told apart. */
  readonly truth: ReadonlyMap<string, string>;
  /** Records of calls that have a true twin: nothing may be picked for them. */
  readonly twins: ReadonlySet<string>;
}

export interface WorldShape {
  readonly seed: number;
  readonly users: number;
  readonly days: number;
  readonly callsPerUserPerDay: number;
}

const SKEW_SIGMA_S = 30;
const OFFSET_SHARE = 0.05;
const OFFSET_UP_TO_S = 300;
/** 1 - (1 - x)² is the share of pairs of which one side at least lacks the field, or has it wrong. */
const HALF_OF_MISSING = 1 - Math.sqrt(1 - 0.2);
const HALF_OF_TYPOS = 1 - Math.sqrt(1 - 0.1);
const TWINS = 0.05;
/** Calls of which one half never comes: what remains must find nobody. */
const ORPHANS = 0.05;
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.UTC(2026, 2, 2, 8);
const WORK_DAY_MS = 8 * 3_600_000;

type Random = () => number;

/** Mulberry32: the same seed makes the same world everywhere. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const gaussian = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

/** One digit or letter for another of its kind, or two neighbours swapped. */
function mistype(random: Random, text: string): string {
  const at = 1 + Math.floor(random() * (text.length - 2));
  if (random() < 0.3) return text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
  const letters = /\d/.test(text[at]!) ? '0123456789' : 'abcdefghijklmnopqrstuvwxyz';
  return text.slice(0, at) + pick(random, letters.split('')) + text.slice(at + 1);
}

/**
 * As one system saw the call: each field but the start may be missing, and each that is there may be mistyped. The
 * shares are those of pairs, so either side has half of them. The start is always there: nothing surfaces without one.
 */
function observe(random: Random, call: LinkageFields, startedAt: number): LinkageFields {
  const isSaid = (): boolean => random() >= HALF_OF_MISSING;
  const typed = <T>(value: T, wrong: () => T): T => (random() < HALF_OF_TYPOS ? wrong() : value);
  const seconds = call.durationSeconds!;
  return {
    startedAt,
    user: isSaid() ? typed(call.user!, () => mistype(random, call.user!)) : null,
    phones: isSaid() ? [typed(call.phones[0]!, () => mistype(random, call.phones[0]!))] : [],
    durationSeconds: isSaid() ? typed(seconds, () => seconds + 10 * (1 + Math.floor(random() * 9))) : null,
    direction: isSaid()
      ? typed(call.direction!, () => (call.direction === 'inbound' ? 'outbound' : 'inbound'))
      : null,
  };
}

/** How far the recorder's clock was from the other system's, in milliseconds. */
function skewMs(random: Random): number {
  if (random() < OFFSET_SHARE) return (2 * random() - 1) * OFFSET_UP_TO_S * 1_000;
  return gaussian(random) * SKEW_SIGMA_S * 1_000;
}

function makeCall(random: Random, user: string, day: number, regulars: readonly string[]): LinkageFields {
  const phone = (): string =>
    `+49${30 + Math.floor(random() * 60)}${1_000_000 + Math.floor(random() * 9_000_000)}`;
  return {
    startedAt: FIRST_DAY_MS + day * DAY_MS + Math.floor((random() * WORK_DAY_MS) / 1_000) * 1_000,
    user,
    phones: [random() < 0.3 ? pick(random, regulars) : phone()],
    durationSeconds: Math.max(5, Math.round(Math.exp(5 + 0.9 * gaussian(random)))),
    direction: random() < 0.6 ? 'outbound' : 'inbound',
  };
}

/**
 * Calls as two systems saw them. A true twin is a second call whose recording, or whose record, says the very same in
 * every field: a recorder that writes each leg, or a row that was entered twice; the other half differs as any other.
 */
export function makeLinkageWorld({ seed, users, days, callsPerUserPerDay }: WorldShape): LinkageWorld {
  const random = randomFrom(seed);
  const names = Array.from({ length: users }, (_, n) => `agent${1_000 + n * 37}`);
  const regulars = Array.from({ length: 500 }, (_, n) => `+4930${2_000_000 + n * 7_919}`);
  const records: LinkageParty[] = [];
  const recordings: LinkageParty[] = [];
  const truth = new Map<string, string>();
  const twins = new Set<string>();
  const add = (record: LinkageFields, recording: LinkageFields): [string, string] => {
    const ids: [string, string] = [`record-${records.length}`, `recording-${recordings.length}`];
    records.push({ id: ids[0], fields: record });
    recordings.push({ id: ids[1], fields: recording });
    return ids;
  };
  for (let day = 0; day < days; day += 1) {
    for (const user of names) {
      for (let n = 0; n < callsPerUserPerDay; n += 1) {
        const call = makeCall(random, user, day, regulars);
        const asRecord = (): LinkageFields => observe(random, call, call.startedAt!);
        const asRecording = (): LinkageFields => observe(random, call, call.startedAt! + skewMs(random));
        const [record, recording] = [asRecord(), asRecording()];
        if (random() < ORPHANS) {
          if (random() < 0.5) records.push({ id: `orphan-${records.length}`, fields: record });
          else recordings.push({ id: `orphan-${recordings.length}`, fields: recording });
          continue;
        }
        const [recordId, recordingId] = add(record, recording);
        if (random() >= TWINS / 2) {
          truth.set(recordId, recordingId);
          continue;
        }
        n += 1;
        const [twinId] = random() < 0.5 ? add(asRecord(), recording) : add(record, asRecording());
        twins.add(recordId).add(twinId);
      }
    }
  }
  return { records, recordings, truth, twins };
}
