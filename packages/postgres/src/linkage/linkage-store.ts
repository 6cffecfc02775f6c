import {
  BLOCK_MS,
  type JudgedMatches,
  type LinkageLimits,
  type ScoredPair,
  SIDECAR_EXTENSIONS,
} from '@callbay/core';
import type { JudgeMatches, LinkageStore, LinkResult } from '@callbay/ingestion';
import { lockTenant } from '../calls/lock-tenant.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { listTenants } from '../tenants/list-tenants.ts';
import { clearDue, listDue, readDueFields } from './due-links.ts';
import { findForgotten, noteForNewTenant } from './forgotten-links.ts';
import {
  loadNeighbourhood,
  loadRefused,
  lockLinkage,
  lockStems,
  OPEN_LIMIT,
  type OpenRecord,
  type OpenRecording,
  partyOf,
  wakeStems,
} from './linkage-rows.ts';
import { dropProposals, saveMatches, tellAmbiguity, writeLinks } from './write-matches.ts';

/** What starts this near to the middle is compared with all that it could be, and is done then. */
const MIDDLE_MS = 2 * BLOCK_MS;
/** Of a pair whose sides are both this near, every rival is within reach. */
const INNER_MS = MIDDLE_MS + BLOCK_MS;
const REACH_MS = INNER_MS + BLOCK_MS;
/** Batches of a tenant's new records that are read before anything is compared; the next sweep reads on. */
const READS_AT_ONCE = 4;
const NOTHING: LinkResult = { callKeys: [], matched: 0, isCrowded: false };

const IS_DUE = `tenant_id = t.id AND due_at <= (SELECT callbay_now())`;

const FIND_TENANTS = `
  SELECT t.id FROM tenants t
   WHERE EXISTS (SELECT FROM linkage_records WHERE ${IS_DUE}) OR EXISTS (SELECT FROM external_recordings WHERE ${IS_DUE})
   ORDER BY t.id`;

/** Metadata that came earlier and is not read yet may be a rival: it is waited for, as everywhere. */
const FIND_DUE = `
  SELECT (extract(epoch FROM started_at) * 1000)::bigint AS started_ms FROM (
     (SELECT started_at, due_at FROM linkage_records
       WHERE tenant_id = $1 AND due_at <= callbay_now() AND policy_version IS NOT NULL ORDER BY due_at LIMIT $2)
     UNION ALL
     (SELECT started_at, due_at FROM external_recordings
       WHERE tenant_id = $1 AND due_at <= callbay_now() AND policy_version IS NOT NULL ORDER BY due_at LIMIT $2)) due
   WHERE NOT EXISTS (
     SELECT 1 FROM files f WHERE f.tenant_id = $1 AND f.classified_at IS NULL AND f.state = 'received'
        AND f.blob_key IS NOT NULL AND f.purged_at IS NULL AND f.ext = ANY($3) AND f.received_at <= due.due_at)
     AND NOT EXISTS (SELECT 1 FROM linkage_records unread WHERE unread.tenant_id = $1
                        AND unread.policy_version IS NULL AND unread.due_at <= due.due_at)
   ORDER BY started_at`;

export function createLinkageStore(db: Database): LinkageStore {
  return {
    async findTenantsToLink() {
      const rows = await db.query<{ id: string }>(FIND_TENANTS, [], 'tenants-to-link');
      return rows.map(({ id }) => id);
    },

    async findDue(tenantId, limit) {
      await noteForNewTenant(db, tenantId);
      for (let turn = 0; turn < READS_AT_ONCE; turn += 1) {
        if ((await readDueFields(db, tenantId, limit)) < limit) break;
      }
      const rows = await db.query<{ started_ms: number }>(
        FIND_DUE,
        [tenantId, limit, [...SIDECAR_EXTENSIONS]],
        'due-links',
      );
      const starts: number[] = [];
      for (const { started_ms } of rows) {
        if (started_ms > (starts.at(-1) ?? Number.NEGATIVE_INFINITY) + MIDDLE_MS) starts.push(started_ms);
      }
      return starts;
    },

    linkAround: (tenantId, startedAt, judge) =>
      transact(db, (tx) => linkAround(tx, tenantId, startedAt, judge)),

    listTenants: (after, limit) => listTenants(db, after, limit),
    findForgotten: (tenantIds, limit) => findForgotten(db, tenantIds, limit),
  };
}

/** The parties of one transaction, and which of them are near enough to be decided. */
interface Neighbourhood {
  readonly records: ReadonlyMap<string, OpenRecord>;
  readonly recordings: ReadonlyMap<string, OpenRecording>;
  readonly judged: JudgedMatches;
  /** What started this near to the instant is done with. */
  readonly doneMs: number;
}

async function linkAround(
  tx: Sql,
  tenantId: string,
  startedAt: number,
  judge: JudgeMatches,
): Promise<LinkResult> {
  const tenant = await lockTenant(tx, tenantId);
  if (!tenant) return NOTHING;
  await lockLinkage(tx, tenantId);
  const due = await listDue(tx, tenantId, startedAt, MIDDLE_MS);
  const near = await judgeAround(tx, tenantId, startedAt, judge, tenant.policy.settings.linkage);
  const { records, recordings, judged, doneMs } = near;
  const stemsOf = ({ recordId, recordingId }: ScoredPair): string[] => [
    records.get(recordId)!.stem,
    recordings.get(recordingId)!.stem,
  ];
  const pairs = [...judged.matches, ...judged.proposals];
  const told = [...records.values(), ...recordings.values()].filter(({ is_told }) => is_told);
  // Calls are locked before files, which a match refers to: all whose state may change here, at once.
  await lockStems(tx, tenantId, [...pairs.flatMap(stemsOf), ...told.map(({ stem }) => stem)]);
  const ids = await saveMatches(tx, tenantId, judged);
  await dropProposals(tx, tenantId, [...records.keys()], [...recordings.keys()], ids.values());
  const toldStems = await tellAmbiguity(tx, tenantId, [...records.keys()], [...recordings.keys()]);
  const callKeys = await wakeStems(tx, tenantId, [...toldStems, ...judged.matches.flatMap(stemsOf)]);
  const links = judged.matches.flatMap(({ recordId, recordingId }) => {
    const { file_id: recordFileId, row } = records.get(recordId)!;
    const matchId = ids.get(`${recordId} ${recordingId}`);
    return matchId === undefined ? [] : [{ matchId, recordFileId, row, recordingFileId: recordingId }];
  });
  const linked = await writeLinks(tx, tenantId, links, null);
  await clearDue(tx, tenantId, due, startedAt, doneMs);
  return { callKeys, matched: linked.size, isCrowded: doneMs < MIDDLE_MS };
}

/** What is sure and what is likely between parties whose rivals were all compared. */
async function judgeAround(
  tx: Sql,
  tenantId: string,
  startedAt: number,
  judge: JudgeMatches,
  limits: LinkageLimits,
): Promise<Neighbourhood> {
  const all = await loadNeighbourhood(tx, tenantId, startedAt, REACH_MS);
  const distanceTo = (side: OpenRecord | OpenRecording): number => Math.abs(side.started_ms - startedAt);
  const crowded = [all.records, all.recordings].filter((side) => side.length >= OPEN_LIMIT);
  const seenMs = Math.min(REACH_MS, ...crowded.map((side) => distanceTo(side.at(-1)!)));
  const innerMs = Math.min(INNER_MS, seenMs - BLOCK_MS);
  const isInner = (side: OpenRecord | OpenRecording): boolean => distanceTo(side) <= innerMs;
  const records = new Map(all.records.filter(isInner).map((r) => [r.id, r]));
  const recordings = new Map(all.recordings.filter(isInner).map((r) => [r.id, r]));
  const isRefused = await loadRefused(tx, tenantId, all.records, all.recordings);
  const isDecidable = (pair: ScoredPair): boolean =>
    records.has(pair.recordId) && recordings.has(pair.recordingId);
  return {
    records,
    recordings,
    judged: judge(all.records.map(partyOf), all.recordings.map(partyOf), isRefused, limits, isDecidable),
    doneMs: Math.max(0, innerMs - BLOCK_MS),
  };
}
