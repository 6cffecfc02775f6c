import { expect, test } from 'vitest';
import { createKeyStore, createTenantStore, openDatabase } from '../src/index.ts';

test('administration throws a retryable UNAVAILABLE when the database is away, through Prisma and through pg', async () => {
  // Port 1 refuses: nothing listens there.
  const connectionString = 'postgresql://nobody@127.0.0.1:1/none';
  await using db = openDatabase({ connectionString, max: 1, applicationName: 'callbay-test' });
  const away = expect.objectContaining({ code: 'UNAVAILABLE', retryable: true });
  await expect(createTenantStore(db).listTenants(null, { limit: 1 })).rejects.toEqual(away);
  await expect(createKeyStore(db).findUsable('00000000-0000-4000-8000-000000000000')).rejects.toEqual(away);
});
