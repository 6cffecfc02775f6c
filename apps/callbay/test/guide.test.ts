import { DEFAULT_SETTINGS } from '@callbay/core';
import { expect, test } from 'vitest';
import { type GuideInput, writeGuide } from '../src/guide/write-guide.ts';

const guide: GuideInput = {
  tenant: {
    id: 'acme',
    name: 'Acme Inc',
    timeZone: 'America/New_York',
    settings: DEFAULT_SETTINGS as GuideInput['tenant']['settings'],
  },
  users: [
    {
      username: 'acme-pbx',
      label: null,
      host: 'sftp.example.com',
      port: 2222,
      hostKeys: [
        {
          type: 'ed25519',
          publicKey: 'ssh-ed25519 AAAA',
          fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrqADcs5kwsjvMc8pJ8Bm8yk',
        },
      ],
      canRead: 'all',
      allowedCidrs: [],
      hasPassword: false,
      keys: [
        {
          id: 'k',
          label: 'pbx',
          type: 'ssh-ed25519',
          fingerprint: 'SHA256:ZulfriEF/NN4oDpDOIhS0l4LrgznbEUfnJi/P/7SLHQ',
          expiresAt: null,
          lastUsedAt: null,
          createdAt: '2026-03-01T00:00:00.000Z',
        },
      ],
      createdAt: '2026-03-01T00:00:00.000Z',
    },
  ],
  mapping: {
    fields: [
      { source: 'datetime', target: 'startedAt', type: 'instant', required: true },
      { source: 'email', target: 'user', type: 'id', required: true },
      { source: 'direction', target: 'direction', type: 'enum', required: true },
      { source: 'filename', target: 'filename', type: 'string' },
    ],
  },
  now: new Date('2026-11-21T02:02:53Z'),
};

const NOTE =
  '<!-- What `callbay tenant guide acme` prints, for an example tenant. `npm test` keeps this page equal to it. -->\n';

test('docs/sending-files.md is the page that is printed for a tenant', async () => {
  await expect(NOTE + writeGuide(guide)).toMatchFileSnapshot('../../../docs/sending-files.md');
});

test('the example of today is in the tenant’s own zone and words, and its JSON can be read', () => {
  const settings = { ...guide.tenant.settings, directions: { raus: 'outbound' } };
  const page = writeGuide({ ...guide, tenant: { ...guide.tenant, timeZone: 'Asia/Seoul', settings } });
  expect(page).toContain('20261121-110253_raus_joe.wav');
  const json = /^ {4}\{\n(?: {4}.*\n)+? {4}\}$/m.exec(page)?.[0] ?? '';
  expect(JSON.parse(json)).toMatchObject({ direction: 'raus', filename: '20261121-110253_raus_joe.wav' });
});

test('a name of a customer does not break the page, and a tenant without users says so', () => {
  const page = writeGuide({ ...guide, tenant: { ...guide.tenant, name: 'A|B' }, users: [] });
  expect(page).toContain('A\\|B');
  expect(page).toContain('none was made yet');
});
