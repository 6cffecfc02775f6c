import { type Mapping, type MappingKind, type NewMapping, pageOf } from '@callbay/contracts';
import { adviseMapping, CallbayError } from '@callbay/core';
import type { Actor, MappingStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { fillPage } from '../database/page.ts';
import { readPrisma } from '../database/read-prisma.ts';
import { findNewestPolicy } from './newest-policy.ts';
import { lockSettings, publishPolicy, wakeOpenCalls } from './policies.ts';

interface MappingRow {
  readonly version: number;
  readonly fields: unknown;
  readonly options: unknown;
  readonly publishedAt: Date;
}

export function createMappingStore(db: Database): MappingStore {
  return {
    async findMapping(tenantId, kind) {
      const row = await readPrisma(db, (prisma) =>
        prisma.mappingVersion.findFirst({ where: { tenantId, kind }, orderBy: { version: 'desc' } }),
      );
      return row && toMapping(kind, row);
    },

    async listMappings(tenantId, kind, { limit, cursor }) {
      const load = (before: number | undefined, take: number) =>
        readPrisma(db, (prisma) =>
          prisma.mappingVersion.findMany({
            where: { tenantId, kind, ...(before === undefined ? {} : { version: { lt: before } }) },
            orderBy: { version: 'desc' },
            take,
          }),
        );
      const page = await fillPage<MappingRow>({
        limit,
        load: (after, rows) => load(after?.version ?? cursor, rows),
        heavyOf: ({ fields, options }) => [fields, options],
      });
      return pageOf(
        page,
        (row) => toMapping(kind, row),
        (row) => row.version,
      );
    },

    publishMapping: (tenantId, kind, mapping, expected, by) =>
      transact(db, (tx) => publishMapping(tx, tenantId, kind, mapping, expected, by)),

    rollBackMapping: (tenantId, kind, version, expected, by) =>
      transact(db, async (tx) => {
        // A published version never changes, so that it may be read before the tenant is locked.
        const [former] = await tx.query<Pick<MappingRow, 'fields' | 'options'>>(
          'SELECT fields, options FROM mapping_versions WHERE tenant_id = $1 AND kind = $2 AND version = $3',
          [tenantId, kind, version],
        );
        if (former === undefined) return null;
        const { fields, options } = toMapping(kind, { ...former, version, publishedAt: new Date(0) });
        return publishMapping(tx, tenantId, kind, { fields, options }, expected, by, version);
      }),
  };
}

export async function publishMapping(
  tx: Sql,
  tenantId: string,
  kind: MappingKind,
  { fields, options = {} }: NewMapping,
  expected: number | null,
  by: Actor,
  rolledBackTo: number | null = null,
): Promise<Mapping | null> {
  if ((await lockSettings(tx, tenantId)) === null) return null;
  const [newest] = await tx.query<{ version: number }>(
    `SELECT coalesce(max(version), 0) AS version FROM mapping_versions WHERE tenant_id = $1 AND kind = $2`,
    [tenantId, kind],
  );
  const current = newest?.version ?? 0;
  if (expected !== null && expected !== current) {
    throw new CallbayError('PRECONDITION_FAILED', `The newest version is ${current}.`);
  }
  const [row] = await tx.query<MappingRow>(
    `INSERT INTO mapping_versions (tenant_id, kind, version, fields, options, published_at, published_by)
     VALUES ($1, $6, $2, $3, $4, callbay_now(), $5)
     RETURNING version, fields, options, published_at AS "publishedAt"`,
    [tenantId, current + 1, JSON.stringify(fields), JSON.stringify(options), by.name, kind],
  );
  if (row === undefined) throw new Error('an insert returned no row');
  if (kind === 'call') {
    await publishPolicy(tx, tenantId, { mappingVersion: row.version, mapping: { fields, options } });
    await wakeOpenCalls(tx, tenantId);
  }
  const detail = {
    kind,
    version: row.version,
    fields: fields.length,
    ...(rolledBackTo === null ? {} : { rolledBackTo }),
  };
  await audit(tx, by, { tenantId, action: 'mapping.publish', target: `${kind}/${row.version}`, detail });
  const mapping = toMapping(kind, row);
  if (kind !== 'call') return mapping;
  const policy = await findNewestPolicy(tx, tenantId);
  return { ...mapping, warnings: adviseMapping(fields, policy?.settings.directions ?? {}) };
}

const toMapping = (kind: MappingKind, row: MappingRow): Mapping => ({
  kind,
  version: row.version,
  publishedAt: row.publishedAt.toISOString(),
  fields: row.fields as Mapping['fields'],
  options: row.options as Mapping['options'],
});
