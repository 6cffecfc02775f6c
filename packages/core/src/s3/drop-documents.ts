import type { DropPlace } from './bucket-names.ts';
import { objectKeyOf, type S3Folder } from './object-key.ts';

/** One statement of a policy of AWS. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, string>>;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export interface LifecycleRule {
  readonly ID: string;
  readonly Status: 'Enabled';
  readonly Filter: { readonly Prefix: string };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
  readonly Expiration?: { readonly Days: number } | { readonly ExpiredObjectDeleteMarker: true };
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: number };
}

/** Where a bucket reports new objects to: a queue of SQS, or a topic that pushes them to us. */
export interface NotificationTarget {
  readonly kind: 'queue' | 'topic';
  readonly arn: string;
}

export interface DropDocuments {
  readonly bucketPolicy: PolicyDocument;
  /** Null where the customer brings a principal of their own. */
  readonly userPolicy: PolicyDocument | null;
  /** Null without a queue. */
  readonly queuePolicy: PolicyDocument | null;
  readonly lifecycle: { readonly Rules: readonly LifecycleRule[] };
  /** Null where new objects are found by listing alone. */
  readonly notification: DropNotification | null;
}

export interface DropNotification {
  readonly Id: string;
  readonly target: NotificationTarget;
  readonly Events: readonly string[];
  readonly prefix: string;
}

export interface DocumentsInput {
  readonly tenantId: string;
  readonly place: DropPlace;
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  /** Null on a server without accounts. */
  readonly account: string | null;
  /** Who is let in by the bucket's policy; null for a user of ours, who has a policy of its own. */
  readonly principalArn: string | null;
  /** Who we are, on a server where objects belong to whoever wrote them; null on AWS. */
  readonly ownArn: string | null;
  /** Requests without TLS are refused; false for a server that has none. */
  readonly requiresTls: boolean;
  readonly target: NotificationTarget | null;
  /** Buckets whose notifications the queue takes: a name that may end with `*`. */
  readonly queueBuckets: string;
}

const FOLDERS: readonly S3Folder[] = ['data', 'processed', 'rejected', 'receipts'];
const READ_BACK: readonly S3Folder[] = ['processed', 'rejected', 'receipts'];

/** Days after which the bucket itself removes what we should have removed long before. Receipts are kept for 30 days. */
const EXPIRY_DAYS: Readonly<Record<S3Folder, number>> = {
  data: 15,
  processed: 15,
  rejected: 15,
  receipts: 32,
};
const ABORT_DAYS = 7;
const NONCURRENT_DAYS = 15;

const policy = (statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});

/** Names in one bucket must differ by tenant. A Sid takes letters and digits only, and tenants' ids have no capitals. */
const sidOf = ({ tenantId }: DocumentsInput, name: string): string =>
  `Callbay${tenantId.replaceAll('-', 'X')}${name}`;

const SID = /^Callbay([a-z0-9X]+)(?:ListDrop|LocateDrop|WriteData|ReadBack|OwnAccess|KeepOwner|TlsOnly)$/;

/** Whether a statement of a bucket's policy was written by us for this tenant. */
export const isStatementOf = (tenantId: string, sid: string | undefined): boolean =>
  SID.exec(sid ?? '')?.[1] === tenantId.replaceAll('-', 'X');

const bucketArn = ({ partition, place }: DocumentsInput): string => `arn:${partition}:s3:::${place.bucket}`;

/** What the customer may do, for a policy of the bucket with its principal, or for one of a user without. */
function grantsOf(input: DocumentsInput, principal: Pick<Statement, 'Principal'>): Statement[] {
  const { place } = input;
  const arn = bucketArn(input);
  const below = (folder: S3Folder): string => `${arn}/${objectKeyOf(place.prefix, folder, '*')}`;
  // In a bucket of the tenant's own a condition on the prefix would only break clients that list without one.
  const onlyOwn =
    place.prefix === ''
      ? {}
      : {
          Condition: {
            StringLike: {
              's3:prefix': FOLDERS.flatMap((f) => [`${place.prefix}${f}`, `${place.prefix}${f}/*`]),
            },
          },
        };
  const locate =
    place.prefix === ''
      ? ['s3:GetBucketLocation', 's3:ListBucketMultipartUploads']
      : ['s3:GetBucketLocation'];
  const allow = { Effect: 'Allow', ...principal } as const;
  const write = [
    's3:PutObject',
    's3:GetObject',
    's3:DeleteObject',
    's3:AbortMultipartUpload',
    's3:ListMultipartUploadParts',
  ];
  return [
    { Sid: sidOf(input, 'ListDrop'), ...allow, Action: ['s3:ListBucket'], Resource: arn, ...onlyOwn },
    { Sid: sidOf(input, 'LocateDrop'), ...allow, Action: locate, Resource: arn },
    { Sid: sidOf(input, 'WriteData'), ...allow, Action: write, Resource: below('data') },
    {
      Sid: sidOf(input, 'ReadBack'),
      ...allow,
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: READ_BACK.map(below),
    },
  ];
}

function bucketPolicyOf(input: DocumentsInput): PolicyDocument {
  const { ownArn, principalArn, place, requiresTls } = input;
  const arn = bucketArn(input);
  const all = place.prefix === '' ? [arn, `${arn}/*`] : [`${arn}/${place.prefix}*`];
  const statements: Statement[] = [];
  if (requiresTls)
    statements.push({
      Sid: sidOf(input, 'TlsOnly'),
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: all,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  if (ownArn !== null)
    statements.push({
      Sid: sidOf(input, 'OwnAccess'),
      Effect: 'Allow',
      Principal: { AWS: ownArn },
      Action: 's3:*',
      Resource: [arn, `${arn}/*`],
    });
  if (principalArn !== null) {
    if (ownArn !== null)
      statements.push({
        Sid: sidOf(input, 'KeepOwner'),
        Effect: 'Deny',
        Principal: { AWS: principalArn },
        Action: ['s3:PutObjectAcl', 's3:PutObjectVersionAcl'],
        Resource: all.filter((resource) => resource.endsWith('*')),
      });
    statements.push(...grantsOf(input, { Principal: { AWS: principalArn } }));
  }
  return policy(statements);
}

function queuePolicyOf({ partition, account, target, queueBuckets }: DocumentsInput): PolicyDocument | null {
  if (target?.kind !== 'queue' || account === null) return null;
  const { arn } = target;
  return policy([
    {
      Sid: 'BucketsMaySend',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: arn,
      Condition: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:s3:::${queueBuckets}` },
      },
    },
    {
      Sid: 'TlsOnly',
      Effect: 'Deny',
      Principal: '*',
      Action: 'sqs:*',
      Resource: arn,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ]);
}

/** Rules of the whole bucket: in a shared one they are the same for every tenant, and written with its prefix. */
function lifecycleRulesOf({ tenantId, place }: DocumentsInput): LifecycleRule[] {
  const name = place.prefix === '' ? 'callbay' : `callbay-${tenantId}`;
  const rule = (id: string, prefix: string) =>
    ({ ID: `${name}-${id}`, Status: 'Enabled', Filter: { Prefix: prefix } }) as const;
  return [
    {
      ...rule('abort-uploads', place.prefix),
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABORT_DAYS },
    },
    ...FOLDERS.map((folder) => ({
      ...rule(`expire-${folder}`, objectKeyOf(place.prefix, folder, '')),
      Expiration: { Days: EXPIRY_DAYS[folder] },
      NoncurrentVersionExpiration: { NoncurrentDays: NONCURRENT_DAYS },
    })),
    // With `Days` in one rule it would be refused.
    { ...rule('delete-markers', place.prefix), Expiration: { ExpiredObjectDeleteMarker: true } },
  ];
}

/**
 * The documents of a drop: who may do what, what expires, and where new objects are reported. Removals are not reported, since a
 * multi-delete with such a notification ends a Ceph RGW 16.
 */
export function dropDocuments(input: DocumentsInput): DropDocuments {
  const { tenantId, place, target, principalArn } = input;
  return {
    bucketPolicy: bucketPolicyOf(input),
    userPolicy: principalArn === null ? policy(grantsOf(input, {})) : null,
    queuePolicy: queuePolicyOf(input),
    lifecycle: { Rules: lifecycleRulesOf(input) },
    notification:
      target === null
        ? null
        : {
            Id: `callbay-${tenantId}`,
            target,
            Events: ['s3:ObjectCreated:*'],
            prefix: objectKeyOf(place.prefix, 'data', ''),
          },
  };
}
