import { expect } from 'vitest';
import {
  type CallDecision,
  type CallPolicies,
  DROP_RETENTION_MS,
  type FileVerdict,
  isOutcomeCode,
  type Policy,
  type SurfacedWith,
  stateOf,
  stemNamedBy,
} from '../../src/index.ts';
import { type FactsOptions, fields, type Outcome, policyOf, type Scenario, scenario } from './scenario.ts';

const REPLAYED = ['NOT_MEDIA', 'MEDIA_IMMUTABLE', 'METADATA_INVALID', 'UNREADABLE', 'BYTES_MISSING'];
/** Held, since nobody could read their bytes. */
const SET_ASIDE = ['UNREADABLE', 'BYTES_MISSING'];
/** What these lost against can be purged or removed: then they stand again. */
const REVIVED = ['DUPLICATE', 'UNCHANGED', 'DUPLICATE_METADATA'];
/** And these when a complete call that nobody saw was taken apart by a removal. */
const REVIVED_APART = ['LATE_UPDATE', 'MEDIA_IMMUTABLE', 'METADATA_INVALID', 'SUPERSEDED', 'AMBIGUOUS_STEM'];

/**
 * A tenant's files over time, as the store keeps them: what has ended is pinned to its policy, what is over 7 days old
 * is purged file by file, and a worker decides after each step unless it sleeps. `work` asserts that nothing that was
 * published is taken back and that no story that has ended goes on.
 */
export class World {
  readonly sent: Scenario = scenario();
  policy: Policy = policyOf();
  isLive = true;
  /** Some CRM file is received and not finished. */
  isCrmPending = false;
  /** Whether the store tells the fold what a visible call was made of. */
  tellsOrigins = true;
  readonly #policies = new Map<number, Policy>([[1, this.policy]]);
  readonly #codes = new Map<string, string>();
  #removedHidden = false;
  #reopenedSetAside = false;
  readonly #gone = new Set<string>();
  #published = new Map<string, CallDecision>();

  /** A new field mapping or new settings: what is open is read anew. */
  adopt(change: Partial<Policy>): void {
    this.policy = { ...policyOf(change), version: this.#policies.size + 1 };
    this.#policies.set(this.policy.version, this.policy);
  }

  codeOf(index: number): string {
    return this.#codes.get(keyOf(this.sent.facts[index]!)) ?? 'received';
  }

  /** The fact waits as part of a complete call that nobody can see. */
  #isHidden(index: number): boolean {
    return ['READY', 'CRM_PENDING'].includes(this.codeOf(index));
  }

  isOpen(index: number): boolean {
    const fact = this.sent.facts[index]!;
    const isRow = fact.kind === 'record' && fact.isBatchRow;
    return (
      !isRow && fact.withdrawnSeq === null && !this.#gone.has(keyOf(fact)) && isOpenCode(this.codeOf(index))
    );
  }

  remove(index: number): void {
    const isHidden = !this.isLive || this.#isHidden(index);
    this.#removedHidden ||= isHidden;
    this.sent.remove(index, isHidden);
  }

  /** Replays of what was rejected for its bytes, or came too late. */
  isReplayable(index: number): boolean {
    const fact = this.sent.facts[index]!;
    const isRow = fact.kind === 'record' && fact.isBatchRow;
    const isRejected =
      !isRow && REPLAYED.includes(this.codeOf(index)) && (fact.kind === 'recording' || fact.raw === null);
    return isRejected && fact.withdrawnSeq === null && !this.#gone.has(keyOf(fact));
  }

  /** Has a visible call read by the newest policy. */
  replayCall(callKey: string): void {
    if (this.#published.has(callKey)) this.sent.replayCall(callKey, this.policy.version);
  }

  /** `isMended`: what could not be read then can be read now. */
  replay(index: number, isMended: boolean): void {
    const fact = this.sent.facts[index]!;
    this.#reopenedSetAside ||= SET_ASIDE.includes(this.codeOf(index));
    this.#codes.delete(keyOf(fact));
    const read = { fields: fields(), nestedPaths: [], at: '' };
    const mended = { issues: [], sha256: fact.sha256 || fact.fileId };
    this.sent.replay(index, isMended ? { ...mended, ...(fact.kind === 'record' ? { raw: read } : {}) } : {});
  }

  /** Time passes, and the sweep purges what became too old, deciding after each file. */
  wait(ms: number): void {
    const now = this.sent.wait(ms);
    this.sent.facts.forEach((fact, index) => {
      if (this.#gone.has(keyOf(fact)) || fact.receivedAt + DROP_RETENTION_MS > now) return;
      const isUnpaired = isOpenCode(this.codeOf(index)) && !this.#isHidden(index);
      // A row leaves no drop: it ends, or is what its call says.
      if (fact.kind === 'record' && fact.isBatchRow && !isUnpaired) return;
      this.#gone.add(keyOf(fact));
      this.sent.change(index, { isPurged: true, isPurgedUnpaired: isUnpaired });
      if (isUnpaired) this.#codes.set(keyOf(fact), 'PURGED_UNPAIRED');
      this.work();
    });
  }

  work(): Outcome {
    const moved = this.sent.facts.flatMap((fact, index): [number, string | null][] => {
      if (fact.kind !== 'record' || fact.raw === null || fact.judgedPolicy !== null) return [];
      if (fact.isPurgedUnpaired || fact.withdrawnSeq !== null) return [];
      const namedStem = stemNamedBy(fact.raw, this.policy);
      return namedStem === fact.namedStem ? [] : [[index, namedStem]];
    });
    if (moved.length > 0) this.sent.relink(moved);
    const given: [CallPolicies, FactsOptions] = [
      {
        current: this.policy,
        pinned: this.#policies,
        isLive: this.isLive,
        surfaceFrom: null,
        crmPendingAt: this.isCrmPending ? this.sent.now : null,
      },
      { surfaced: new Set(this.#published.keys()), origins: this.#origins() },
    ];
    const outcome = this.sent.decide(...given);
    const { decisions } = this.sent.decide(given[0], given[1], true);
    expect(decisions).toEqual(outcome.decisions);
    for (const before of this.#published.values()) {
      const now = outcome.decisions.find((d) => d.callKey === before.callKey)!;
      expect(now.status).toBe('surfaced');
      expect(now.revisions.slice(0, before.revisions.length)).toEqual(before.revisions);
      expect(now.updatesUntil).toBe(before.updatesUntil);
      expect(now.firstRecording?.fileId).toBe(before.firstRecording?.fileId);
      if (now.revisions.length === before.revisions.length)
        expect(now.recording?.fileId).toBe(before.recording?.fileId);
    }
    for (const verdict of outcome.decisions.flatMap((d) => d.verdicts)) this.#save(verdict);
    const surfaced = outcome.decisions.filter((d) => d.status === 'surfaced');
    this.#published = new Map(surfaced.map((d) => [d.callKey, d]));
    return outcome;
  }

  #origins(): ReadonlyMap<string, SurfacedWith> {
    const published = this.tellsOrigins ? [...this.#published.values()] : [];
    return new Map(
      published.map(({ callKey, firstRecording, revisions: [first] }) => [
        callKey,
        { recordingFileId: firstRecording!.fileId, recordFileId: first!.fileId, row: first!.row },
      ]),
    );
  }

  #save({ fileId, row, state, outcome: { code }, policyVersion }: FileVerdict): void {
    const key = row === null ? fileId : `${fileId}#${row}`;
    const before = this.#codes.get(key) ?? 'received';
    const isAllowed =
      isOpenCode(before) ||
      before === code ||
      // What an open file stood in the way of comes back when a new mapping moves that file to another call.
      this.#policies.size > 1 ||
      (before === 'UPDATED' && code === 'SUPERSEDED') ||
      REVIVED.includes(before) ||
      (this.#removedHidden && REVIVED_APART.includes(before)) ||
      // An unread file that a later unread version stood in for is unread still when that one is read in another place.
      (this.#reopenedSetAside && before === 'SUPERSEDED' && SET_ASIDE.includes(code));
    if (!isAllowed) expect.fail(`${key} had ended as ${before} and is ${code} now`);
    if (this.#gone.has(key) && code !== 'READY' && code !== 'CRM_PENDING' && stateOf(code) === 'held') {
      expect.fail(`${key} had left the drop as ${before} and is ${code} now`);
    }
    this.#codes.set(key, code);
    const index = this.sent.facts.findIndex((fact) => keyOf(fact) === key);
    if (code === 'PURGED_UNPAIRED') this.sent.change(index, { isPurgedUnpaired: true });
    this.sent.change(index, { judgedPolicy: state === 'held' ? null : policyVersion });
  }
}

/** Names one fact as a verdict does. */
const keyOf = (fact: Scenario['facts'][number]): string =>
  fact.kind === 'record' ? `${fact.fileId}#${fact.row}` : fact.fileId;

const isOpenCode = (code: string): boolean => !isOutcomeCode(code) || stateOf(code) === 'held';
