import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

/** Sends a request whose body does not come to its end. */
function sendHalf(api: TestApi, line: string, type: string) {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(api.url).port) });
  socket.on('error', () => {});
  const head = `host: callbay\r\nauthorization: Bearer ${api.operator}\r\ncontent-type: ${type}`;
  socket.write(`${line} HTTP/1.1\r\n${head}\r\ncontent-length: 2\r\n\r\n{`);
  return socket;
}

test('a body that does not come in time ends its connection, and an upload may take as long as it needs', async () => {
  await using api = await startApi({ options: { requestMs: 300 } });
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  const upload = sendHalf(api, 'POST /v1/tenants/acme/files?name=a.wav', 'application/octet-stream');
  const late = sendHalf(api, 'POST /v1/tenants', 'application/json');
  const [answer] = await once(late, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 408/);
  const received = once(upload, 'data');
  upload.write('}');
  expect(String((await received)[0])).toMatch(/^HTTP\/1.1 201/);
  upload.destroy();
}, 20_000);
