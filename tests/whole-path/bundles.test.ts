import { createAnalysisStore } from '@callbay/postgres';
import {
  isRgwInstalled,
  makeWav,
  type RunningCallbay,
  startCallbay,
  type TestTenant,
  writeZip,
} from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BucketWorld, DOOR_KINDS, openDoor, startBuckets } from './doors.ts';
import { kaiaJson, kaiaZip, STEM, useKaia } from './kaia.ts';
import { CALL_AT, callsOf, codesOf, HOUR } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const settings = { dataRetention: { evaluatedDays: null, notEvaluatedDays: null } };
const open = async (): Promise<TestTenant> => {
  await callbay.clock.set(new Date(CALL_AT + HOUR));
  const tenant = await callbay.openTenant({ settings });
  await useKaia(callbay, tenant);
  return tenant;
};
const codes = async (tenant: TestTenant): Promise<string[]> => {
  await callbay.settle();
  return (await codesOf(callbay, tenant)).map((line) => line.replace(STEM, '…'));
};
const OPENED = ['….zip BUNDLE_DONE', '….done BUNDLE_DONE'];
const MEMBERS = ['….txt TRANSCRIPT_READ', '….wav SURFACED', '….json SURFACED'];

describe('case 101: an archive and its trigger, in either order, make one call', () => {
  test('the archive first', async () => {
    await using tenant = await open();
    await tenant.client.put(`${STEM}.zip`, kaiaZip());
    expect(await codes(tenant)).toEqual(['….zip NO_TRIGGER']);
    expect(await callsOf(callbay, tenant)).toEqual([]);
    await tenant.client.put(`${STEM}.done`, '');
    expect(await codes(tenant)).toEqual([...OPENED, ...MEMBERS]);
    const [call] = await callsOf(callbay, tenant);
    expect(call).toMatchObject({
      direction: 'inbound',
      user_id: 'e13a0da2-74a2-3f6d-88cc-e67d03772792',
      fields: {
        title: 'Diego Villasenor - Paul Smith',
        instanceId: 'MdpV8csOQ8-iDE5hDHHih3w',
        'participants[1].phone_number': '+15550001234',
      },
      warnings: [],
    });
  });

  test('the trigger first', async () => {
    await using tenant = await open();
    await tenant.client.put(`${STEM}.done`, '');
    expect(await codes(tenant)).toEqual(['….done NO_BUNDLE']);
    await tenant.client.put(`${STEM}.zip`, kaiaZip());
    expect(await codes(tenant)).toEqual([...OPENED.toReversed(), ...MEMBERS]);
    expect(await callsOf(callbay, tenant)).toHaveLength(1);
  });

  test('a new archive needs a new trigger, and updates the call', async () => {
    await using tenant = await open();
    await tenant.client.put(`${STEM}.zip`, kaiaZip());
    await tenant.client.put(`${STEM}.done`, '');
    await callbay.settle();
    await tenant.client.put(`${STEM}.zip`, kaiaZip(STEM, { title: 'Another title' }));
    expect((await codes(tenant)).slice(-1)).toEqual(['….zip NO_TRIGGER']);
    expect(await callsOf(callbay, tenant)).toMatchObject([{ revision: 1 }]);
    await tenant.client.put(`${STEM}.done`, '');
    expect((await codes(tenant)).slice(5)).toEqual([
      ...OPENED,
      '….txt TRANSCRIPT_READ',
      '….wav DUPLICATE',
      '….json UPDATED',
    ]);
    expect(await callsOf(callbay, tenant)).toMatchObject([
      { revision: 2, fields: { title: 'Another title' } },
    ]);
  });

  test('of two archives that wait, the later one is opened', async () => {
    await using tenant = await open();
    await tenant.client.put(`${STEM}.zip`, kaiaZip(STEM, { title: 'First' }));
    await tenant.client.put(`${STEM}.zip`, kaiaZip(STEM, { title: 'Second' }));
    await tenant.client.put(`${STEM}.done`, '');
    expect(await codes(tenant)).toEqual(['….zip SUPERSEDED', ...OPENED, ...MEMBERS]);
    expect(await callsOf(callbay, tenant)).toMatchObject([{ fields: { title: 'Second' } }]);
  });

  test('an archive that its sender removes takes part in nothing', async () => {
    await using tenant = await open();
    await tenant.client.put(`${STEM}.zip`, kaiaZip());
    await callbay.settle();
    await tenant.client.remove(`${STEM}.zip`);
    await tenant.client.put(`${STEM}.done`, '');
    expect(await codes(tenant)).toEqual(['….zip WITHDRAWN', '….done NO_BUNDLE']);
  });
});

describe('case 101: the list of a batch', () => {
  const list = `KAIA-2026-03-03T08:00:00+00:00.end`;

  test('names all that came, and is done', async () => {
    await using tenant = await open();
    await tenant.client.put(`${STEM}.zip`, kaiaZip());
    await tenant.client.put(`${STEM}.done`, '');
    await tenant.client.put(list, `${STEM}.zip\r\n`);
    expect((await codes(tenant)).find((line) => line.startsWith(list))).toBe(`${list} BUNDLE_DONE`);
  });

  test('that names an absent archive is BATCH_INCOMPLETE and says which', async () => {
    await using tenant = await open();
    await tenant.client.put(`${STEM}.zip`, kaiaZip());
    await tenant.client.put(list, `${STEM}.zip\nKAIA-2026-03-02T11:00:00Z+other.zip\n`);
    expect((await codes(tenant)).slice(-1)).toEqual([`${list} BATCH_INCOMPLETE`]);
    const { outcome } = (await tenant.client.receipt(list)) as unknown as { outcome: { message: string } };
    expect(outcome.message).toMatch(/^2 of 2 bundles .*MdpV8.*other\.zip/);
  });
});

test('case 102: a call without a direction, such as a meeting, surfaces all the same', async () => {
  await using tenant = await open();
  const change = { call_direction: undefined, duration: undefined, durationInSeconds: 57.5 };
  await tenant.client.put(`${STEM}.zip`, kaiaZip(STEM, change));
  await tenant.client.put(`${STEM}.done`, '');
  await callbay.settle();
  expect(await callsOf(callbay, tenant)).toMatchObject([{ direction: null }]);
});

test('case 76: a title over 255 characters is kept whole, with a warning', async () => {
  await using tenant = await open();
  const title = 'a long title '.repeat(30);
  await tenant.client.put(`${STEM}.zip`, kaiaZip(STEM, { title }));
  await tenant.client.put(`${STEM}.done`, '');
  await callbay.settle();
  const [call] = await callsOf(callbay, tenant);
  expect(call!.fields.title).toHaveLength(title.length);
  expect(call!.warnings.map(({ code }) => code)).toEqual(['VALUE_TOO_LONG']);
});

test('case 104: the transcript is read to segments, shown, and found by its words', async () => {
  await using tenant = await open();
  await tenant.client.put(`${STEM}.zip`, kaiaZip());
  await tenant.client.put(`${STEM}.done`, '');
  await callbay.settle();
  expect(await createAnalysisStore(callbay.db).findTranscript(tenant.tenantId, 1)).toEqual({
    source: 'file',
    speakerSeparation: 'diarize',
    channelMap: null,
    segments: [
      {
        from: 6000,
        until: null,
        channel: null,
        speaker: 'Mike Goodwin',
        text: "Hello. How's everyone doing?",
      },
      { from: 10_000, until: null, channel: null, speaker: '(1)', text: 'Great zebra.' },
    ],
  });
  const found = await callbay.db.query(
    `SELECT call_id FROM calls WHERE tenant_id = $1 AND search @@ websearch_to_tsquery('simple', 'zebra diego')`,
    [tenant.tenantId],
  );
  expect(found).toEqual([{ call_id: 1 }]);
});

test('an archive that cannot be opened is rejected with its reason, and its members are nowhere', async () => {
  await using tenant = await open();
  const entries = ['txt', 'wav', 'json', 'exe'].map((ext) => ({ name: `${STEM}.${ext}` }));
  await tenant.client.put(`${STEM}.zip`, writeZip(entries));
  await tenant.client.put(`${STEM}.done`, '');
  expect(await codes(tenant)).toEqual(['….zip BUNDLE_INVALID', '….done BUNDLE_DONE']);
  const receipt = (await tenant.client.receipt(`${STEM}.zip`)) as unknown as { outcome: { message: string } };
  expect(receipt.outcome.message).toBe('The archive has 4 entries: a bundle has at most 3.');
});

describe.each(DOOR_KINDS)('through the door %s', (kind) => {
  let buckets: BucketWorld | null = null;
  beforeAll(async () => {
    if (kind === 's3') buckets = await startBuckets();
  });
  afterAll(() => buckets?.[Symbol.asyncDispose]());

  test.skipIf(kind === 's3' && !isRgwInstalled())(
    'a bundle makes a call, and its members show nowhere',
    async () => {
      await callbay.clock.set(new Date(CALL_AT + HOUR));
      await using tenant = await open();
      await using door = await openDoor({ ...callbay, buckets }, kind, tenant.tenantId);
      await door.put(`${STEM}.zip`, kaiaZip());
      await door.put(`${STEM}.done`, '');
      await door.settle();
      await door.settle();
      expect(await callsOf(callbay, tenant)).toHaveLength(1);
      expect((await door.list('processed')).sort()).toEqual([`${STEM}.done`, `${STEM}.zip`]);
      expect(await door.list('data')).toEqual([]);
    },
  );
});

test('a recording and metadata of the same name outside of an archive pair as all files do', async () => {
  await using tenant = await open();
  await tenant.client.put(`${STEM}.wav`, makeWav({ seconds: 57, seed: 1 }));
  await tenant.client.put(`${STEM}.json`, kaiaJson());
  expect(await codes(tenant)).toEqual(['….wav SURFACED', '….json SURFACED']);
});
