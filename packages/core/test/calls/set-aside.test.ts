import { describe, expect, test } from 'vitest';
import { isSetAside, rereadDelayMs, SET_ASIDE_HOLDS, stateOf } from '../../src/index.ts';
import { fields, HOUR, scenario } from './scenario.ts';

test.each(SET_ASIDE_HOLDS)('%s is a hold: no file is rejected for what we failed to do', (code) => {
  expect([stateOf(code), isSetAside(code)]).toEqual(['held', true]);
});

test('case 115: a recording that could not be read waits, and its metadata waits for it and says so', () => {
  const { codes, call } = scenario().unread('a.wav', 'UNREADABLE').json('a.json', fields()).decide();
  expect(codes).toEqual(['UNREADABLE', 'NO_RECORDING']);
  const { hold, status } = call('a');
  expect([status, hold?.waitingFor]).toEqual(['held', 'recording']);
  expect(hold?.reasons.map((reason) => reason.code)).toEqual(['NO_RECORDING', 'UNREADABLE']);
  expect(hold?.reasons[0]?.message).toContain('could not be read');
});

test('case 115: metadata that could not be read waits, and its recording waits for it and says so', () => {
  const { codes, call } = scenario()
    .json('b.json', fields())
    .unread('a.json', 'BYTES_MISSING')
    .media('a.wav')
    .decide();
  expect(codes).toEqual(['NO_RECORDING', 'BYTES_MISSING', 'NO_METADATA']);
  expect(call('a').hold?.waitingFor).toBe('metadata');
  expect(call('a').hold?.reasons.map((reason) => reason.code)).toEqual(['NO_METADATA', 'BYTES_MISSING']);
});

test('a file that waits for nothing but being read waits for an operator', () => {
  const alone = scenario().unread('a.wav', 'UNREADABLE').decide();
  expect(alone.call('a').hold).toMatchObject({ waitingFor: 'operator', reasons: [{ code: 'UNREADABLE' }] });
});

test('case 115: a file that could not be read holds up no later file', () => {
  const { codes } = scenario()
    .unread('any.json', 'UNREADABLE')
    .media('a.wav')
    .json('a.json', fields())
    .unread('a.json', 'UNREADABLE')
    .json('a.xml', fields())
    .decide();
  expect(codes).toEqual(['UNREADABLE', 'SURFACED', 'SURFACED', 'UNREADABLE', 'DUPLICATE_METADATA']);
});

describe('case 115: read at last, at the end of the receive order, a file is as good as any', () => {
  const mended = { issues: [], sha256: 'mended' };

  test('a recording completes its call', () => {
    const sent = scenario().unread('a.wav', 'UNREADABLE').json('a.json', fields());
    expect(sent.replay(0, mended).decide().codes).toEqual(['SURFACED', 'SURFACED']);
  });

  test('an update received in time changes the call, whenever it is read', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields())
      .unread('a.json', 'UNREADABLE')
      .at(100 * HOUR)
      .json('b.json', fields());
    const raw = { fields: fields({ stage: 'won' }), nestedPaths: [], at: '' };
    expect(sent.replay(2, { ...mended, raw }).decide().codes).toEqual([
      'SURFACED',
      'SURFACED',
      'UPDATED',
      'NO_RECORDING',
    ]);
  });

  test('an earlier version does not take back what a later one said', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields())
      .unread('a.json', 'UNREADABLE')
      .json('a.json', fields({ stage: 'won' }));
    expect(sent.decide().codes).toEqual(['SURFACED', 'SURFACED', 'SUPERSEDED', 'UPDATED']);
    const raw = { fields: fields({ stage: 'lost' }), nestedPaths: [], at: '' };
    const again = sent.replay(2, { ...mended, raw }).decide();
    expect(again.codes).toEqual(['SURFACED', 'SURFACED', 'SUPERSEDED', 'UPDATED']);
    expect(again.call('a').revisions).toHaveLength(2);
  });
});

test('a file sent again takes the place of one that could not be read', () => {
  const { codes } = scenario()
    .unread('a.wav', 'BYTES_MISSING')
    .unread('a.json', 'BYTES_MISSING')
    .json('a.json', fields())
    .media('a.wav')
    .decide();
  expect(codes).toEqual(['SUPERSEDED', 'SUPERSEDED', 'SURFACED', 'SURFACED']);
});

test('of versions that could not be read only the newest waits', () => {
  const sent = scenario().unread('a.wav', 'UNREADABLE').unread('a.wav', 'UNREADABLE');
  expect(sent.decide().codes).toEqual(['SUPERSEDED', 'UNREADABLE']);
  // The first is read again and fails again, with a place after the second.
  expect(sent.replay(0).decide().codes).toEqual(['SUPERSEDED', 'UNREADABLE']);
});

test('what the customer removes is no longer waited for', () => {
  const sent = scenario().unread('a.wav', 'UNREADABLE').json('a.json', fields()).remove(0);
  const { codes, call } = sent.decide();
  expect(codes).toEqual(['WITHDRAWN', 'NO_RECORDING']);
  expect(call('a').hold?.reasons.map((reason) => reason.code)).toEqual(['NO_RECORDING']);
});

test('a file set aside is read again after growing pauses', () => {
  const hours = [0, 1, 2, 3, 9].map((rereads) => rereadDelayMs(rereads) / HOUR);
  expect(hours).toEqual([0.25, 1, 4, 12, 12]);
});
