import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import {
  CallbayError,
  type DocumentsInput,
  dropDocuments,
  type NotificationTarget,
  S3_STEPS,
  type S3Step,
  type S3StepName,
} from '@callbay/core';
import type { S3DropRequest, S3Key, S3Made, S3Provisioner } from '@callbay/ingestion';
import {
  type BucketSteps,
  blockPublicAccess,
  encryptBucket,
  enforceOwnership,
  keepVersions,
  makeBucket,
  readOwnerArn,
  writeBucketPolicy,
  writeLifecycle,
  writeNotification,
} from './bucket-steps.ts';
import type { BucketClients } from './clients.ts';
import {
  makeDeadLetterQueue,
  makeDropQueue,
  makeTopic,
  type Queue,
  removeTopic,
  writeQueuePolicy,
} from './queue-steps.ts';
import { codeOf, isUnknownToServer, StepError } from './step-error.ts';
import { makeKey, makeUser, removeUser, rotateKeys, writeUserPolicy } from './user-steps.ts';

export interface ProvisionerOptions {
  readonly region: string;
  /** Null for AWS itself. */
  readonly endpoint: string | null;
  /** How new objects are noticed, besides by listing. */
  readonly events: 'sqs' | 'webhook' | 'list';
  /** What names of queues and users begin with. */
  readonly bucketPrefix: string;
  /** Every bucket of drops, for the queue's policy: a name that may end with `*`. */
  readonly queueBuckets: string;
  /** How long AWS may take to learn of what was made just now; 60 s unless given. */
  readonly retryMs?: number;
}

/** What one run learns on its way. */
interface Run {
  account: string | null;
  partition: string;
  hasAccounts: boolean;
  ownArn: string | null;
  deadLetter: Queue | null;
  queue: Queue | null;
  target: NotificationTarget | null;
  made: S3Made;
  key: S3Key | null;
}

const SKIPPED = Symbol('skipped');
type StepResult = typeof SKIPPED | string | undefined;

const RETRY_MS = 60_000;
const PLANNED_ACCOUNT = '123456789012';

export function createS3Provisioner(clients: BucketClients, options: ProvisionerOptions): S3Provisioner {
  const { s3, sqs, sns, iam, sts } = clients;
  const { region, endpoint, events, bucketPrefix, queueBuckets, retryMs = RETRY_MS } = options;
  const userNameOf = (tenantId: string): string => `${bucketPrefix}${tenantId}`;
  const topicOf = (tenantId: string): string => `callbay-${tenantId}`;
  const requiresTls = endpoint === null || endpoint.startsWith('https:');

  const inputOf = (request: S3DropRequest, run: Run): DocumentsInput => ({
    tenantId: request.tenantId,
    place: { bucket: request.bucket, prefix: request.prefix },
    partition: run.partition,
    account: run.account,
    principalArn: request.principalArn,
    ownArn: run.ownArn,
    requiresTls,
    target: run.target,
    queueBuckets,
  });

  async function identify(run: Run): Promise<StepResult> {
    try {
      const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
      run.account = Account ?? null;
      run.partition = Arn?.split(':')[1] ?? 'aws';
      run.hasAccounts = true;
      return undefined;
    } catch (error) {
      // Only a server that answers, and does not know of identities, is one without.
      const isAnswer =
        (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== undefined;
      if (endpoint === null || !isAnswer) throw error;
      run.hasAccounts = false;
      return SKIPPED;
    }
  }

  async function notify(request: S3DropRequest, run: Run, steps: BucketSteps): Promise<StepResult> {
    if (events === 'list') return SKIPPED;
    if (events === 'webhook') {
      if (request.webhookUrl === null)
        throw new StepError('NO_WEBHOOK', 'The API has no address that the server could push to.');
      try {
        run.target = {
          kind: 'topic',
          arn: await makeTopic(sns, topicOf(request.tenantId), request.webhookUrl),
        };
      } catch (error) {
        if (!isUnknownToServer(error)) throw error;
        return 'The server makes no topics: have it push its events to `webhookUrl`. Until then listings find what is new.';
      }
    }
    const { notification } = dropDocuments(inputOf(request, run));
    if (notification === null) return SKIPPED;
    await writeNotification(steps, notification.Id, notification);
    return undefined;
  }

  const runStep: Record<
    S3StepName,
    (request: S3DropRequest, run: Run, steps: BucketSteps) => Promise<StepResult>
  > = {
    identity: (_request, run) => identify(run),
    deadLetterQueue: async (_request, run) => {
      if (events !== 'sqs') return SKIPPED;
      run.deadLetter = await makeDeadLetterQueue(sqs, bucketPrefix);
      return undefined;
    },
    queue: async (_request, run) => {
      if (run.deadLetter === null) return SKIPPED;
      run.queue = await makeDropQueue(sqs, bucketPrefix, run.deadLetter);
      run.target = { kind: 'queue', arn: run.queue.arn };
      run.made = { ...run.made, queueUrl: run.queue.url };
      return undefined;
    },
    queuePolicy: async (request, run) => {
      const { queuePolicy } = dropDocuments(inputOf(request, run));
      if (run.queue === null || queuePolicy === null) return SKIPPED;
      await writeQueuePolicy(sqs, run.queue, queuePolicy);
      return undefined;
    },
    bucket: async (_request, run, steps) => {
      await makeBucket(steps);
      if (!run.hasAccounts) run.ownArn = await readOwnerArn(steps);
      return undefined;
    },
    ownership: async (_request, run, steps) =>
      run.hasAccounts ? void (await enforceOwnership(steps)) : SKIPPED,
    publicAccess: (_request, _run, steps) => blockPublicAccess(steps).then(() => undefined),
    encryption: async (_request, run, steps) =>
      run.hasAccounts ? void (await encryptBucket(steps)) : SKIPPED,
    versioning: (_request, _run, steps) => keepVersions(steps).then(() => undefined),
    lifecycle: (request, run, steps) =>
      writeLifecycle(steps, dropDocuments(inputOf(request, run)).lifecycle.Rules).then(() => undefined),
    bucketPolicy: (request, run, steps) =>
      writeBucketPolicy(steps, request.tenantId, dropDocuments(inputOf(request, run)).bucketPolicy).then(
        () => undefined,
      ),
    notification: notify,
    user: async (request, run) => {
      if (request.access === 'principal') {
        if (run.made.userName === null) return SKIPPED;
        await removeUser(iam, run.made.userName);
        run.made = { ...run.made, userName: null, accessKeyId: null };
        return 'The user that the drop had before was removed.';
      }
      if (!run.hasAccounts)
        throw new StepError(
          'NO_USERS',
          'The server makes no users by IAM: make one there, and give its ARN with `access: principal`.',
        );
      const userName = userNameOf(request.tenantId);
      await makeUser(iam, userName, request.tenantId);
      run.made = { ...run.made, userName };
      return undefined;
    },
    userPolicy: async (request, run) => {
      const { userPolicy } = dropDocuments(inputOf(request, run));
      if (run.made.userName === null || userPolicy === null) return SKIPPED;
      await writeUserPolicy(iam, run.made.userName, userPolicy);
      return undefined;
    },
    accessKey: async (_request, run) => {
      const { userName, accessKeyId } = run.made;
      if (userName === null) return SKIPPED;
      run.key = await makeKey(iam, userName, accessKeyId);
      if (run.key !== null) run.made = { ...run.made, accessKeyId: run.key.accessKeyId };
      return undefined;
    },
  };

  async function tryStep(step: S3StepName, work: () => Promise<StepResult>): Promise<S3Step> {
    const at = (): string => new Date().toISOString();
    try {
      const result = await work();
      if (result === SKIPPED) return { step, state: 'skipped', at: at() };
      return { step, state: 'done', ...(typeof result === 'string' ? { message: result } : {}), at: at() };
    } catch (error) {
      if (error instanceof TypeError) throw error;
      const code = error instanceof StepError ? error.code : codeOf(error);
      return { step, state: 'failed', code, message: (error as Error).message, at: at() };
    }
  }

  const startRun = (made: S3Made): Run => ({
    account: null,
    partition: 'aws',
    hasAccounts: false,
    ownArn: null,
    deadLetter: null,
    queue: null,
    target: null,
    made,
    key: null,
  });

  return {
    region,
    endpoint,
    isAws: endpoint === null,

    async planDrop(request) {
      const run = startRun({ userName: null, accessKeyId: null, queueUrl: null });
      await asUnavailable(() => identify(run));
      const account = run.account ?? PLANNED_ACCOUNT;
      const ownArn = run.hasAccounts ? null : 'arn:aws:iam:::user/OWNER-OF-THE-BUCKET';
      const target: NotificationTarget | null =
        events === 'list'
          ? null
          : events === 'sqs'
            ? { kind: 'queue', arn: `arn:${run.partition}:sqs:${region}:${account}:${bucketPrefix}drop` }
            : { kind: 'topic', arn: `arn:${run.partition}:sns:${region}::${topicOf(request.tenantId)}` };
      return dropDocuments({ ...inputOf(request, run), ownArn, target, account: run.account });
    },

    async makeDrop(request, known, note) {
      const run = startRun({
        userName: known.userName,
        accessKeyId: known.accessKeyId,
        queueUrl: known.queueUrl,
      });
      for (const name of S3_STEPS) {
        const { bucket } = request;
        const steps: BucketSteps = {
          s3,
          bucket,
          region,
          account: run.account,
          isAws: run.hasAccounts,
          retryMs,
        };
        const result = await tryStep(name, () => runStep[name](request, run, steps));
        await note(result, run.made);
        if (result.state === 'failed') break;
      }
      return run.key;
    },

    async rotateKey({ userName, accessKeyId }, { keepsPrevious }) {
      if (userName === null) throw new TypeError('a drop without a user');
      return asUnavailable(() => rotateKeys(iam, userName, { currentId: accessKeyId, keepsPrevious }));
    },

    removeDrop: (drop) =>
      asUnavailable(async () => {
        const run = startRun(drop);
        await identify(run);
        const { bucket, tenantId } = drop;
        const steps: BucketSteps = {
          s3,
          bucket,
          region,
          account: run.account,
          isAws: run.hasAccounts,
          retryMs: 0,
        };
        if (drop.userName !== null) await removeUser(iam, drop.userName);
        await unlessGone(() => writeBucketPolicy(steps, tenantId, { Version: '2012-10-17', Statement: [] }));
        if (events === 'webhook') {
          const arn = `arn:aws:sns:${run.hasAccounts ? region : 'default'}:${run.account ?? ''}:${topicOf(tenantId)}`;
          await unlessGone(() => removeTopic(sns, arn));
        } else await unlessGone(() => writeNotification(steps, `callbay-${tenantId}`, null));
      }),
  };
}

async function asUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CallbayError || error instanceof TypeError) throw error;
    throw new CallbayError('UNAVAILABLE', `The server of buckets answered ${codeOf(error)}.`, {
      cause: error,
    });
  }
}

/** A bucket that somebody removed has nothing to take back. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!['NoSuchBucket', 'NotFound', 'MalformedXML'].includes(codeOf(error)) && !isUnknownToServer(error))
      throw error;
  }
}
