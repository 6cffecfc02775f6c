import type { SweepDeps } from '@callbay/ingestion';
import type { RunningCallbay, TestTenant } from '@callbay/testkit';

/** Start of the call that `json()` tells of. */
export const CALL_AT = Date.parse('2026-03-02T10:00:00.000Z');
export const HOUR = 3_600_000;

/** A sidecar that is complete but for what `change` says. */
export const json = (change: Record<string, string> = {}): string =>
  JSON.stringify({
    datetime: '2026-03-02T10:00:00Z',
    email: 'rep@acme.test',
    direction: 'outbound',
    ...change,
  });

/** `name CODE` of every file the tenant sent, in the order of arrival; purged ones too. */
export async function codesOf(
  { db }: RunningCallbay,
  { tenantId }: Pick<TestTenant, 'tenantId'>,
): Promise<string[]> {
  const rows = await db.query<{ name: string; outcome_code: string | null }>(
    'SELECT name, outcome_code FROM files WHERE tenant_id = $1 ORDER BY receive_seq',
    [tenantId],
  );
  return rows.map((row) => `${row.name} ${row.outcome_code ?? 'none'}`);
}

export interface CallFound {
  readonly call_id: number;
  readonly call_key: string;
  readonly revision: number;
  readonly direction: string;
  readonly user_id: string;
  readonly fields: Record<string, unknown>;
  readonly warnings: { readonly code: string }[];
  readonly media_blob_key: string;
}

export const callsOf = (
  { db }: RunningCallbay,
  { tenantId }: Pick<TestTenant, 'tenantId'>,
): Promise<CallFound[]> =>
  db.query<CallFound>(
    `SELECT call_id, call_key, revision, direction, user_id, fields, warnings, media_blob_key FROM calls
      WHERE tenant_id = $1 AND call_id IS NOT NULL ORDER BY call_id`,
    [tenantId],
  );

/** This host's clocks, which no test moves. */
export const trueClocks = () => ({ hostMs: Date.now(), wallElapsedMs: 0, monotonicElapsedMs: 0 });

/** The same, with bytes that came so much earlier: nobody can set the times that a file system stamps. */
export const withOlderBlobs = (deps: SweepDeps, byMs: number): SweepDeps => ({
  ...deps,
  blobs: {
    ...deps.blobs,
    async *list() {
      for await (const blob of deps.blobs.list())
        yield { ...blob, modifiedAt: new Date(blob.modifiedAt.getTime() - byMs) };
    },
  },
});
