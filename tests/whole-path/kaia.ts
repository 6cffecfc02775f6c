import type { NewMapping } from '@callbay/contracts';
import { SYSTEM_PRESETS } from '@callbay/core';
import { createMappingStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, type TestTenant, writeZip } from '@callbay/testkit';

const BY = { name: 'tests', remoteAddress: null };
export const STEM = 'KAIA-2026-03-02T10:00:00+00:00+MdpV8csOQ8-iDE5hDHHih3w';

/** Publishes the preset `kaia`. */
export async function useKaia(
  { db }: RunningCallbay,
  { tenantId }: Pick<TestTenant, 'tenantId'>,
): Promise<void> {
  const { fields, options } = SYSTEM_PRESETS.find(({ name }) => name === 'kaia')!;
  const mapping = structuredClone({ fields, options }) as NewMapping;
  await createMappingStore(db).publishMapping(tenantId, 'call', mapping, null, BY);
}

/** The metadata of the export's own example of a call. Source: K4. */
export const kaiaJson = (change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    version: '1.0',
    title: 'Diego Villasenor - Paul Smith',
    instance_id: 'MdpV8csOQ8-iDE5hDHHih3w',
    startTime: '2026-03-02T10:00:00.467Z',
    endTime: '2026-03-02T10:00:57.271Z',
    host_guid: 'e13a0da2-74a2-3f6d-88cc-e67d03772792',
    call_direction: 'inbound',
    call_id: 123123,
    duration: 57,
    participants: [
      { in_meeting_id: 1, name: 'Outreach Kaia' },
      { in_meeting_id: 2, phone_number: '+15550001234', name: 'Diego Villasenor' },
    ],
    ...change,
  });

export const TRANSCRIPT = `00:00:06 - (2)Mike Goodwin:

Hello. How's everyone doing?

00:00:10 - (1):

Great zebra.

`;

export const kaiaZip = (stem = STEM, change: Record<string, unknown> = {}, seconds = 57, seed = 1): Buffer =>
  writeZip([
    { name: `${stem}.txt`, bytes: Buffer.from(TRANSCRIPT), isDeflated: true },
    { name: `${stem}.wav`, bytes: makeWav({ seconds, seed }) },
    { name: `${stem}.json`, bytes: Buffer.from(kaiaJson(change)), isDeflated: true },
  ]);
