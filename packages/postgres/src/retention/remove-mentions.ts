import type { Sql } from '../database/database.ts';

/** Of an array of examples, those of other files. */
const OTHERS = (examples: string): string =>
  `(select coalesce(jsonb_agg(e), '[]') from jsonb_array_elements(${examples}) e where not e ->> 'fileId' = any($2))`;

const MENTIONS = (examples: string): string =>
  `exists (select from jsonb_array_elements(${examples}) e where e ->> 'fileId' = any($2))`;

/** Of a digest's alerts, each with the examples of other files. */
const TOLD = (alerts: string): string =>
  `(select coalesce(jsonb_agg(a || jsonb_build_object('examples', ${OTHERS("a -> 'examples'")}) order by place), '[]')
      from jsonb_array_elements(${alerts}) with ordinality as told(a, place))`;

/**
 * Takes the files out of the examples of alerts, digests and daily reconciliations, which outlive them: a file's name says
 * whom a call was with. Counts stay. A digest that was delivered already cannot be taken back.
 */
export async function removeMentions(tx: Sql, tenantId: string, fileIds: readonly string[]): Promise<void> {
  if (fileIds.length === 0) return;
  for (const table of ['alerts', 'daily_reconciliations']) {
    await tx.execute(
      `update ${table} set examples = ${OTHERS('examples')}
        where tenant_id = $1 and examples <> '[]' and ${MENTIONS('examples')}`,
      [tenantId, fileIds],
    );
  }
  await tx.execute(
    `update alert_digests set digest = digest || jsonb_build_object(
              'opened', ${TOLD("digest -> 'opened'")}, 'resolved', ${TOLD("digest -> 'resolved'")})
      where tenant_id = $1 and exists (
        select from jsonb_array_elements((digest -> 'opened') || (digest -> 'resolved')) a
         where ${MENTIONS("a -> 'examples'")})`,
    [tenantId, fileIds],
  );
}
