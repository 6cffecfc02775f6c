import {
  DEFAULT_SETTINGS,
  decideCalls,
  type Policy,
  type RecordFact,
  type RecordingFact,
  stemNamedBy,
} from '@callbay/core';
import { afterAll, describe, expect, test } from 'vitest';
import { createSampler } from '../src/sampling/index.ts';
import { PHONE_SYSTEMS, STEM } from './phone-systems.ts';

const sampler = createSampler({ processes: 1 });
afterAll(() => sampler[Symbol.asyncDispose]());

const sampleOf = (name: string, text: string, givenByName: readonly string[] = []) =>
  sampler.sample('acme', {
    bytes: Buffer.from(text),
    name,
    maxRecords: 10,
    suggestion: { kind: 'call', directions: DEFAULT_SETTINGS.directions, givenByName, hasTimeZone: true },
  });
type Read = Awaited<ReturnType<typeof sampleOf>>;

const RECEIVED_AT = Date.parse('2026-11-20T00:00:00Z');
const fact = {
  replaySeq: null,
  receivedAt: RECEIVED_AT,
  sizeBytes: 1,
  issues: [],
  warnings: [],
  withdrawnSeq: null,
  isWithdrawnHidden: false,
  isPurged: false,
  isPurgedUnpaired: false,
  judgedPolicy: null,
};

/** The call that the first record and a recording make by the suggested mapping, or why they make none. */
function surface(read: Read, stem: string) {
  const [raw] = read.records;
  const policy: Policy = {
    version: 1,
    timeZone: 'America/New_York',
    settings: DEFAULT_SETTINGS,
    mappingVersion: 1,
    mapping: { fields: read.suggestion.fields, options: read.suggestion.options },
  };
  const named = stemNamedBy(raw!, policy);
  const recordStem = stem;
  const recordingStem = named ?? stem;
  const record: RecordFact = {
    ...fact,
    kind: 'record',
    fileId: 'record',
    seq: 1,
    name: `${stem}.${read.format}`,
    stem: recordStem,
    ext: read.format,
    sha256: 'r',
    row: 0,
    isBatchRow: true,
    raw: raw!,
    namedStem: named,
  };
  const recording: RecordingFact = {
    ...fact,
    kind: 'recording',
    fileId: 'recording',
    seq: 2,
    name: `${recordingStem}.wav`,
    stem: recordingStem,
    ext: 'wav',
    sha256: 'm',
    media: { contentType: 'audio/wav', durationSeconds: null, channels: 1, codec: null, isTruncated: false },
  };
  const facts = {
    callKey: `stem:${recordingStem}`,
    stem: recordingStem,
    recordings: [recording],
    records: [record],
    recordingsElsewhere: [],
    unreadFromSeq: null,
    hasSurfaced: false,
  };
  const [decision] = decideCalls([facts], {
    current: policy,
    pinned: new Map([[1, policy]]),
    isLive: true,
    surfaceFrom: null,
  });
  const codes = decision!.verdicts.map(({ outcome }) => outcome.code);
  const content = decision!.revisions[0]?.content;
  return {
    codes,
    startedAt: content?.startedAt == null ? null : new Date(content.startedAt).toISOString(),
    user: content?.user,
    direction: content?.direction,
    durationSeconds: content?.durationSeconds,
  };
}

describe('a sample of a phone system becomes a surfaced call in one step, with no question that it answers', () => {
  test.each(PHONE_SYSTEMS)('$system', async ({ system, name, text, givenByName, call }) => {
    const read = await sampleOf(name, text, givenByName);
    expect(read.system).toBe(system);
    expect([...read.issues, ...read.suggestion.issues]).toEqual([]);
    expect(surface(read, STEM)).toEqual({ codes: ['SURFACED', 'SURFACED'], ...call });
  });
});

test('a list of records inside a document is found and offered, pages and counts beside it', async () => {
  const text = JSON.stringify({
    meta: { page: 1 },
    data: { items: [{ datetime: '2026-11-16T15:04:12Z' }, { datetime: '' }] },
  });
  const read = await sampleOf('calls.json', text);
  expect(read).toMatchObject({ rowCount: 2, suggestion: { options: { records: 'data.items' } } });
  expect(read.fields.map(({ name }) => name)).toEqual(['datetime']);
});

test('case 126: a date and a time of day in two columns are joined, whatever their language', async () => {
  const read = await sampleOf('calls.csv', 'Datum;Uhrzeit;email;direction\n16.11.2026;15:04;a@b.test;in\n');
  expect(read.suggestion.issues).toEqual([]);
  expect(read.suggestion.fields[0]).toEqual({
    source: { join: ['Datum', 'Uhrzeit'] },
    target: 'startedAt',
    type: 'instant',
    formats: ['dd.MM.yyyy HH:mm'],
    required: true,
  });
});

test('a date without a time of day is asked about, not mapped to midnight', async () => {
  const read = await sampleOf('calls.csv', 'date,email,direction\n2026-11-16,a@b.test,in\n');
  expect(read.suggestion.issues.map(({ code }) => code)).toEqual(['TIME_OF_DAY_MISSING']);
  expect(read.suggestion.fields.some(({ target }) => target === 'startedAt')).toBe(false);
});

test('an order of day and month that stays open is one question, not two', async () => {
  const read = await sampleOf('calls.csv', 'datetime,email,direction\n05/06/2026 10:00,a@b.test,in\n');
  expect(read.suggestion.issues.map(({ code }) => code)).toEqual(['DATE_ORDER_AMBIGUOUS']);
});

test('decimals of a duration without a unit are asked about', async () => {
  const text = 'datetime,email,direction,talk_duration\n2026-11-16T10:00:00Z,a@b.test,in,3.07\n';
  const read = await sampleOf('calls.csv', text);
  expect(read.suggestion.issues.map(({ code }) => code)).toEqual(['DURATION_UNIT_OPEN']);
});
