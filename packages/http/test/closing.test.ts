import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { startApi } from './support.ts';

test('closing does not wait for a connection that has asked nothing', async () => {
  const api = await startApi();
  const accepted = once(api.api.server, 'connection');
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(api.url).port) });
  socket.on('error', () => {});
  const ended = once(socket, 'close');
  await accepted;
  await api[Symbol.asyncDispose]();
  await ended;
  expect(api.api.server.listening).toBe(false);
}, 10_000);

test('closing does not wait for a connection whose last answer came meanwhile', async () => {
  const api = await startApi();
  const { server } = api.api;
  const asked = once(server, 'request');
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(api.url).port) });
  socket.on('error', () => {});
  const head = `host: callbay\r\nauthorization: Bearer ${api.operator}\r\ncontent-type: application/json`;
  socket.write(`POST /v1/tenants HTTP/1.1\r\n${head}\r\ncontent-length: 2\r\n\r\n{`);
  await asked;
  const closed = api[Symbol.asyncDispose]();
  await vi.waitFor(() => expect(server.listening).toBe(false));
  const answered = once(socket, 'data');
  const ended = once(socket, 'close');
  socket.write('}');
  expect(String((await answered)[0])).toMatch(/^HTTP\/1.1 400/);
  await ended;
  await closed;
}, 10_000);
