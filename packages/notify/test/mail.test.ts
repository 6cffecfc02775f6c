import type { Digest } from '@callbay/core';
import { expect, test } from 'vitest';
import { createDigestSender, sendMail } from '../src/index.ts';
import { startMailServer } from './servers.ts';

const digest: Digest = {
  tenantId: 'acme',
  at: '2026-03-02T12:00:00.000Z',
  opened: [
    {
      id: 'a',
      kind: 'HELD_OVER_HOUR',
      subject: 'held',
      message: 'Files have waited for over an hour. 1 NO_METADATA.',
      fix: 'Send the missing halves.',
      count: 1,
      examples: [
        {
          fileId: 'f',
          name: 'überholt\r\nBcc: everyone@example.com.wav',
          code: 'NO_METADATA',
          receivedAt: '2026-03-02T10:00:00.000Z',
        },
      ],
      openedAt: '2026-03-02T11:00:00.000Z',
      resolvedAt: null,
    },
  ],
  resolved: [],
  openCount: 1,
};

const urlOf = (port: number, login = ''): string => `smtp://${login}127.0.0.1:${port}`;
const from = 'callbay@example.com';

test('a digest goes to one address in plain text, and a name in it breaks no line', async () => {
  await using server = await startMailServer();
  const sender = createDigestSender({ mail: { smtpUrl: urlOf(server.port), from }, rules: { allow: [] } });
  expect(await sender.sendMail('ops@acme.test', digest, 'd-1')).toBeNull();
  const [mail] = server.received;
  expect(mail).toMatchObject({ from, to: ['ops@acme.test'] });
  expect(mail?.text).toMatch(/^Subject: Callbay, acme: 1 new alert, 0 resolved\r$/m);
  expect(mail?.text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(mail?.text).toMatch(/^Message-ID: <d-1@callbay>\r$/m);
  expect(mail?.text).not.toMatch(/^\s*Bcc:/im);
});

test('what the server refuses for good is not tried again, and its words stay with us', async () => {
  await using server = await startMailServer({ 'gone@acme.test': 550, 'full@acme.test': 452 });
  const options = { smtpUrl: urlOf(server.port), from };
  const mail = { subject: 's', text: 't', messageId: '<m@callbay>' };
  const gone = await sendMail({ ...mail, to: 'gone@acme.test' }, options);
  expect(gone).toMatchObject({ code: 'MAIL_ADDRESS_REFUSED', isRetryable: false });
  expect(gone?.message).not.toContain('db-7');
  const full = await sendMail({ ...mail, to: 'full@acme.test' }, options);
  expect(full).toMatchObject({ code: 'MAIL_REFUSED', isRetryable: true });
});

test('no password goes over a connection that is not encrypted', async () => {
  const logins: unknown[] = [];
  await using server = await startMailServer(
    {},
    {
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (login, _session, done) => {
        logins.push(login);
        done(null, { user: 'u' });
      },
    },
  );
  const options = { smtpUrl: urlOf(server.port, 'user:secret@'), from };
  const mail = { to: 'ops@acme.test', subject: 's', text: 't', messageId: '<m@callbay>' };
  expect(await sendMail(mail, options)).toMatchObject({ code: 'MAIL_NOT_ENCRYPTED', isRetryable: true });
  expect(logins).toEqual([]);
  expect(server.received).toEqual([]);
});

test('without a server, and with none there, a delivery fails and says so', async () => {
  const none = createDigestSender({ mail: null, rules: { allow: [] } });
  expect(await none.sendMail('ops@acme.test', digest, 'd-1')).toMatchObject({
    code: 'MAIL_NOT_CONFIGURED',
    isRetryable: true,
  });
  const server = await startMailServer();
  await server[Symbol.asyncDispose]();
  const away = createDigestSender({ mail: { smtpUrl: urlOf(server.port), from }, rules: { allow: [] } });
  expect(await away.sendMail('ops@acme.test', digest, 'd-1')).toMatchObject({
    code: 'MAIL_UNREACHABLE',
    isRetryable: true,
  });
});
