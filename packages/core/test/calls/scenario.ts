import {
  type CallDecision,
  type CallFacts,
  type CallPolicies,
  type CallReplay,
  COACH_MINIMUM,
  canonicalStem,
  DEFAULT_SETTINGS,
  decideCalls,
  type Issue,
  issue,
  namedStem,
  type Policy,
  type RecordFact,
  type RecordingFact,
  type SetAsideCode,
  type SurfacedWith,
  type TenantSettings,
} from '../../src/index.ts';

export const HOUR = 3_600_000;
/** Start of the call of `DATETIME`. */
export const CALL_AT = Date.parse('2026-03-02T10:00:00.000Z');

export const policyOf = (
  change: Partial<Omit<Policy, 'settings'>> & { settings?: Partial<TenantSettings> } = {},
): Policy => ({
  version: 1,
  timeZone: 'UTC',
  mappingVersion: 1,
  mapping: COACH_MINIMUM,
  ...change,
  settings: { ...DEFAULT_SETTINGS, ...change.settings },
});

export const policiesOf = (current: Policy = policyOf(), isLive = true): CallPolicies => ({
  current,
  pinned: new Map([[current.version, current]]),
  isLive,
  surfaceFrom: null,
});

type Fact = RecordingFact | RecordFact;

/** What the store knows beside the files: who is unread, and the calls that are visible, by key. */
export interface FactsOptions {
  /** One file that nobody has read, which everything after it waits for. */
  readonly unread?: number;
  /** Files that nobody has read, each of which holds back the calls it may belong to. */
  readonly unreadFiles?: ReadonlySet<number>;
  readonly surfaced?: ReadonlySet<string>;
  readonly origins?: ReadonlyMap<string, SurfacedWith>;
}

/** Files of one tenant in the order they came, read as sentences: `scenario().media('a.wav').json('a.json', {…})`. */
export class Scenario {
  readonly facts: Fact[] = [];
  readonly #replays = new Map<string, CallReplay[]>();
  #at = CALL_AT + HOUR / 12;
  #seq = 0;

  /** The next file comes this long after the call began. */
  at(ms: number): this {
    this.#at = CALL_AT + ms;
    return this;
  }

  /** Time passes; answers the time it is now, epoch ms. */
  wait(ms: number): number {
    this.#at += ms;
    return this.#at;
  }

  /** The file that was sent as the n-th is read and judged again, at the end of the receive order. */
  replay(index: number, change: Partial<Fact> = {}): this {
    this.#seq += 1;
    return this.change(index, { replaySeq: this.#seq, judgedPolicy: null, ...change });
  }

  /** By a new mapping records are about other calls, whose stories they join at the end. */
  relink(moved: readonly (readonly [number, string | null])[]): this {
    this.#seq += 1;
    for (const [index, namedStem] of moved) this.change(index, { replaySeq: this.#seq, namedStem });
    return this;
  }

  /** Somebody has a visible call read by another policy. */
  replayCall(callKey: string, policyVersion: number): this {
    const before = this.#replays.get(callKey) ?? [];
    if (before.some((replay) => replay.policyVersion === policyVersion)) return this;
    this.#seq += 1;
    this.#replays.set(callKey, [...before, { seq: this.#seq, policyVersion, at: this.#at }]);
    return this;
  }

  media(name: string, bytes = 'media', change: { isTruncated?: boolean; issues?: Issue[] } = {}): this {
    return this.#add({
      ...this.#base(name, bytes),
      kind: 'recording',
      issues: change.issues ?? [],
      media: {
        contentType: 'audio/wav',
        durationSeconds: 3,
        channels: 2,
        codec: 'pcm',
        isTruncated: change.isTruncated ?? false,
        // The bytes are their own digest here.
        prefixes: [...bytes.slice(1)].map((_, n) => ({ sizeBytes: n + 1, sha256: bytes.slice(0, n + 1) })),
      },
    });
  }

  /** `fields` null: the file cannot be read. */
  json(name: string, fields: Record<string, string> | null): this {
    const named =
      fields?.filename === undefined ? null : namedStem(fields.filename.split(/[\\/]/).at(-1) ?? '');
    return this.#add({
      ...this.#base(name, JSON.stringify(fields)),
      kind: 'record',
      row: 0,
      isBatchRow: false,
      raw: fields && { fields, nestedPaths: [], at: '' },
      namedStem: named,
      issues: fields ? [] : [issue('METADATA_INVALID', 'It is cut short.')],
    });
  }

  /** We failed to read the file. */
  unread(name: string, code: SetAsideCode): this {
    const issues = [issue(code, 'Our fault.')];
    if (/[.]wav$|[.]mp3$/.test(name)) {
      this.media(name, '', { issues });
      return this.change(this.facts.length - 1, { media: null });
    }
    this.json(name, null);
    return this.change(this.facts.length - 1, { issues, sha256: '' });
  }

  /** A batch of one row that names a recording. */
  row(name: string, filename: string, fields: Record<string, string>): this {
    return this.#add({
      ...this.#base(name, JSON.stringify(fields)),
      stem: namedStem(filename)!,
      kind: 'record',
      row: 1,
      isBatchRow: true,
      raw: { fields: { ...fields, filename }, nestedPaths: [], at: 'line 2' },
      namedStem: namedStem(filename),
      issues: [],
    });
  }

  /** A batch as the store keeps it: rows that name no recording are at a stem of their own, repeated ones are no facts. */
  batch(name: string, rows: readonly (Record<string, string> & { filename?: string })[]): this {
    const base = this.#base(name, JSON.stringify(rows));
    const sayings = Map.groupBy(rows, (row) => row.filename || JSON.stringify(row));
    const known = rows.filter((row) => {
      const same = sayings.get(row.filename || JSON.stringify(row))!;
      return same[0] === row && new Set(same.map((said) => JSON.stringify(said))).size === 1;
    });
    for (const fields of known) {
      const row = rows.indexOf(fields) + 1;
      const named = fields.filename ? namedStem(fields.filename) : null;
      this.#add({
        ...base,
        sha256: `${base.sha256}#${row}`,
        stem: named ?? `row/${JSON.stringify(fields)}`,
        kind: 'record',
        row,
        isBatchRow: true,
        raw: { fields, nestedPaths: [], at: `line ${row + 1}` },
        namedStem: named,
        issues: [],
      });
    }
    return this;
  }

  /** The time it is now, epoch ms. */
  get now(): number {
    return this.#at;
  }

  /** The customer removes the file that was sent as the n-th (from 0); `isHidden`: while no call could be visible. */
  remove(index: number, isHidden = false): this {
    const fact = this.facts[index]!;
    this.facts[index] = { ...fact, withdrawnSeq: ++this.#seq, isWithdrawnHidden: isHidden };
    return this;
  }

  change(index: number, change: Partial<Fact>): this {
    this.facts[index] = { ...this.facts[index], ...change } as Fact;
    return this;
  }

  #base(name: string, bytes: string) {
    const { stem, ext } = canonicalStem(name);
    this.#seq += 1;
    return {
      fileId: `${this.facts.length}:${name}`,
      seq: this.#seq,
      replaySeq: null,
      receivedAt: this.#at++,
      name,
      stem,
      ext,
      sizeBytes: bytes.length,
      sha256: bytes,
      warnings: [],
      withdrawnSeq: null,
      isWithdrawnHidden: false,
      isPurged: false,
      isPurgedUnpaired: false,
      judgedPolicy: null,
    };
  }

  #add(fact: Fact): this {
    this.facts.push(fact);
    return this;
  }

  /** Every stem's facts, as the store would load them. `unread` hides one file and what came after it waits. */
  callFacts(options: FactsOptions = {}): CallFacts[] {
    const unread = options.unread === undefined ? undefined : this.facts[options.unread];
    const hidden = this.facts.filter((fact, n) => fact === unread || options.unreadFiles?.has(n));
    const known = this.facts.filter((fact) => !hidden.includes(fact));
    const records = known.filter((f): f is RecordFact => f.kind === 'record');
    const recordings = known.filter((f): f is RecordingFact => f.kind === 'recording');
    const stems = new Set(
      this.facts.flatMap((f) => (f.kind === 'record' && f.namedStem ? [f.stem, f.namedStem] : [f.stem])),
    );
    return [...stems].sort().map((stem) => {
      const namers = new Set(records.filter((r) => r.namedStem === stem).map((r) => r.stem));
      return {
        callKey: `stem:${stem}`,
        stem,
        recordings: recordings.filter((r) => r.stem === stem),
        records: records.filter((r) => r.stem === stem || r.namedStem === stem || namers.has(r.stem)),
        recordingsElsewhere: recordings.filter((r) => r.stem !== stem && namers.has(r.stem)),
        unreadFromSeq: unread?.seq ?? firstOf(hidden, [stem, ...namers]),
        hasSurfaced: options.surfaced?.has(`stem:${stem}`) ?? false,
        surfacedWith: options.origins?.get(`stem:${stem}`),
        replays: this.#replays.get(`stem:${stem}`),
      };
    });
  }

  decide(policies: CallPolicies = policiesOf(), options: FactsOptions = {}, isReversed = false): Outcome {
    const facts = this.callFacts(options);
    const decisions = decideCalls(isReversed ? facts.map(reversed) : facts, policies);
    const verdicts = new Map(decisions.flatMap((d) => d.verdicts).map((v) => [v.fileId, v]));
    return {
      decisions,
      codes: this.facts.map((fact) => verdicts.get(fact.fileId)?.outcome.code ?? 'received'),
      call: (stem) => decisions.find((d) => d.callKey === `stem:${stem}`)!,
    };
  }
}

/** The same facts, as another plan of the database would list them. */
const reversed = (facts: CallFacts): CallFacts => ({
  ...facts,
  recordings: facts.recordings.toReversed(),
  records: facts.records.toReversed(),
  recordingsElsewhere: facts.recordingsElsewhere.toReversed(),
});

/** As the store has it: metadata may belong to any call, a recording only to its stem and to those that name it. */
function firstOf(hidden: readonly Fact[], stems: readonly string[]): number | null {
  const seqs = hidden.filter((f) => f.kind === 'record' || stems.includes(f.stem)).map((f) => f.seq);
  return seqs.length === 0 ? null : Math.min(...seqs);
}

export interface Outcome {
  readonly decisions: readonly CallDecision[];
  /** One code for each file, in the order they came. */
  readonly codes: readonly string[];
  call(stem: string): CallDecision;
}

export const scenario = (): Scenario => new Scenario();

/** Metadata that is complete but for what `change` says. */
export const fields = (change: Record<string, string> = {}): Record<string, string> => ({
  datetime: '2026-03-02T10:00:00Z',
  email: 'rep@example.com',
  direction: 'inbound',
  ...change,
});
