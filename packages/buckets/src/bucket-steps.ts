import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { DropNotification, LifecycleRule, PolicyDocument, Statement } from '@callbay/core';
import { isStatementOf } from '@callbay/core';
import { untilKnown } from './retry.ts';
import { isSameDocument } from './same-document.ts';
import { codeOf, orNone, StepError, statusOf } from './step-error.ts';

/** What the steps of one bucket stand on. `account`: null on a server without accounts. */
export interface BucketSteps {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly region: string;
  readonly account: string | null;
  readonly isAws: boolean;
  readonly retryMs: number;
}

const ownerOf = ({ account }: BucketSteps) => (account === null ? {} : { ExpectedBucketOwner: account });

const notKept = (what: string): StepError =>
  new StepError(
    'NOT_KEPT',
    `The server did not keep ${what}: it was read back otherwise than it was written.`,
  );

/** Makes the bucket unless it is ours already. */
export async function makeBucket(steps: BucketSteps): Promise<void> {
  const { s3, bucket: Bucket, region, isAws } = steps;
  const isThere = async (): Promise<boolean> => {
    try {
      await s3.send(new HeadBucketCommand({ Bucket, ...ownerOf(steps) }));
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      if (statusOf(error) === 403)
        throw new StepError(
          'BUCKET_TAKEN',
          `The bucket ${Bucket} belongs to somebody else: set another CALLBAY_S3_BUCKET_PREFIX.`,
        );
      if (statusOf(error) === 301)
        throw new StepError('WRONG_REGION', `The bucket ${Bucket} is in another region than ${region}.`);
      throw error;
    }
  };
  if (await isThere()) return;
  try {
    await s3.send(
      new CreateBucketCommand({
        Bucket,
        ...(isAws ? { ObjectOwnership: 'BucketOwnerEnforced' as const } : {}),
        // Source: S3, which refuses a constraint in us-east-1 and requires one elsewhere.
        ...(isAws && region !== 'us-east-1'
          ? { CreateBucketConfiguration: { LocationConstraint: region as never } }
          : {}),
      }),
    );
  } catch (error) {
    if (codeOf(error) === 'BucketAlreadyExists')
      throw new StepError(
        'BUCKET_TAKEN',
        `The bucket ${Bucket} belongs to somebody else: set another CALLBAY_S3_BUCKET_PREFIX.`,
      );
    if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error;
  }
  if (!(await isThere())) throw notKept('the bucket');
}

/** The name of the owner, on a server whose principals are `arn:aws:iam:::user/NAME`. */
export async function readOwnerArn({ s3, bucket: Bucket }: BucketSteps): Promise<string> {
  const { Owner } = await s3.send(new GetBucketAclCommand({ Bucket }));
  const [tenant, user] = (Owner?.ID ?? '').includes('$')
    ? (Owner?.ID ?? '').split('$', 2)
    : ['', Owner?.ID ?? ''];
  return `arn:aws:iam::${tenant}:user/${user}`;
}

export async function enforceOwnership({ s3, bucket: Bucket }: BucketSteps): Promise<void> {
  const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] };
  const read = async () =>
    (await orNone(s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))))?.OwnershipControls;
  if (isSameDocument(await read(), OwnershipControls)) return;
  await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
  if (!isSameDocument(await read(), OwnershipControls)) throw notKept('who owns the objects');
}

export async function blockPublicAccess({ s3, bucket: Bucket, isAws }: BucketSteps): Promise<void> {
  const PublicAccessBlockConfiguration = {
    // With the first Ceph RGW 16 refuses every PUT, with the other every policy that lets anybody in.
    BlockPublicAcls: isAws,
    IgnorePublicAcls: true,
    BlockPublicPolicy: isAws,
    RestrictPublicBuckets: true,
  };
  const read = async () =>
    (await orNone(s3.send(new GetPublicAccessBlockCommand({ Bucket }))))?.PublicAccessBlockConfiguration;
  if (isSameDocument(await read(), PublicAccessBlockConfiguration)) return;
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  if (!isSameDocument(await read(), PublicAccessBlockConfiguration))
    throw notKept('the block of public access');
}

/** Keeps any encryption that was chosen for the bucket. */
export async function encryptBucket({ s3, bucket: Bucket }: BucketSteps): Promise<void> {
  const read = async () =>
    (await orNone(s3.send(new GetBucketEncryptionCommand({ Bucket }))))?.ServerSideEncryptionConfiguration
      ?.Rules ?? [];
  if ((await read()).length > 0) return;
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: true }],
      },
    }),
  );
  if ((await read()).length === 0) throw notKept('the encryption');
}

export async function keepVersions({ s3, bucket: Bucket }: BucketSteps): Promise<void> {
  const read = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status;
  if ((await read()) === 'Enabled') return;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  if ((await read()) !== 'Enabled') throw notKept('versions');
}

/** Rules of ours replace older ones of the same name; others' stay. */
export async function writeLifecycle(
  { s3, bucket: Bucket }: BucketSteps,
  rules: readonly LifecycleRule[],
): Promise<void> {
  const read = async () =>
    (await orNone(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))))?.Rules ?? [];
  const brief = (rule: {
    ID?: string | undefined;
    Status?: string | undefined;
    Expiration?: object | undefined;
  }) => ({
    ID: rule.ID,
    Status: rule.Status,
    Expiration: rule.Expiration,
  });
  const own = new Set<string | undefined>(rules.map(({ ID }) => ID));
  const found = await read();
  const ofOurs = (list: typeof found) => list.filter(({ ID }) => own.has(ID)).map(brief);
  if (isSameDocument(ofOurs(found), rules.map(brief))) return;
  const Rules = [...found.filter(({ ID }) => !own.has(ID)), ...rules.map((rule) => ({ ...rule }))];
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  if (!isSameDocument(ofOurs(await read()), rules.map(brief))) throw notKept('what expires');
}

/** Statements of this tenant are replaced; those of others in a shared bucket, and of the operator, stay. */
export async function writeBucketPolicy(
  { s3, bucket: Bucket, retryMs }: BucketSteps,
  tenantId: string,
  policy: PolicyDocument,
): Promise<void> {
  const read = async (): Promise<Statement[]> => {
    const text = (await orNone(s3.send(new GetBucketPolicyCommand({ Bucket }))))?.Policy;
    return text === undefined || text === '' ? [] : [(JSON.parse(text) as PolicyDocument).Statement].flat();
  };
  const found = await read();
  const own = found.filter(({ Sid }) => isStatementOf(tenantId, Sid));
  if (isSameDocument(own, policy.Statement)) return;
  const others = found.filter(({ Sid }) => !isStatementOf(tenantId, Sid));
  if (others.length + policy.Statement.length === 0) {
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    return;
  }
  const Policy = JSON.stringify({ ...policy, Statement: [...others, ...policy.Statement] });
  // A user made just now is not known to the bucket yet.
  await untilKnown(
    () => s3.send(new PutBucketPolicyCommand({ Bucket, Policy })),
    (error) => codeOf(error) === 'MalformedPolicy',
    retryMs,
  );
  const kept = (await read()).filter(({ Sid }) => isStatementOf(tenantId, Sid));
  if (kept.length !== policy.Statement.length) throw notKept('the policy of the bucket');
}

/** Reads, merges and writes: notifications of others are never replaced. With null ours is taken away. */
export async function writeNotification(
  { s3, bucket: Bucket, retryMs }: BucketSteps,
  id: string,
  notification: DropNotification | null,
): Promise<void> {
  const read = async () => {
    const { $metadata: _, ...found } = await s3.send(
      new GetBucketNotificationConfigurationCommand({ Bucket }),
    );
    return found;
  };
  const found = await read();
  const others = <T extends { Id?: string | undefined }>(list: T[] | undefined): T[] =>
    (list ?? []).filter(({ Id }) => Id !== id);
  const isOurs = (
    list:
      | { Id?: string | undefined; QueueArn?: string | undefined; TopicArn?: string | undefined }[]
      | undefined,
  ) =>
    (list ?? []).some(
      ({ Id, QueueArn, TopicArn }) => Id === id && (QueueArn ?? TopicArn) === notification?.target.arn,
    );
  const isThere = (now: typeof found): boolean =>
    isOurs(now.QueueConfigurations) || isOurs(now.TopicConfigurations);
  if (notification !== null && isThere(found)) return;
  const own =
    notification === null
      ? null
      : {
          Id: id,
          Events: notification.Events as never,
          Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: notification.prefix }] } },
        };
  const { target } = notification ?? {};
  const QueueConfigurations = [
    ...others(found.QueueConfigurations),
    ...(own !== null && target?.kind === 'queue' ? [{ ...own, QueueArn: target.arn }] : []),
  ];
  const TopicConfigurations = [
    ...others(found.TopicConfigurations),
    ...(own !== null && target?.kind === 'topic' ? [{ ...own, TopicArn: target.arn }] : []),
  ];
  const isSame =
    QueueConfigurations.length === (found.QueueConfigurations ?? []).length &&
    TopicConfigurations.length === (found.TopicConfigurations ?? []).length;
  if (notification === null && isSame) return;
  const NotificationConfiguration = { ...found, QueueConfigurations, TopicConfigurations };
  await untilKnown(
    () => s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration })),
    (error) => codeOf(error) === 'InvalidArgument',
    retryMs,
  );
  if (notification !== null && !isThere(await read())) throw notKept('the notification');
}
