import {
  makeWav,
  openSftp,
  type RunningProduct,
  type SftpClient,
  startProduct,
  until,
} from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json } from './support.ts';

const TENANT = '/v1/tenants/acme';
let product: RunningProduct;
let client: SftpClient;
beforeAll(async () => {
  product = await startProduct({ CALLBAY_LOG_LEVEL: 'warn' });
  client = await openSftp(product.sftpPort, await product.makeTenant('acme'));
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await product[Symbol.asyncDispose]();
});

interface Call {
  readonly revision: number;
  readonly fields: Record<string, unknown>;
  readonly crm: Record<string, { isResolved: boolean; fields: Record<string, unknown> }>;
}

const ended = (name: string, code: string) =>
  until(`${name} ended as ${code}`, async () => {
    const files = await product.listAll<{ name: string; outcome: { code: string } | null }>(
      `${TENANT}/files`,
    );
    return files.find((file) => file.name === name)?.outcome?.code === code;
  });
const onlyCall = async (): Promise<Call> => (await product.listAll<Call>(`${TENANT}/calls`))[0]!;
const unresolved = () =>
  product.listAll<{ from: { type: string; id: string }; externalId: string }>(`${TENANT}/crm/unresolved`);

test('case 80, 88: through the product, a call is back-filled by later CRM files, and a contact by its account', async () => {
  const stem = '20260302-100000_outbound_1';
  await client.put(`${stem}.json`, json({ contactId: '003D000000IqhSL' }));
  await client.put(`${stem}.wav`, makeWav({ seconds: 1, seed: 1 }));
  await ended(`${stem}.wav`, 'SURFACED');
  expect((await onlyCall()).crm.contactId).toMatchObject({ isResolved: false, fields: {} });
  expect(await unresolved()).toMatchObject([{ from: { type: 'calls', id: `stem:${stem}` } }]);

  await client.put('contacts.csv', 'Id,LastName,AccountId\n003D000000IqhSLIAZ,Ann,001-7\n');
  await ended('contacts.csv', 'CRM_IMPORTED');
  expect(await onlyCall()).toMatchObject({
    revision: 1,
    fields: { contactId: '003D000000IqhSL' },
    crm: { contactId: { isResolved: true, fields: { lastName: 'Ann', accountId: '001-7' } } },
  });
  expect(await unresolved()).toMatchObject([{ from: { type: 'contacts' }, externalId: '001-7' }]);

  await client.put('accounts.csv', 'Id,Name\n001-7,Big\n');
  await ended('accounts.csv', 'CRM_IMPORTED');
  expect(await unresolved()).toEqual([]);
  const contact = await product.api<{ references: Record<string, { isResolved: boolean }> }>(
    'GET',
    `${TENANT}/crm/contacts/003D000000IqhSL`,
  );
  expect(contact.references.accountId?.isResolved).toBe(true);

  await client.put('contacts-2.csv', 'Id,LastName\n003D000000IqhSL,Anna\n');
  await ended('contacts-2.csv', 'CRM_IMPORTED');
  expect(await onlyCall()).toMatchObject({
    revision: 1,
    crm: { contactId: { fields: { lastName: 'Anna', accountId: '001-7' } } },
  });
}, 120_000);
