import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { CallbayError } from '@callbay/core';
import { until } from '@callbay/testkit';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSqsLoop } from '../src/index.ts';

let server: FauxqsServer;
let sqs: SQSClient;
beforeAll(async () => {
  server = await startFauxqs({ port: 0, logger: false });
  sqs = new SQSClient({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
});
afterAll(async () => {
  sqs.destroy();
  await server.stop();
});

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const makeQueue = async (name: string, attributes: Record<string, string> = {}): Promise<string> =>
  (await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))).QueueUrl ?? '';

async function countOf(QueueUrl: string): Promise<number> {
  const AttributeNames = [
    'ApproximateNumberOfMessages' as const,
    'ApproximateNumberOfMessagesNotVisible' as const,
  ];
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
}

const sendAll = (QueueUrl: string, bodies: readonly string[]) =>
  Promise.all(bodies.map((MessageBody) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))));

test('messages are worked off and deleted, and no more than the limit are under way', async () => {
  const queueUrl = await makeQueue('many');
  const bodies = Array.from({ length: 60 }, (_, n) => `${n}`);
  await sendAll(queueUrl, bodies);
  const seen: string[] = [];
  let [running, most] = [0, 0];
  const loop = startSqsLoop(
    {
      sqs,
      log,
      work: async (body) => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        seen.push(body);
        running -= 1;
      },
    },
    { queueUrl, atOnce: 4 },
  );
  await until('all messages', async () => seen.length === bodies.length);
  await until('an empty queue', async () => (await countOf(queueUrl)) === 0);
  await loop.close();
  expect(seen.sort()).toEqual(bodies.sort());
  expect(most).toBeLessThanOrEqual(4);
});

test('a message that failed is sent again, and in the end rests in the dead-letter queue', async () => {
  const deadUrl = await makeQueue('dead');
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadUrl, AttributeNames: ['QueueArn'] }),
  );
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 2 });
  const queueUrl = await makeQueue('failing', { RedrivePolicy });
  await sendAll(queueUrl, ['bad', 'once', 'good']);
  const tries = new Map<string, number>();
  const loop = startSqsLoop(
    {
      sqs,
      log,
      work: async (body) => {
        const n = (tries.get(body) ?? 0) + 1;
        tries.set(body, n);
        if (body === 'bad' || (body === 'once' && n === 1)) throw new CallbayError('UNAVAILABLE');
      },
    },
    { queueUrl, visibilitySeconds: 1 },
  );
  await until('the dead letter', async () => (await countOf(deadUrl)) === 1);
  await until('an empty queue', async () => (await countOf(queueUrl)) === 0);
  await loop.close();
  expect(Object.fromEntries(tries)).toEqual({ bad: 2, once: 2, good: 1 });
});

test('a message stays ours for as long as it is worked on, and closing waits for it', async () => {
  const queueUrl = await makeQueue('slow');
  await sendAll(queueUrl, ['slow']);
  let begun = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {
    begun += 1;
    await promise;
  };
  const loop = startSqsLoop({ sqs, log, work }, { queueUrl, visibilitySeconds: 1 });
  const other = startSqsLoop({ sqs, log, work }, { queueUrl, visibilitySeconds: 1 });
  await until('the message', async () => begun === 1);
  // Three visibilities, by the queue's own clock: a second queue's message becomes visible after as long.
  const clockUrl = await makeQueue('clock');
  await sqs.send(new SendMessageCommand({ QueueUrl: clockUrl, MessageBody: 'x', DelaySeconds: 3 }));
  const clock: string[] = [];
  const waiting = startSqsLoop(
    { sqs, log, work: async (body) => void clock.push(body) },
    { queueUrl: clockUrl },
  );
  await until('three seconds of the queue', async () => clock.length === 1);
  await waiting.close();
  expect(begun).toBe(1);
  const closed = Promise.all([loop.close(), other.close()]);
  resolve();
  await closed;
  expect(await countOf(queueUrl)).toBe(0);
});
