import { encodeCursor, type ReplayPosition, type ReplayRequest, type ReplayResult } from '@callbay/contracts';
import { changesBetween, isOutcomeCode, type Policy, READ_LANES, readRecordBy, stateOf } from '@callbay/core';
import type { Actor, JobQueue } from '../ports.ts';
import type { PolicyReader } from '../sampling/ports.ts';
import type { BulkReplayStore, CallToReplay, ReplaySelection } from './ports.ts';

export interface ReplayManyDeps {
  readonly policies: PolicyReader;
  readonly replays: BulkReplayStore;
  readonly queue: JobQueue;
}

/** The most files and calls of one request. */
const BATCH = 500;
/** Calls read at once, each with its strings. */
const PAGE = 50;

type Part = ReplayPosition['part'];
type After = Omit<ReplayPosition, 'part'>;

interface Tally {
  replayed: number;
  unchanged: number;
  readonly skipped: Map<string, number>;
}

/**
 * Reads many files, rows and calls again by the newest policy: what it may release, and visible calls that it reads
 * otherwise, which get one revision more. What the policy would refuse is skipped and counted, never taken back. Null
 * without such a tenant. Source: E3.
 */
export async function replayMany(
  deps: ReplayManyDeps,
  { tenantId, request, by }: { tenantId: string; request: ReplayRequest; by: Actor },
): Promise<ReplayResult | null> {
  const policy = await deps.policies.findPolicy(tenantId);
  if (policy === null) return null;
  const { dryRun = false, cursor } = request;
  const selection = selectionOf(request);
  const tally: Tally = { replayed: 0, unchanged: 0, skipped: new Map() };
  const run = { deps, tenantId, selection, policy, by, dryRun, tally };
  let left = BATCH;
  let next: ReplayPosition | null = null;
  const parts = partsOf(selection);
  const start = cursor === undefined ? 0 : parts.indexOf(cursor.part);
  for (const part of start === -1 ? [] : parts.slice(start)) {
    let after: After = cursor?.part === part ? cursor : { after: part === 'calls' ? 0 : -1 };
    while (left > 0) {
      const page = await REPLAY[part](run, after, left);
      left -= page.count;
      if (page.last === null) break;
      after = page.last;
    }
    if (left > 0) continue;
    next = { ...after, part };
    break;
  }
  const skipped = [...tally.skipped.values()].reduce((sum, n) => sum + n, 0);
  const { replayed, unchanged } = tally;
  if (!dryRun) await deps.replays.recordReplay(tenantId, by, { ...selection, replayed, skipped, unchanged });
  return {
    dryRun,
    replayed,
    skipped,
    unchanged,
    skippedByCode: Object.fromEntries(tally.skipped),
    nextCursor: next === null ? null : encodeCursor(next),
  };
}

const selectionOf = ({ code, receivedFrom, receivedTo, mappingVersion }: ReplayRequest): ReplaySelection => ({
  code: code !== undefined && isOutcomeCode(code) ? code : null,
  receivedFrom: receivedFrom === undefined ? null : new Date(receivedFrom),
  receivedTo: receivedTo === undefined ? null : new Date(receivedTo),
  mappingVersion: mappingVersion ?? null,
});

/** A code of the past is a call's; one of what waits or was refused is a file's or a row's. */
function partsOf({ code }: ReplaySelection): Part[] {
  if (code === null) return ['files', 'rows', 'calls'];
  return stateOf(code) === 'done' ? ['calls'] : ['files', 'rows'];
}

interface Run {
  readonly deps: ReplayManyDeps;
  readonly tenantId: string;
  readonly selection: ReplaySelection;
  readonly policy: Policy;
  readonly by: Actor;
  readonly dryRun: boolean;
  readonly tally: Tally;
}

/** How many were examined, and the position of the last; null once none is left. */
interface Handled {
  readonly count: number;
  readonly last: After | null;
}

const skip = ({ tally }: Run, code: string): void => {
  tally.skipped.set(code, (tally.skipped.get(code) ?? 0) + 1);
};

async function replayFiles(run: Run, { after }: After, limit: number): Promise<Handled> {
  const { deps, tenantId, selection, by, dryRun, tally } = run;
  const files = await deps.replays.findFiles(tenantId, selection, after, limit);
  const able = files.filter((file) => file.isReplayable);
  for (const file of files) if (!file.isReplayable) skip(run, file.code);
  if (dryRun) tally.replayed += able.length;
  else if (able.length > 0) {
    const { replayed, toRead } = await deps.replays.replayFiles(
      tenantId,
      able.map((file) => file.fileId),
      by,
    );
    tally.replayed += replayed;
    // A lost job is made again by the sweep of unread files.
    if (toRead.length > 0) await deps.queue.wakeManyReaders(READ_LANES.map((lane) => ({ tenantId, lane })));
  }
  return { count: files.length, last: files.length < limit ? null : { after: files.at(-1)!.seq } };
}

async function replayRows(run: Run, { after, row = 0 }: After, limit: number): Promise<Handled> {
  const { deps, tenantId, selection, by, dryRun, tally } = run;
  const rows = await deps.replays.findRows(tenantId, selection, { seq: after, row }, limit);
  const able = rows.filter((each) => each.isReplayable);
  for (const each of rows) if (!each.isReplayable) skip(run, each.code);
  if (dryRun) tally.replayed += able.length;
  else if (able.length > 0) tally.replayed += await deps.replays.replayRows(tenantId, able, by);
  const last = rows.at(-1);
  return {
    count: rows.length,
    last: rows.length < limit || !last ? null : { after: last.seq, row: last.row },
  };
}

async function replayCalls(run: Run, { after }: After, left: number): Promise<Handled> {
  const limit = Math.min(PAGE, left);
  const { deps, tenantId, selection, policy, by, dryRun, tally } = run;
  const calls = await deps.replays.findCalls(tenantId, selection, after, limit);
  const changing: string[] = [];
  for (const call of calls) {
    const verdict = judge(call, policy);
    if (verdict === 'changes') changing.push(call.callKey);
    else if (verdict === 'same') tally.unchanged += 1;
    else skip(run, verdict.code);
  }
  if (dryRun) tally.replayed += changing.length;
  else if (changing.length > 0) tally.replayed += await deps.replays.replayCalls(tenantId, changing, by);
  return { count: calls.length, last: calls.length < limit ? null : { after: calls.at(-1)!.callId } };
}

const REPLAY = { files: replayFiles, rows: replayRows, calls: replayCalls };

function judge({ record, current }: CallToReplay, policy: Policy): 'changes' | 'same' | { code: string } {
  if (record === null) return { code: 'ROW_TOO_LARGE' };
  const reading = readRecordBy(record, policy);
  if (reading.state !== 'accepted') return { code: reading.code ?? 'METADATA_INVALID' };
  const before = { ...reading.content, ...current };
  return Object.keys(changesBetween(before, reading.content)).length > 0 ? 'changes' : 'same';
}
