import { describe, expect, test } from 'vitest';
import { issue } from '../../src/index.ts';
import { CALL_AT, fields, HOUR, policiesOf, policyOf, scenario } from './scenario.ts';

describe('pairing', () => {
  test('case 14: either order of arrival completes one call', () => {
    for (const sent of [
      scenario().media('a.wav').json('a.json', fields()),
      scenario().json('a.json', fields()).media('a.wav'),
    ]) {
      const { codes, decisions } = sent.decide();
      expect(codes).toEqual(['SURFACED', 'SURFACED']);
      expect(decisions.map((d) => [d.status, d.revisions.length])).toEqual([['surfaced', 1]]);
    }
  });

  test('case 15: both halves in one millisecond, decided by two workers, are one call and one revision', () => {
    const sent = scenario().at(0).media('a.wav').at(0).json('a.json', fields());
    const [first, second] = [sent.decide(), sent.decide()];
    expect(first.call('a').revisions).toHaveLength(1);
    expect(second.decisions).toEqual(first.decisions);
  });

  test('case 16: a recording alone waits for metadata', () => {
    const { codes, call } = scenario().media('a.wav').decide();
    expect(codes).toEqual(['NO_METADATA']);
    expect(call('a').hold).toMatchObject({ waitingFor: 'metadata', fileIds: ['0:a.wav'] });
  });

  test('metadata alone waits for its recording', () => {
    expect(scenario().json('a.json', fields()).decide().codes).toEqual(['NO_RECORDING']);
  });

  test('case 17: a missing required field holds both and is named; a corrected upload releases them', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields({ email: '' }));
    const held = sent.decide();
    expect(held.codes).toEqual(['MISSING_REQUIRED', 'MISSING_REQUIRED']);
    expect(held.call('a').hold).toMatchObject({
      waitingFor: 'correction',
      reasons: [{ code: 'MISSING_REQUIRED', field: 'user' }],
    });
    expect(sent.json('a.json', fields()).decide().codes).toEqual(['SURFACED', 'SUPERSEDED', 'SURFACED']);
  });

  test('case 17: what the name gives is not missing', () => {
    const { codes, call } = scenario()
      .media('20260302-100000_outbound_77.wav')
      .json('20260302-100000_outbound_77.json', { ticket: '1' })
      .decide();
    expect(codes).toEqual(['SURFACED', 'SURFACED']);
    expect(call('20260302-100000_outbound_77').revisions[0]?.content).toMatchObject({
      user: '77',
      direction: 'outbound',
      startedAt: CALL_AT,
    });
  });

  test('case 18, 19: unreadable metadata is rejected, stays in the story, and a valid one releases the recording', () => {
    const sent = scenario().media('a.wav').json('a.json', null);
    const held = sent.decide();
    expect(held.codes).toEqual(['NO_METADATA', 'METADATA_INVALID']);
    expect(held.call('a').hold?.reasons.map((r) => r.code)).toEqual(['NO_METADATA', 'METADATA_INVALID']);
    expect(sent.json('a.json', fields()).decide().codes).toEqual([
      'SURFACED',
      'METADATA_INVALID',
      'SURFACED',
    ]);
  });

  test('case 20: once valid metadata is there, another extension is one too many', () => {
    expect(
      scenario()
        .json('a.json', fields())
        .json('a.xml', fields({ x: '1' }))
        .media('a.wav')
        .decide().codes,
    ).toEqual(['SURFACED', 'DUPLICATE_METADATA', 'SURFACED']);
    expect(
      scenario()
        .json('a.json', fields())
        .media('a.wav')
        .json('a.xml', fields({ x: '1' }))
        .decide().codes,
    ).toEqual(['SURFACED', 'SURFACED', 'DUPLICATE_METADATA']);
    expect(scenario().json('a.json', null).json('a.xml', fields()).media('a.wav').decide().codes).toEqual([
      'METADATA_INVALID',
      'SURFACED',
      'SURFACED',
    ]);
  });

  test('case 21: the file name field decides between two recordings of one name', () => {
    const both = scenario().media('a.wav', '1').media('a.mp3', '2');
    expect(both.json('a.json', fields({ filename: 'a.mp3' })).decide().codes).toEqual([
      'NO_METADATA',
      'SURFACED',
      'SURFACED',
    ]);
    const open = scenario().media('a.wav', '1').media('a.mp3', '2').json('a.json', fields()).decide();
    expect(open.codes).toEqual(['AMBIGUOUS_STEM', 'AMBIGUOUS_STEM', 'AMBIGUOUS_STEM']);
  });

  test('case 22: only the base name of a named path counts', () => {
    for (const filename of ['sftp/path/to/a.mp3', 'C:\\calls\\a.mp3']) {
      expect(scenario().media('a.mp3').json('x.json', fields({ filename })).decide().codes).toEqual([
        'SURFACED',
        'SURFACED',
      ]);
    }
  });

  test('case 23: metadata that has one recording and names another surfaces neither', () => {
    const sent = scenario()
      .media('a.mp3', '1')
      .media('b.mp3', '2')
      .json('a.json', fields({ filename: 'b.mp3' }));
    expect(sent.decide().codes).toEqual(['PAIR_CONFLICT', 'PAIR_CONFLICT', 'PAIR_CONFLICT']);
    expect(sent.json('a.json', fields({ filename: 'a.mp3' })).decide().codes).toEqual([
      'SURFACED',
      'NO_METADATA',
      'SUPERSEDED',
      'SURFACED',
    ]);
  });

  test('case 23: the conflict is told before the other recording comes, and to each recording that is here', () => {
    const naming = fields({ filename: 'b.mp3' });
    expect(scenario().media('a.mp3', '1').json('a.json', naming).decide().codes).toEqual([
      'PAIR_CONFLICT',
      'PAIR_CONFLICT',
    ]);
    const twice = scenario()
      .media('a.mp3', '1')
      .media('a.mp3', '1')
      .media('b.mp3', '2')
      .json('a.json', naming);
    expect(twice.decide().codes).toEqual(['PAIR_CONFLICT', 'DUPLICATE', 'PAIR_CONFLICT', 'PAIR_CONFLICT']);
    const two = scenario().media('a.mp3', '1').media('a.wav', '3').remove(1).media('b.mp3', '2');
    expect(two.json('a.json', naming).decide().codes).toEqual([
      'PAIR_CONFLICT',
      'WITHDRAWN',
      'PAIR_CONFLICT',
      'PAIR_CONFLICT',
    ]);
  });

  test('case 25, 36: an empty recording and empty metadata are rejected by their own codes', () => {
    const empty = { issues: [issue('EMPTY_MEDIA', 'No bytes.')] };
    expect(scenario().media('a.wav', '', empty).json('a.json', null).decide().codes).toEqual([
      'EMPTY_MEDIA',
      'METADATA_INVALID',
    ]);
  });

  test('an issue that is no outcome of its own rejects as METADATA_INVALID', () => {
    const sent = scenario().json('a.json', null);
    for (const code of ['JSON_SYNTAX', 'NO_METADATA']) {
      expect(sent.change(0, { issues: [issue(code, 'x')] }).decide().codes).toEqual(['METADATA_INVALID']);
    }
  });

  test('case 26: the same recording again is no news', () => {
    expect(
      scenario().media('a.wav').media('a.wav').json('a.json', fields()).media('a.wav').decide().codes,
    ).toEqual(['SURFACED', 'DUPLICATE', 'SURFACED', 'DUPLICATE']);
  });

  test('case 27: another recording replaces before the call is complete and is refused after', () => {
    expect(
      scenario().media('a.wav', '1').media('a.wav', '2').json('a.json', fields()).media('a.wav', '3').decide()
        .codes,
    ).toEqual(['SUPERSEDED', 'SURFACED', 'SURFACED', 'MEDIA_IMMUTABLE']);
  });

  describe('a recording that goes on with the one in force', () => {
    const thirds = () => scenario().media('a.wav', '1').json('a.json', fields()).media('a.wav', '12');

    test('takes its place and makes a revision', () => {
      const { codes, call } = thirds().media('a.wav', '123').decide();
      expect(codes).toEqual(['SURFACED', 'SURFACED', 'SUPERSEDED', 'UPDATED']);
      const { recording, firstRecording, revisions } = call('a');
      expect(recording).toMatchObject({ sha256: '123' });
      expect(firstRecording).toMatchObject({ sha256: '1' });
      expect(
        revisions.map(({ revision, fileId, changed }) => ({ revision, fileId, changed })).slice(1),
      ).toEqual([
        { revision: 2, fileId: '2:a.wav', changed: { 'media.sizeBytes': [1, 2] } },
        { revision: 3, fileId: '3:a.wav', changed: { 'media.sizeBytes': [2, 3] } },
      ]);
    });

    test('may skip a part, and a part that comes again is a duplicate', () => {
      const sent = scenario().media('a.wav', '1').json('a.json', fields()).media('a.wav', '123');
      expect(sent.media('a.wav', '1').media('a.wav', '123').media('a.wav', '12').decide().codes).toEqual([
        ...['SURFACED', 'SURFACED', 'UPDATED'],
        ...['DUPLICATE', 'DUPLICATE', 'MEDIA_IMMUTABLE'],
      ]);
    });

    test('is refused one millisecond after the window in which the call may change', () => {
      const until = 48 * HOUR;
      const late = (ms: number) =>
        scenario().media('a.wav', '1').json('a.json', fields()).at(ms).media('a.wav', '12').decide().codes[2];
      expect([late(until), late(until + 1)]).toEqual(['UPDATED', 'MEDIA_IMMUTABLE']);
    });

    test('is refused where it is cut off, under another extension as before, or of other bytes', () => {
      const start = () => scenario().media('a.wav', '1').json('a.json', fields());
      expect(start().media('a.wav', '12', { isTruncated: true }).decide().codes[2]).toBe('MEDIA_IMMUTABLE');
      expect(start().media('a.mp3', '12').decide().codes[2]).toBe('AMBIGUOUS_STEM');
      expect(start().media('a.wav', '21').decide().codes[2]).toBe('MEDIA_IMMUTABLE');
      expect(thirds().media('a.wav', '13').decide().codes[3]).toBe('MEDIA_IMMUTABLE');
    });

    test('lets metadata go on changing the call, and is kept by it', () => {
      const { codes, call } = thirds()
        .json('a.json', fields({ email: 'new@example.com' }))
        .decide();
      expect(codes).toEqual(['SURFACED', 'SURFACED', 'UPDATED', 'UPDATED']);
      expect(call('a')).toMatchObject({ recording: { sha256: '12' }, revisions: [{}, {}, { revision: 3 }] });
    });

    test('gives a call the duration of the whole, where the metadata gives none', () => {
      const sent = thirds();
      const [first, second] = [sent.facts[0], sent.facts[2]];
      if (first?.kind !== 'recording' || second?.kind !== 'recording') throw new Error('not recordings');
      sent.change(0, { media: { ...first.media!, durationSeconds: 10 } });
      sent.change(2, { media: { ...second.media!, durationSeconds: 20 } });
      const { revisions } = sent.decide().call('a');
      expect(revisions.map(({ content }) => content.durationSeconds)).toEqual([10, 20]);
      expect(revisions[1]?.changed).toMatchObject({ durationSeconds: [10, 20] });
    });

    test('waits with its call, and its removal leaves the call without a recording', () => {
      const hidden = policiesOf(policyOf(), false);
      expect(thirds().decide(hidden).codes).toEqual(['READY', 'READY', 'READY']);
      expect(thirds().remove(2, true).decide(hidden).codes).toEqual([
        'SUPERSEDED',
        'NO_RECORDING',
        'WITHDRAWN',
      ]);
    });

    test('before the metadata supersedes what it goes on with, as any later version does', () => {
      const sent = scenario().media('a.wav', '1').media('a.wav', '12').json('a.json', fields());
      expect(sent.decide().codes).toEqual(['SUPERSEDED', 'SURFACED', 'SURFACED']);
    });
  });

  test('a recording left over beside a complete call is superseded by its own later version', () => {
    const sent = scenario()
      .media('a.mp3', '1')
      .media('a.wav', '2')
      .json('a.json', fields({ filename: 'a.wav' }))
      .media('a.mp3', '3');
    expect(sent.decide().codes).toEqual(['SUPERSEDED', 'SURFACED', 'SURFACED', 'AMBIGUOUS_STEM']);
  });

  test('case 33: the metadata wins over the name about the direction, with a warning', () => {
    const stem = '20260302-100000_outbound_77';
    const { call } = scenario().media(`${stem}.wav`).json(`${stem}.json`, fields()).decide();
    expect(call(stem).revisions[0]?.content.direction).toBe('inbound');
    expect(call(stem).revisions[0]?.content.warnings.map((w) => w.code)).toContain('DIRECTION_MISMATCH');
  });

  test('case 35: a tenant that is not live holds what is complete, and going live surfaces it', () => {
    const sent = scenario().media('a.wav').json('a.json', fields());
    expect(sent.decide(policiesOf(policyOf(), false)).codes).toEqual(['READY', 'READY']);
    expect(sent.decide(policiesOf(policyOf(), false)).call('a')).toMatchObject({
      status: 'ready',
      hold: { waitingFor: 'goLive' },
    });
    expect(sent.decide().codes).toEqual(['SURFACED', 'SURFACED']);
    expect(sent.decide(policiesOf(policyOf(), false), { surfaced: new Set(['stem:a']) }).codes).toEqual([
      'SURFACED',
      'SURFACED',
    ]);
  });

  test('calls before the day a tenant goes live from stay ready', () => {
    const policies = { ...policiesOf(), surfaceFrom: CALL_AT + 1 };
    expect(scenario().media('a.wav').json('a.json', fields()).decide(policies).codes).toEqual([
      'READY',
      'READY',
    ]);
  });

  test('case 36: bytes that are no recording are rejected and surface nothing', () => {
    const notMedia = { issues: [issue('NOT_MEDIA', 'It looks like HTML.')] };
    const { codes, call } = scenario().media('a.wav', 'x', notMedia).json('a.json', fields()).decide();
    expect(codes).toEqual(['NOT_MEDIA', 'NO_RECORDING']);
    expect(call('a').hold?.reasons.map((r) => r.code)).toEqual(['NO_RECORDING', 'NOT_MEDIA']);
  });

  test('case 107: a recording cut short waits for the whole one', () => {
    const sent = scenario().media('a.wav', 'half', { isTruncated: true }).json('a.json', fields());
    expect(sent.decide().codes).toEqual(['TRUNCATED_MEDIA', 'TRUNCATED_MEDIA']);
    expect(sent.media('a.wav', 'whole').decide().codes).toEqual(['SUPERSEDED', 'SURFACED', 'SURFACED']);
  });

  test('a time without a zone waits for the tenant to have one', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields({ datetime: '2026-03-02T10:00:00' }));
    expect(sent.decide(policiesOf(policyOf({ timeZone: null }))).codes).toEqual([
      'MISSING_REQUIRED',
      'MISSING_REQUIRED',
    ]);
    expect(sent.decide().codes).toEqual(['SURFACED', 'SURFACED']);
  });
});

describe('updates', () => {
  const pair = () => scenario().media('a.wav').json('a.json', fields());

  test('case 37: metadata sent again changes the call and leaves the recording', () => {
    const { codes, call } = pair()
      .json('a.json', fields({ stage: 'won' }))
      .decide();
    expect(codes).toEqual(['SURFACED', 'SURFACED', 'UPDATED']);
    expect(call('a').revisions.map((r) => r.revision)).toEqual([1, 2]);
    expect(call('a').revisions[1]?.changed).toEqual({ stage: [null, 'won'] });
  });

  test.each([
    [48 * HOUR - 1, 'UPDATED'],
    [48 * HOUR, 'UPDATED'],
    [48 * HOUR + 1, 'LATE_UPDATE'],
  ])('case 38, 39: an update received %i ms after the call is %s, whenever it is worked', (ms, code) => {
    expect(
      pair()
        .at(ms)
        .json('a.json', fields({ stage: 'won' }))
        .decide().codes,
    ).toEqual(['SURFACED', 'SURFACED', code]);
  });

  test('case 40: first metadata is never late, a second is', () => {
    const sent = scenario()
      .media('a.wav')
      .at(60 * HOUR)
      .json('a.json', fields())
      .at(61 * HOUR)
      .json('a.json', fields({ stage: 'won' }));
    expect(sent.decide().codes).toEqual(['SURFACED', 'SURFACED', 'LATE_UPDATE']);
  });

  test('case 41: an update of the call time does not move the window', () => {
    const sent = pair()
      .json('a.json', fields({ datetime: '2026-03-05T10:00:00Z' }))
      .at(48 * HOUR + 1)
      .json('a.json', fields({ stage: 'won' }));
    const { codes, call } = sent.decide();
    expect(codes).toEqual(['SURFACED', 'SURFACED', 'UPDATED', 'LATE_UPDATE']);
    expect(call('a').updatesUntil).toBe(CALL_AT + 48 * HOUR);
  });

  test('case 42: identical bytes make no revision', () => {
    const { codes, call } = pair().json('a.json', fields()).decide();
    expect(codes).toEqual(['SURFACED', 'SURFACED', 'UNCHANGED']);
    expect(call('a').revisions).toHaveLength(1);
  });

  test('case 43, 44: of two updates the later received wins, the other is superseded', () => {
    const { codes, call } = pair()
      .json('a.json', fields({ stage: '1' }))
      .json('a.json', fields({ stage: '2' }))
      .decide();
    expect(codes).toEqual(['SURFACED', 'SURFACED', 'SUPERSEDED', 'UPDATED']);
    expect(call('a').revisions.at(-1)?.content.fields.stage).toBe('2');
  });

  test('case 45: an update that lacks a required field is rejected and the previous stays', () => {
    const { codes, call } = pair()
      .json('a.json', fields({ email: '' }))
      .decide();
    expect(codes).toEqual(['SURFACED', 'SURFACED', 'METADATA_INVALID']);
    expect(call('a').revisions).toHaveLength(1);
  });

  test('case 45: so does one that comes before the recording, when the one before it was complete', () => {
    const sent = scenario()
      .json('a.json', fields())
      .json('a.json', fields({ email: '' }))
      .media('a.wav');
    expect(sent.decide().codes).toEqual(['SURFACED', 'METADATA_INVALID', 'SURFACED']);
  });

  test('case 48: an update that points the call at another contact reassigns it', () => {
    const { call } = scenario()
      .media('a.wav')
      .json('a.json', fields({ contactId: '003A' }))
      .json('a.json', fields({ contactId: '003B' }))
      .decide();
    expect(call('a').revisions[1]?.changed).toEqual({ contactId: ['003A', '003B'] });
  });

  test('case 75: a field named like a part of every object is a field like any other', () => {
    const own = (value: string) => ({ ...fields(), ...JSON.parse(`{"__proto__":"${value}"}`) });
    const proto = scenario().media('a.wav').json('a.json', own('1')).json('a.json', own('2')).decide();
    expect(proto.codes).toEqual(['SURFACED', 'SURFACED', 'UPDATED']);
    const added = pair().json('a.json', { ...fields(), ...JSON.parse('{"constructor":"1"}') });
    const { changed } = added.decide().call('a').revisions[1]!;
    expect(Object.entries(changed)).toEqual([['constructor', [null, '1']]]);
  });

  test('case 46: an update replaces everything, or merges where the tenant says so', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields({ stage: 'won', amount: '5' }))
      .json('a.json', fields({ amount: '6' }));
    expect(sent.decide().call('a').revisions[1]?.content.raw).toEqual(fields({ amount: '6' }));
    const merging = policiesOf(policyOf({ settings: { updateMode: 'merge' } }));
    expect(sent.decide(merging).call('a').revisions[1]?.content.raw).toEqual(
      fields({ stage: 'won', amount: '6' }),
    );
  });

  test('case 116: updates that merge into more than one record may hold are rejected, and the call keeps the rest', () => {
    const merging = policiesOf(policyOf({ settings: { updateMode: 'merge' } }));
    const part = (name: string) => ({ [name]: 'é'.repeat(200 * 1024) });
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields(part('one')))
      .json('a.json', part('two'))
      .json('a.json', part('three'));
    const { call, codes } = sent.decide(merging);
    expect(codes).toEqual(['SURFACED', 'SURFACED', 'UPDATED', 'ROW_TOO_LARGE']);
    expect(call('a').revisions).toHaveLength(2);
  });

  test('case 46: merging does not depend on when the recording came', () => {
    const merging = policiesOf(policyOf({ settings: { updateMode: 'merge' } }));
    const last = scenario()
      .json('a.json', fields({ stage: 'won' }))
      .json('a.json', { amount: '6' })
      .media('a.wav');
    const { codes, call } = last.decide(merging);
    expect(codes).toEqual(['SUPERSEDED', 'SURFACED', 'SURFACED']);
    expect(call('a').revisions[0]?.content.raw).toEqual(fields({ stage: 'won', amount: '6' }));
  });

  test.each([
    [48 * HOUR - 1, 'UPDATED'],
    [48 * HOUR, 'UPDATED'],
    [48 * HOUR + 1, 'LATE_UPDATE'],
  ])('case 64: an update %i ms after the arrival of a call that starts later is %s', (ms, code) => {
    const later = { datetime: '2026-03-09T10:00:00Z' };
    const sent = scenario().media('a.wav').at(0).json('a.json', fields(later)).at(ms);
    expect(
      sent
        .json('a.json', fields({ ...later, stage: 'won' }))
        .decide()
        .codes.at(-1),
    ).toBe(code);
  });

  test('case 64: a call time in the future is flagged, and the window runs from the arrival', () => {
    const { call } = scenario()
      .media('a.wav')
      .at(0)
      .json('a.json', fields({ datetime: '2026-03-02T11:00:00Z' }))
      .decide();
    expect(call('a').updatesUntil).toBe(CALL_AT + 48 * HOUR);
    expect(call('a').revisions[0]?.content.warnings.map((w) => w.code)).toContain('FUTURE_TIME');
  });
});

describe('leaving and coming back', () => {
  test('case 50: a recording purged unpaired counts no more', () => {
    const { codes } = scenario()
      .media('a.wav')
      .json('a.json', fields())
      .change(0, { isPurgedUnpaired: true })
      .decide();
    expect(codes).toEqual(['received', 'NO_RECORDING']);
  });

  test('case 50: the same recording sent again takes the place of one that was purged', () => {
    const sent = scenario().media('a.wav').media('a.wav');
    expect(sent.decide().codes).toEqual(['NO_METADATA', 'DUPLICATE']);
    expect(sent.change(0, { isPurgedUnpaired: true }).json('a.json', fields()).decide().codes).toEqual([
      'received',
      'SURFACED',
      'SURFACED',
    ]);
  });

  test('case 59: a file removed before the call is complete is withdrawn, after it that changes nothing', () => {
    expect(scenario().media('a.wav').remove(0).json('a.json', fields()).decide().codes).toEqual([
      'WITHDRAWN',
      'NO_RECORDING',
    ]);
    expect(scenario().media('a.wav').json('a.json', fields()).remove(0).decide().codes).toEqual([
      'SURFACED',
      'SURFACED',
    ]);
  });

  test('case 20: a batch row updates the call of any metadata, and a second extension is one too many all the same', () => {
    const row = fields({ stage: 'row' });
    const sent = scenario().media('a.wav').json('a.json', fields()).row('day.csv', 'a.wav', row);
    expect(sent.json('a.xml', fields()).decide().codes).toEqual([
      'SURFACED',
      'SURFACED',
      'UPDATED',
      'DUPLICATE_METADATA',
    ]);
    const rowFirst = scenario().row('day.csv', 'a.wav', row).json('a.json', fields()).json('a.xml', fields());
    expect(rowFirst.media('a.wav').decide().codes).toEqual([
      'SUPERSEDED',
      'SURFACED',
      'DUPLICATE_METADATA',
      'SURFACED',
    ]);
  });

  test('case 59: what is removed while its complete call is hidden never surfaces', () => {
    const sent = scenario().media('a.wav').json('a.json', fields()).remove(0, true);
    expect(sent.decide(policiesOf(undefined, false)).codes).toEqual(['WITHDRAWN', 'NO_RECORDING']);
    expect(sent.decide().codes).toEqual(['WITHDRAWN', 'NO_RECORDING']);
    expect(sent.media('a.wav', 'again').decide().codes).toEqual(['WITHDRAWN', 'SURFACED', 'SURFACED']);
    const update = scenario()
      .media('a.wav')
      .json('a.json', fields({ stage: '1' }))
      .json('a.json', fields({ stage: '2' }));
    expect(update.remove(2, true).decide(policiesOf(undefined, false)).codes).toEqual([
      'NO_METADATA',
      'SUPERSEDED',
      'WITHDRAWN',
    ]);
  });

  test('a replayed older version does not overwrite what came after it', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', null)
      .json('a.json', fields({ stage: 'new' }));
    const replayed = {
      raw: { fields: fields({ stage: 'old' }), nestedPaths: [], at: '' },
      issues: [],
      replaySeq: 9,
      sha256: 'old',
    };
    expect(sent.change(1, replayed).decide().codes).toEqual(['SURFACED', 'SUPERSEDED', 'SURFACED']);
  });

  test('later facts wait for a file that nobody has read', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields())
      .json('a.json', fields({ stage: 'won' }));
    const { codes, call } = sent.decide(policiesOf(), { unread: 1 });
    expect(codes).toEqual(['NO_METADATA', 'received', 'received']);
    expect(call('a').waitsForSeq).toBe(2);
    expect(sent.decide().codes).toEqual(['SURFACED', 'SURFACED', 'UPDATED']);
  });
});
