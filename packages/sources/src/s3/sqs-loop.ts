import { setTimeout as pause } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { CallbayError } from '@callbay/core';
import type { Logger } from '../sftp/logger.ts';

export interface SqsLoopDeps {
  readonly sqs: SQSClient;
  readonly log: Logger;
  /** Works a message off; throws a retryable CallbayError where it must come again. */
  readonly work: (body: string) => Promise<void>;
}

export interface SqsLoopOptions {
  readonly queueUrl: string;
  /** Messages under way at a time. */
  readonly atOnce?: number;
  /** How long a message is ours before another listener gets it; extended while it is worked on. */
  readonly visibilitySeconds?: number;
}

/** Source: SQS, at most. */
const WAIT_SECONDS = 20;
const BATCH = 10;
const LONGEST_PAUSE_MS = 30_000;

export interface SqsLoop {
  /** Ends what is under way; messages that were not begun come again elsewhere. */
  close(): Promise<void>;
}

/**
 * Reads a queue by long polls while fewer messages than `atOnce` are under way. A message is deleted once it is worked off; one
 * that failed for now is left to the queue, which sends it again, and to its dead-letter queue in the end: a listing finds what
 * it told of.
 */
export function startSqsLoop(deps: SqsLoopDeps, options: SqsLoopOptions): SqsLoop {
  const { sqs, log, work } = deps;
  const { queueUrl: QueueUrl, atOnce = 16, visibilitySeconds = 60 } = options;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();

  async function workOff({ Body = '', ReceiptHandle }: Message): Promise<void> {
    const handle = { QueueUrl, ReceiptHandle };
    const extend = setInterval(
      () => {
        sqs
          .send(new ChangeMessageVisibilityCommand({ ...handle, VisibilityTimeout: visibilitySeconds }))
          .catch((err: unknown) => log.warn({ err }, 'a message of the queue may be worked on twice'));
      },
      (visibilitySeconds * 1_000) / 3,
    );
    try {
      await work(Body);
      await sqs.send(new DeleteMessageCommand(handle));
    } catch (err) {
      const isExpected = err instanceof CallbayError && err.retryable;
      log[isExpected ? 'warn' : 'error']({ err }, 'a message of the queue was not worked off and is retried');
    } finally {
      clearInterval(extend);
    }
  }

  async function poll(): Promise<void> {
    const room = Math.min(BATCH, atOnce - running.size);
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: room,
        WaitTimeSeconds: WAIT_SECONDS,
        VisibilityTimeout: visibilitySeconds,
      }),
      { abortSignal: closing.signal },
    );
    for (const message of Messages) {
      const done: Promise<void> = workOff(message).finally(() => running.delete(done));
      running.add(done);
    }
  }

  async function loop(): Promise<void> {
    let failures = 0;
    while (!closing.signal.aborted) {
      try {
        if (running.size >= atOnce) await Promise.race(running);
        else await poll();
        failures = 0;
      } catch (err) {
        if (closing.signal.aborted) return;
        failures += 1;
        log.error({ err }, 'the queue of a bucket could not be read');
        const waitMs = Math.min(1_000 * 2 ** failures, LONGEST_PAUSE_MS);
        await pause(waitMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  const looping = loop();
  return {
    async close() {
      closing.abort();
      await looping;
      await Promise.all(running);
    },
  };
}
