import type { Sql } from '../database/database.ts';

/** Of an array of examples, those of other files. */
const otherExamples = (examples: string): string =>
  `(SELECT coalesce(jsonb_agg(e), '[]') FROM jsonb_array_elements(${examples}) e WHERE NOT e ->> 'fileId' = ANY($2))`;

const mentionsFile = (examples: string): string =>
  `EXISTS (SELECT FROM jsonb_array_elements(${examples}) e WHERE e ->> 'fileId' = ANY($2))`;

/** Of a digest's alerts, each with the examples of other files. */
const digestedAlerts = (alerts: string): string =>
  `(SELECT coalesce(jsonb_agg(a || jsonb_build_object('examples', ${otherExamples("a -> 'examples'")}) ORDER BY place), '[]')
      FROM jsonb_array_elements(${alerts}) WITH ORDINALITY AS told(a, place))`;

/**
 * Takes the files out of the examples of alerts, digests and daily reconciliations, which outlive them: a file's name says
 * whom a call was with. Counts stay. A digest that was delivered already cannot be taken back.
 */
export async function removeMentions(tx: Sql, tenantId: string, fileIds: readonly string[]): Promise<void> {
  if (fileIds.length === 0) return;
  for (const table of ['alerts', 'daily_reconciliations']) {
    await tx.execute(
      `UPDATE ${table} SET examples = ${otherExamples('examples')}
        WHERE tenant_id = $1 AND examples <> '[]' AND ${mentionsFile('examples')}`,
      [tenantId, fileIds],
    );
  }
  await tx.execute(
    `UPDATE alert_digests SET digest = digest || jsonb_build_object(
              'opened', ${digestedAlerts("digest -> 'opened'")}, 'resolved', ${digestedAlerts("digest -> 'resolved'")})
      WHERE tenant_id = $1 AND EXISTS (
        SELECT FROM jsonb_array_elements((digest -> 'opened') || (digest -> 'resolved')) a
         WHERE ${mentionsFile("a -> 'examples'")})`,
    [tenantId, fileIds],
  );
}
