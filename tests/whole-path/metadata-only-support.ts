import { DEFAULT_SETTINGS } from '@callbay/core';
import { sweepLinks } from '@callbay/ingestion';
import { createExternalRecordingStore, createMatchStore } from '@callbay/postgres';
import type { RunningCallbay, TestTenant } from '@callbay/testkit';
import { json } from './support.ts';

export const BY = { name: 'tests', remoteAddress: null };
export const settings = { ...DEFAULT_SETTINGS, sourcePrefixes: ['ringcentral_'] };

type Fields = Record<string, string | number>;

/** A call at ten with ann, as its recorder knows it. */
export const known = (change: Fields = {}): Fields => ({
  startedAt: '2026-03-02T10:00:20Z',
  user: 'ann@acme.test',
  phone: '+4930123456',
  direction: 'outbound',
  ...change,
});

/** The same call, as a sidecar tells it. */
export const metadata = (change: Record<string, string> = {}): string =>
  json({ email: 'ann@acme.test', phone: '+4930123456', ...change });

/** What the tests of metadata without recordings do to a product. */
export const metadataOnly = (callbay: () => RunningCallbay) => ({
  /** Everything read, compared and decided. */
  async settle(): Promise<void> {
    const { deps, settle } = callbay();
    await settle();
    for (let turn = 0; turn < 10 && (await sweepLinks(deps)) > 0; turn += 1) await settle();
    await settle();
  },
  register: (tenant: TestTenant, id: string, fields: Fields = known(), source = 'ringcentral') =>
    createExternalRecordingStore(callbay().db).register(tenant.tenantId, [{ source, id, fields }], BY),
  matchesOf: async ({ tenantId }: TestTenant) =>
    (await createMatchStore(callbay().db).listMatches(tenantId, { limit: 50 })).items,
});
