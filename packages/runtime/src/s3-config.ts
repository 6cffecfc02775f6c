import { z } from 'zod';

/** How the server of buckets is reached, and what is made there. */
export interface S3Config {
  /** Null for AWS itself. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Null: the SDK finds them, as in a role of a machine. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  readonly usesPathStyle: boolean;
  readonly checksums: 'required' | 'supported';
  /** What names of buckets, queues and users begin with. */
  readonly bucketPrefix: string;
  /** One bucket for all tenants; null for one each. */
  readonly sharedBucket: string | null;
  readonly listMs: number;
  /** How new objects are noticed, besides by listing. */
  readonly events: 'sqs' | 'webhook' | 'list';
  /** Where the server reaches the API; null: the address that customers know. */
  readonly webhookUrl: string | null;
}

const httpUrl = z
  .string()
  .refine(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
    'must be a URL, starting with http:// or https://',
  )
  .transform((text) => text.replace(/\/+$/, ''));

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** The variables of buckets. */
export const s3Variables = {
  CALLBAY_S3_ENDPOINT: httpUrl.optional(),
  CALLBAY_S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be the name of a region, such as eu-central-1')
    .optional(),
  CALLBAY_S3_ACCESS_KEY_ID: z.string().optional(),
  CALLBAY_S3_SECRET_ACCESS_KEY: z.string().optional(),
  CALLBAY_S3_PATH_STYLE: z.enum(['true', 'false'], 'must be true or false').optional(),
  CALLBAY_S3_CHECKSUMS: z.enum(['required', 'supported'], 'must be required or supported').optional(),
  CALLBAY_S3_BUCKET_PREFIX: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'must be 1 to 31 small letters, digits and dashes, such as callbay-')
    .default('callbay-'),
  CALLBAY_S3_SHARED_BUCKET: z.string().regex(BUCKET, 'must be the name of a bucket').optional(),
  CALLBAY_S3_LIST_SECONDS: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'must be a number of seconds, 1 to 99999')
    .transform((text) => Number(text) * 1_000)
    .default(300_000),
  CALLBAY_S3_EVENTS: z.enum(['sqs', 'webhook', 'list'], 'must be sqs, webhook or list').optional(),
  CALLBAY_S3_WEBHOOK_URL: httpUrl.optional(),
};

const s3Schema = z.object(s3Variables);

/** Both halves of a key, or none. */
export const S3_PAIRS = [
  ['CALLBAY_S3_ACCESS_KEY_ID', 'CALLBAY_S3_SECRET_ACCESS_KEY', 'the secret of the key'],
  ['CALLBAY_S3_SECRET_ACCESS_KEY', 'CALLBAY_S3_ACCESS_KEY_ID', 'the id of the key'],
] as const;

/** Null where neither an endpoint nor a region is set: no buckets are used. */
export function s3ConfigOf(values: z.infer<typeof s3Schema>): S3Config | null {
  const { CALLBAY_S3_ENDPOINT: endpoint, CALLBAY_S3_REGION: region } = values;
  if (endpoint === undefined && region === undefined) return null;
  const { CALLBAY_S3_ACCESS_KEY_ID: accessKeyId, CALLBAY_S3_SECRET_ACCESS_KEY: secretAccessKey } = values;
  const isAws = endpoint === undefined;
  return {
    endpoint: endpoint ?? null,
    region: region ?? 'us-east-1',
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null,
    usesPathStyle:
      values.CALLBAY_S3_PATH_STYLE === undefined ? !isAws : values.CALLBAY_S3_PATH_STYLE === 'true',
    checksums: values.CALLBAY_S3_CHECKSUMS ?? (isAws ? 'supported' : 'required'),
    bucketPrefix: values.CALLBAY_S3_BUCKET_PREFIX,
    sharedBucket: values.CALLBAY_S3_SHARED_BUCKET ?? null,
    listMs: values.CALLBAY_S3_LIST_SECONDS,
    events: values.CALLBAY_S3_EVENTS ?? (isAws ? 'sqs' : 'webhook'),
    webhookUrl: values.CALLBAY_S3_WEBHOOK_URL ?? null,
  };
}

/** One line per variable, for `callbay config`, with no secret in it. */
export function describeS3(s3: S3Config | null) {
  const line = (name: string, value: string | null | undefined, note: string) => ({
    variable: `CALLBAY_S3_${name}`,
    value: value ?? null,
    note,
  });
  return [
    line(
      'ENDPOINT',
      s3?.endpoint,
      s3 === null
        ? 'no bucket is used: neither endpoint nor region is set'
        : 'a server of buckets that is not AWS',
    ),
    line('REGION', s3?.region, 'where buckets are made'),
    line('ACCESS_KEY_ID', s3?.credentials?.accessKeyId, s3?.credentials ? 'as set' : 'found by the AWS SDK'),
    line('SECRET_ACCESS_KEY', s3?.credentials && '***', s3?.credentials ? 'as set' : 'found by the AWS SDK'),
    line('PATH_STYLE', s3 && String(s3.usesPathStyle), 'whether buckets stand in the path'),
    line('CHECKSUMS', s3?.checksums, 'whether the SDK adds checksums that not all servers know'),
    line('BUCKET_PREFIX', s3?.bucketPrefix, 'what names of buckets, queues and users begin with'),
    line('SHARED_BUCKET', s3?.sharedBucket, 'one bucket for all tenants; one each unless set'),
    line(
      'LIST_SECONDS',
      s3 && String(s3.listMs / 1_000),
      'how often buckets are listed for what no event told of',
    ),
    line('EVENTS', s3?.events, 'how new objects are noticed'),
    line(
      'WEBHOOK_URL',
      s3?.webhookUrl,
      'where the server of buckets reaches the API; the public address unless set',
    ),
  ];
}
