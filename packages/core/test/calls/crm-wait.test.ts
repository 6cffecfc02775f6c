import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/index.ts';
import { fields, type Outcome, policiesOf, policyOf, scenario } from './scenario.ts';

const WAIT_SECONDS = 600;
const current = policyOf({ settings: { ...DEFAULT_SETTINGS, crmWaitSeconds: WAIT_SECONDS } });

const sent = scenario().json('a.json', fields()).media('a.wav');
const metadataAt = sent.facts[0]!.receivedAt;
const decideAt = (crmPendingAt: number | null, change: object = {}): Outcome =>
  sent.decide({ ...policiesOf(current), crmPendingAt, ...change });

describe('case 82: a complete call waits for CRM files, bounded from the arrival of its metadata', () => {
  test.each([
    ['one millisecond before the bound it waits', -1, 'ready'],
    ['at the bound it goes on', 0, 'surfaced'],
    ['after the bound it goes on', 1, 'surfaced'],
  ])('%s', (_title, ms, status) => {
    const bound = metadataAt + WAIT_SECONDS * 1000;
    const { call, codes } = decideAt(bound + ms);
    expect(call('a').status).toBe(status);
    expect(call('a').changesAt).toBe(status === 'ready' ? bound : null);
    expect(new Set(codes)).toEqual(new Set([status === 'ready' ? 'CRM_PENDING' : 'SURFACED']));
    if (status === 'ready') expect(call('a').hold).toMatchObject({ waitingFor: 'crm', until: bound });
  });

  test('without a CRM file under way it never waits', () => {
    expect(decideAt(null).call('a').status).toBe('surfaced');
  });

  test('what is missing is told before the wait, and a tenant that is not live waits to go live', () => {
    const incomplete = scenario()
      .media('a.wav')
      .decide({ ...policiesOf(current), crmPendingAt: metadataAt });
    expect(incomplete.codes).toEqual(['NO_METADATA']);
    expect(decideAt(metadataAt, { isLive: false }).codes).toEqual(['READY', 'READY']);
  });

  test('case 80: a call that is visible goes on: its updates wait for no CRM file', () => {
    const updated = scenario()
      .json('a.json', fields())
      .media('a.wav')
      .json('a.json', fields({ ticket: '2' }));
    const { call } = updated.decide(
      { ...policiesOf(current), crmPendingAt: metadataAt },
      { surfaced: new Set(['stem:a']), origins: new Map() },
    );
    expect(call('a')).toMatchObject({ status: 'surfaced', changesAt: null });
    expect(call('a').revisions).toHaveLength(2);
  });
});
