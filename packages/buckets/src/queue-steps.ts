import { CreateTopicCommand, DeleteTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { PolicyDocument } from '@callbay/core';
import { isSameDocument } from './same-document.ts';
import { orNone, StepError } from './step-error.ts';

export interface Queue {
  readonly url: string;
  readonly arn: string;
}

/** Source: SQS, 14 days at most. */
const KEPT_SECONDS = '1209600';
/** A message that was received so often moves to the dead-letter queue. */
const MAX_RECEIVES = 8;

const DEAD_LETTER = { MessageRetentionPeriod: KEPT_SECONDS };
const LIVE = {
  MessageRetentionPeriod: KEPT_SECONDS,
  VisibilityTimeout: '60',
  ReceiveMessageWaitTimeSeconds: '20',
};

/** Makes a queue with these attributes, or sets them where it is made already. */
async function makeQueue(sqs: SQSClient, name: string, attributes: Record<string, string>): Promise<Queue> {
  let url = (await orNone(sqs.send(new GetQueueUrlCommand({ QueueName: name }))))?.QueueUrl;
  url ??= (await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))).QueueUrl;
  if (url === undefined) throw new StepError('NOT_KEPT', `The queue ${name} was not made.`);
  const read = async () =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))).Attributes ??
    {};
  const isKept = (found: Record<string, string | undefined>): boolean =>
    Object.entries(attributes).every(([attribute, value]) => isSameAttribute(found[attribute], value));
  let found = await read();
  if (!isKept(found)) {
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes }));
    found = await read();
    if (!isKept(found)) throw new StepError('NOT_KEPT', `The queue ${name} did not keep what was set.`);
  }
  return { url, arn: found.QueueArn ?? '' };
}

/** Policies come back as JSON that is written otherwise. */
function isSameAttribute(found: string | undefined, wanted: string): boolean {
  if (found === wanted) return true;
  if (found === undefined || !wanted.startsWith('{')) return false;
  return isSameDocument(JSON.parse(found), JSON.parse(wanted));
}

export const makeDeadLetterQueue = (sqs: SQSClient, prefix: string): Promise<Queue> =>
  makeQueue(sqs, `${prefix}drop-dead`, DEAD_LETTER);

export const makeDropQueue = (sqs: SQSClient, prefix: string, deadLetter: Queue): Promise<Queue> =>
  makeQueue(sqs, `${prefix}drop`, {
    ...LIVE,
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetter.arn, maxReceiveCount: MAX_RECEIVES }),
  });

export async function writeQueuePolicy(sqs: SQSClient, queue: Queue, policy: PolicyDocument): Promise<void> {
  const read = async () =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['Policy'] })))
      .Attributes?.Policy;
  const wanted = JSON.stringify(policy);
  if (isSameAttribute(await read(), wanted)) return;
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { Policy: wanted } }));
  if (!isSameAttribute(await read(), wanted))
    throw new StepError('NOT_KEPT', 'The queue did not keep its policy.');
}

/** A topic that pushes to our webhook: Ceph RGW makes one by the API of SNS. */
export async function makeTopic(sns: SNSClient, name: string, webhookUrl: string): Promise<string> {
  const { TopicArn } = await sns.send(
    new CreateTopicCommand({ Name: name, Attributes: { 'push-endpoint': webhookUrl, 'verify-ssl': 'true' } }),
  );
  if (TopicArn === undefined) throw new StepError('NOT_KEPT', 'The topic was not made.');
  return TopicArn;
}

export async function removeTopic(sns: SNSClient, topicArn: string): Promise<void> {
  await orNone(sns.send(new DeleteTopicCommand({ TopicArn: topicArn })));
}
