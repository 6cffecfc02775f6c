import { S3Client } from '@aws-sdk/client-s3';

/** How the server of buckets is reached. */
export interface S3Server {
  /** Null for AWS itself. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Null: the SDK finds them, as in a role of a machine. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  /** Buckets in the path, in place of the host name. */
  readonly usesPathStyle: boolean;
  /** Checksums of the SDK's own: servers that are not AWS refuse some of them. */
  readonly checksums: 'required' | 'supported';
}

const CONNECT_MS = 5_000;
/** A server that takes a request and never answers must not hold up a CLOSE for ever. */
const ANSWER_MS = 120_000;
/** Each media response and each part under way has a connection of its own. */
const MAX_CONNECTIONS = 256;

const ignore = (): void => {};

export function createS3Client(server: S3Server): S3Client {
  const { endpoint, region, credentials, usesPathStyle } = server;
  const when = server.checksums === 'required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const agent = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  return new S3Client({
    region,
    ...(endpoint === null ? {} : { endpoint }),
    // The SDK writes on what it is given.
    ...(credentials === null ? {} : { credentials: { ...credentials } }),
    forcePathStyle: usesPathStyle,
    requestChecksumCalculation: when,
    responseChecksumValidation: when,
    // It warns on standard error of what it then throws.
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    requestHandler: {
      httpAgent: agent,
      httpsAgent: agent,
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
    },
  });
}
