/** An object that an event names. Only a hint: what is there is asked of the bucket. */
export interface ObjectHint {
  readonly bucket: string;
  readonly key: string;
  /** The key as it was written, where it differs: servers disagree whether keys are encoded. */
  readonly rawKey: string | null;
  /** Null for the newest version. Source: Ceph RGW names none for multipart uploads and copies. */
  readonly versionId: string | null;
}

/** What a message of a queue or a webhook says. */
export type S3Message =
  | { readonly kind: 'objects'; readonly objects: readonly ObjectHint[] }
  /** Sent by S3 when a notification is set up. */
  | { readonly kind: 'test' }
  | { readonly kind: 'junk' };

type Json = Readonly<Record<string, unknown>>;

const JUNK: S3Message = { kind: 'junk' };
/** S3 sends one record; others up to 10. */
const MAX_RECORDS = 1_000;
/** SNS in SNS in SQS: nobody wraps deeper. */
const MAX_ENVELOPES = 3;
const RAW_KEYS: readonly unknown[] = ['ceph:s3'];

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectOf = (value: unknown): Json => (isJson(value) ? value : {});
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

function parseJson(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : null;
  } catch {
    return null;
  }
}

/** A key of an event of S3: percent-encoded, with `+` for a space. Null where it is not. */
function decodeKey(key: string): string | null {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

function readRecord(value: unknown): ObjectHint[] {
  const record = objectOf(value);
  if (!/^(s3:)?ObjectCreated(:|$)/.test(String(record.eventName))) return [];
  const { bucket, object } = objectOf(record.s3);
  const { key, versionId } = objectOf(object);
  const [name, raw] = [textOf(objectOf(bucket).name), textOf(key)];
  if (name === null || raw === null) return [];
  const decoded = RAW_KEYS.includes(record.eventSource) ? raw : (decodeKey(raw) ?? raw);
  const rawKey = decoded === raw ? null : raw;
  return [{ bucket: name, key: decoded, rawKey, versionId: textOf(versionId) }];
}

/** EventBridge. Its keys are not encoded. */
function readDetail(detail: Json): ObjectHint[] {
  const object = objectOf(detail.object);
  const [bucket, key] = [textOf(objectOf(detail.bucket).name), textOf(object.key)];
  if (bucket === null || key === null) return [];
  return [{ bucket, key, rawKey: null, versionId: textOf(object['version-id']) }];
}

/**
 * Reads a message: records of S3 and its like, bare or wrapped by SNS, or an event of EventBridge. Objects are told of only
 * where they were created; of other events there are none. Never throws.
 */
export function readS3Message(text: string, envelopes = MAX_ENVELOPES): S3Message {
  const message = parseJson(text);
  if (message === null) return JUNK;
  if (message.Type === 'Notification' && typeof message.Message === 'string')
    return envelopes === 0 ? JUNK : readS3Message(message.Message, envelopes - 1);
  if (message.Event === 's3:TestEvent') return { kind: 'test' };
  if (message.source === 'aws.s3' && isJson(message.detail)) {
    const isCreated = message['detail-type'] === 'Object Created';
    return { kind: 'objects', objects: isCreated ? readDetail(message.detail) : [] };
  }
  if (!Array.isArray(message.Records) || message.Records.length > MAX_RECORDS) return JUNK;
  return { kind: 'objects', objects: message.Records.flatMap(readRecord) };
}
