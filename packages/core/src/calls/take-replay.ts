import { changesBetween, contentOf } from './call-content.ts';
import type { CallReplay } from './call-facts.ts';
import type { FoldState } from './fold-state.ts';
import { mapAwaitingZone } from './take-record.ts';

/**
 * Reads the record in force by another policy, from its kept strings: a revision more where that says something else.
 * A policy that refuses the record, or misses a required field in it, leaves the call as it is. Nothing moves: not the
 * pair, not the window, not what was published before. Source: E3.
 */
export function takeReplay(state: FoldState, { policyVersion, at }: CallReplay): void {
  const { complete, policies, facts } = state;
  const policy = policies.pinned.get(policyVersion);
  const source = complete?.current.fact.raw ?? null;
  if (!complete || !policy || source === null) return;
  const { current } = complete;
  // A merged record no longer is the file's whole header.
  const isCsv = current.fact.ext === 'csv' && current.raw === source.fields;
  const raw = { ...source, fields: current.raw };
  const mapped = mapAwaitingZone(raw, policy, { receivedAtMs: current.fact.receivedAt, isCsv });
  if (mapped.issues.length > 0) return;
  const record = { ...current, mapped, policy };
  const { content, missing } = contentOf(facts.stem, record, complete.recording);
  if (missing.length > 0) return;
  complete.current = record;
  const previous = complete.revisions.at(-1)!;
  const changed = changesBetween(previous.content, content);
  if (Object.keys(changed).length === 0) return;
  const { fileId, row } = current.fact;
  const revision = previous.revision + 1;
  complete.revisions.push({ revision, fileId, row, receivedAt: at, content, changed });
}
