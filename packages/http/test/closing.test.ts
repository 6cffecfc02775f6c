import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
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
