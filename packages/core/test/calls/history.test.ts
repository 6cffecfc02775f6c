import fc from 'fast-check';
import { test } from 'vitest';
import { COACH_MINIMUM, issue } from '../../src/index.ts';
import { fields, HOUR } from './scenario.ts';
import { World } from './world.ts';

/** More with PROPERTY_RUNS=20000. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 1_000);
const DAY = 24 * HOUR;

/** What happens to a world, readable in a counter-example. */
type Act = (world: World) => void;
const act = (text: string, apply: Act): Act => Object.assign(apply, { toString: () => text });

const stem = fc.constantFrom('a', 'b', 'c');

const recording = fc
  .record({
    stem,
    ext: fc.constantFrom('wav', 'mp3'),
    bytes: fc.constantFrom('1', '12', '123', '2'),
    found: fc.constantFrom('whole', 'whole', 'whole', 'cut', 'text'),
  })
  .map(({ stem, ext, bytes, found }) =>
    act(`media(${stem}.${ext}, ${found}${bytes})`, ({ sent }) => {
      const issues = found === 'text' ? [issue('NOT_MEDIA', 'Text.')] : [];
      sent.media(`${stem}.${ext}`, found + bytes, { isTruncated: found === 'cut', issues });
    }),
  );

const metadata = fc
  .record({
    name: fc.tuple(stem, fc.constantFrom('json', 'json', 'json', 'xml')).map((parts) => parts.join('.')),
    email: fc.constantFrom('x@y.z', 'x@y.z', 'p@q.r', ''),
    names: fc.constantFrom(null, null, null, 'a.wav', 'b.mp3', 'c'),
    field: fc.constantFrom('filename', 'filename', 'file'),
    isBroken: fc.constantFrom(false, false, false, true),
  })
  .map(({ name, email, names, field, isBroken }) => {
    const read = isBroken ? null : fields({ email, ...(names === null ? {} : { [field]: names }) });
    return act(`json(${name}, ${JSON.stringify(read)})`, ({ sent }) => void sent.json(name, read));
  });

const unread = fc
  .record({
    stem,
    ext: fc.constantFrom('wav', 'json'),
    code: fc.constantFrom('UNREADABLE' as const, 'BYTES_MISSING' as const),
  })
  .map(({ stem, ext, code }) =>
    act(`unread(${stem}.${ext}, ${code})`, ({ sent }) => void sent.unread(`${stem}.${ext}`, code)),
  );

const row = fc
  .record({ stem, email: fc.constantFrom('x@y.z', 'x@y.z', 'p@q.r', '') })
  .map(({ stem, email }) =>
    act(`row(${stem}, ${email})`, ({ sent }) => void sent.row('batch.csv', stem, fields({ email }))),
  );

const rows = fc
  .array(fc.tuple(fc.option(stem), fc.constantFrom('x@y.z', 'p@q.r', ''), fc.option(stem)), {
    minLength: 2,
    maxLength: 4,
  })
  .map((said) => {
    const batch = said.map(([names, email, file]) =>
      fields({ email, filename: names ?? '', file: file ?? '' }),
    );
    return act(`batch(${JSON.stringify(batch)})`, ({ sent }) => void sent.batch('day.csv', batch));
  });

const onNth = (text: string, may: 'isOpen' | 'isReplayable', apply: (world: World, index: number) => void) =>
  fc.nat(15).map((n) =>
    act(`${text}(${n})`, (world) => {
      const index = n % Math.max(world.sent.facts.length, 1);
      if (world.sent.facts.length > 0 && world[may](index)) apply(world, index);
    }),
  );

const { fields: minimum } = COACH_MINIMUM;
const MAPPINGS = {
  minimum,
  withFile: [...minimum, { source: 'file', target: 'filename', type: 'string' as const }],
  typed: [...minimum, { source: 'email', target: 'mail', type: 'string' as const }].filter(
    (field) => field.target !== 'user',
  ),
  lenient: minimum.map((field) => ({ ...field, required: field.target === 'startedAt' })),
};
const adoptOne = (...names: (keyof typeof MAPPINGS)[]) =>
  fc
    .constantFrom(...names)
    .map((name) =>
      act(`adopt(${name})`, (world) => world.adopt({ mapping: { fields: MAPPINGS[name], options: {} } })),
    );
const adopt = adoptOne('minimum', 'withFile', 'lenient');
const replayCall = stem.map((name) =>
  act(`replayCall(${name})`, (world) => world.replayCall(`stem:${name}`)),
);
const wait = fc
  .constantFrom(1, 49, 96, 165)
  .map((hours) => act(`wait(${hours} h)`, (world) => world.wait(hours * HOUR)));
const remove = onNth('remove', 'isOpen', (world, index) => world.remove(index));
const replay = fc
  .boolean()
  .chain((isMended) =>
    onNth(isMended ? 'mend' : 'replay', 'isReplayable', (world, index) => world.replay(index, isMended)),
  );

const crm = fc
  .boolean()
  .map((isPending) =>
    act(isPending ? 'crm comes' : 'crm ends', (world) => Object.assign(world, { isCrmPending: isPending })),
  );
const stage = fc
  .boolean()
  .map((isLive) => act(isLive ? 'go live' : 'suspend', (world) => Object.assign(world, { isLive })));

const files = [
  { weight: 6, arbitrary: recording },
  { weight: 8, arbitrary: metadata },
  { weight: 2, arbitrary: unread },
  { weight: 2, arbitrary: row },
  { weight: 2, arbitrary: rows },
];
const events = [remove, replay, wait, crm, stage].map((arbitrary) => ({ weight: 1, arbitrary }));
const scheduleOf = (...kinds: fc.WeightedArbitrary<Act>[]) =>
  fc.array(fc.record({ act: fc.oneof(...kinds), sleeps: fc.boolean() }), { minLength: 2, maxLength: 16 });

function run(
  steps: readonly { readonly act: Act; readonly sleeps: boolean }[],
  given: { isLive: boolean; tellsOrigins: boolean },
): void {
  const world = Object.assign(new World(), given);
  for (const { act, sleeps } of steps) {
    act(world);
    if (!sleeps) world.work();
  }
  world.wait(8 * DAY);
  Object.assign(world, { isLive: true, isCrmPending: false });
  world.work();
}

test('whatever comes, goes, is purged or replayed: nothing published or ended is taken back', () => {
  fc.assert(
    fc.property(scheduleOf(...files, ...events), fc.boolean(), fc.boolean(), (steps, isLive, tellsOrigins) =>
      run(steps, { isLive, tellsOrigins }),
    ),
    { numRuns: RUNS },
  );
});

test('whatever is mapped anew meanwhile: nothing published is taken back', () => {
  fc.assert(
    fc.property(
      scheduleOf(...files, ...events, { weight: 3, arbitrary: adopt }),
      fc.boolean(),
      (steps, isLive) => run(steps, { isLive, tellsOrigins: true }),
    ),
    { numRuns: RUNS },
  );
});

test('whatever visible calls are read by newer mappings meanwhile: nothing published is taken back', () => {
  const news = [adoptOne('minimum', 'typed', 'lenient'), replayCall].map((arbitrary) => ({
    weight: 4,
    arbitrary,
  }));
  fc.assert(
    fc.property(scheduleOf(...files, ...events, ...news), fc.boolean(), (steps, isLive) =>
      run(steps, { isLive, tellsOrigins: true }),
    ),
    { numRuns: RUNS },
  );
});
