import { expect, test } from 'vitest';
import { assertNothingTakenBack, historyChange, mediaOf, surfacedPair } from '../../src/index.ts';
import { knownAfter, UNKNOWN } from './known-call.ts';
import { fields, policiesOf, policyOf, scenario } from './scenario.ts';

const isHidden = policiesOf(policyOf(), false);
const complete = () => scenario().media('a.wav').json('a.json', fields());
const updated = () => complete().json('a.json', fields({ email: 'new@example.com' }));

test('a visible call was made of its recording and its first record', () => {
  const known = knownAfter(updated().decide().call('a'));
  expect(surfacedPair(known)).toEqual({ recordingFileId: '0:a.wav', recordFileId: '1:a.json', row: 0 });
  expect(surfacedPair({ ...known, status: 'ready' })).toBeUndefined();
});

test('a decision that adds revisions to a visible call takes nothing back', () => {
  const known = knownAfter(complete().decide().call('a'));
  expect(() => assertNothingTakenBack(updated().decide().call('a'), known)).not.toThrow();
});

test.each([
  ['hides a visible call', complete().decide(isHidden).call('a')],
  ['drops a published revision', complete().decide().call('a')],
  ['replaces the recording', { ...updated().decide().call('a'), recording: null }],
  [
    'replaces the first record',
    { ...updated().decide().call('a'), revisions: updated().decide().call('a').revisions.toReversed() },
  ],
])('a decision that %s is refused', (_, decision) => {
  const known = knownAfter(updated().decide().call('a'));
  expect(() => assertNothingTakenBack(decision, known)).toThrow('take back');
});

test('a call that nobody has seen may be made anew', () => {
  const known = knownAfter(updated().decide(isHidden).call('a'));
  expect(() => assertNothingTakenBack(complete().decide(isHidden).call('a'), known)).not.toThrow();
});

test('the history of a hidden call is written anew; a published history only grows', () => {
  const [first, second] = [complete(), updated()];
  const ready = knownAfter(first.decide(isHidden).call('a'));
  expect(historyChange(second.decide(isHidden).call('a'), ready)).toMatchObject({
    replacesStored: true,
    revisions: [{ revision: 1 }, { revision: 2 }],
  });
  const visible = knownAfter(first.decide().call('a'));
  expect(historyChange(second.decide().call('a'), visible)).toMatchObject({
    replacesStored: false,
    revisions: [{ revision: 2 }],
  });
  expect(historyChange(first.decide().call('a'), UNKNOWN)).toMatchObject({ replacesStored: false });
});

test.each([
  [2, 'channels'],
  [6, 'channels'],
  [1, 'diarize'],
  [null, 'diarize'],
])('speakers in %s channels are told apart by %s', (channels, speakerSeparation) => {
  const recording = complete().decide().call('a').recording!;
  const media = recording.media && { ...recording.media, channels };
  expect(mediaOf({ ...recording, media })).toMatchObject({ channels, speakerSeparation });
});

test('a recording whose media could not be read still has a name, a size and a type', () => {
  const recording = complete().decide().call('a').recording!;
  expect(mediaOf({ ...recording, media: null })).toEqual({
    name: 'a.wav',
    contentType: 'application/octet-stream',
    sizeBytes: 5,
    sha256: 'media',
    durationSeconds: null,
    channels: null,
    codec: null,
    speakerSeparation: 'diarize',
  });
});

test('an external recording has no media of ours', () => {
  const recording = complete().decide().call('a').recording!;
  expect(mediaOf({ ...recording, isExternal: true })).toBeNull();
});
