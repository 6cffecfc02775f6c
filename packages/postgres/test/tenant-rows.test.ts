import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ max: 1 });
});

afterAll(() => database[Symbol.asyncDispose]());

const TABLES_OF_TENANTS = `
  select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
   where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace order by 1`;

/** Those that a row of `tenants` takes along when it is deleted. */
const CASCADED = `
  with recursive reached as (
    select 'tenants'::regclass::oid as id
     union
    select k.conrelid from pg_constraint k join reached r on k.confrelid = r.id
     where k.contype = 'f' and k.confdeltype = 'c'
  )
  select c.relname as name from reached join pg_class c on c.oid = reached.id`;

test('the rows of a tenant go with it, but for those of three tables that its deletion must name', async () => {
  const named = async (sql: string): Promise<string[]> =>
    (await database.db.query<{ name: string }>(sql)).map(({ name }) => name);
  const cascaded = new Set(await named(CASCADED));
  const left = (await named(TABLES_OF_TENANTS)).filter((name) => !cascaded.has(name));
  expect(left).toEqual(['audit_log', 'crm_objects', 'outbox']);
});
