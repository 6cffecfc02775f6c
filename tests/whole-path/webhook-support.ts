import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EventType, type TenantEvent, WEBHOOK_CONSUMERS } from '@callbay/core';
import { deliverEvents, Relay, type WebhookAdmin } from '@callbay/ingestion';
import { createEventSender } from '@callbay/notify';
import { createApiStores, createPipelineStores, publishEvents, transact } from '@callbay/postgres';
import type { RunningCallbay } from '@callbay/testkit';
import { Webhook as Verifier } from 'standardwebhooks';

export const BY = { name: 'test', remoteAddress: null };
const PLAIN = { seal: (text: string) => text, unseal: (sealed: string) => sealed };
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** How a receiver answers its nth request, from 0: a status, or `silent` for no answer. */
export type Answer = (nth: number) => number | 'silent';

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: {
    readonly event: TenantEvent;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }[];
  answer: Answer;
}

/** A real receiver that keeps all it is sent. */
export async function startReceiver(answer: Answer = () => 204): Promise<Receiver> {
  const received: Receiver['received'] = [];
  const receiver: { answer: Answer } = { answer };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const status = receiver.answer(received.length);
      received.push({ event: JSON.parse(body) as TenantEvent, headers: request.headers, body });
      if (status !== 'silent') response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    received,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  });
}

/** Throws where the message is not signed by the secret, as a customer's code would. */
export const verify = (secret: string, { headers, body }: Receiver['received'][number]): unknown =>
  new Verifier(secret).verify(body, headers as Record<string, string>);

export interface TestWebhooks extends AsyncDisposable {
  readonly admin: WebhookAdmin;
  readonly relay: Relay;
  /** Delivers what is due, and returns when nothing is under way. */
  run(): Promise<void>;
  /** Another relay, as of another process. */
  another(): Relay;
}

/** The relay of webhooks in this process, on the stores of a running installation. */
export function openWebhooks({ db, deps }: RunningCallbay, timeoutMs = 15_000): TestWebhooks {
  const admin = createApiStores(db, PLAIN).webhooks;
  const webhookSender = createEventSender({ rules: { allow: ['127.0.0.0/8'] }, timeoutMs });
  const stores = createPipelineStores(db, { sealer: PLAIN, tombstoneKey: new Uint8Array(32) });
  const another = () =>
    new Relay({
      cursors: stores.cursors,
      log: deps.log,
      consumer: WEBHOOK_CONSUMERS,
      owner: randomUUID(),
      slots: 8,
      work: (lease, signal) => deliverEvents({ ...stores, webhookSender, log: deps.log }, lease, signal),
    });
  const relay = another();
  return {
    admin,
    relay,
    another,
    run: async () => {
      await relay.poll();
      await relay.idle();
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

/** Publishes events of one type, as the pipeline would, and returns their names. */
export async function happen(
  { db }: RunningCallbay,
  tenantId: string,
  count: number,
  type: Extract<EventType, 'file.rejected' | 'alert.opened'> = 'file.rejected',
): Promise<void> {
  const about = { code: 'TEST', message: 'm', fix: 'f' };
  const events = Array.from({ length: count }, () => {
    const id = randomUUID();
    return type === 'file.rejected'
      ? {
          callId: null,
          callKey: `file:${id}`,
          revision: 1,
          type,
          data: { fileId: id, name: 'a.txt', ...about },
        }
      : {
          callId: null,
          callKey: `alert:${id}`,
          revision: 1,
          type,
          data: { alertId: id, kind: 'TEST', subject: 's', count: 1, message: 'm', fix: 'f' },
        };
  });
  await transact(db, async (tx) => void (await publishEvents(tx, tenantId, events)));
}
