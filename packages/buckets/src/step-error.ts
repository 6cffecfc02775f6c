/** A step that cannot be made, in words for the operator. */
export class StepError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'StepError';
    this.code = code;
  }
}

interface ServerError {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The server's own code of an error. */
export const codeOf = (error: unknown): string => (error as ServerError).name ?? 'Error';

export const statusOf = (error: unknown): number | undefined =>
  (error as ServerError).$metadata?.httpStatusCode;

const ABSENT = new Set([
  'NoSuchBucket',
  'NotFound',
  'NoSuchBucketPolicy',
  'NoSuchLifecycleConfiguration',
  'NoSuchEntity',
  'NoSuchEntityException',
  'NoSuchPublicAccessBlockConfiguration',
  'OwnershipControlsNotFoundError',
  'ServerSideEncryptionConfigurationNotFoundError',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
]);

/** Answers null where the server says that there is none. */
export async function orNone<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error) {
    if (ABSENT.has(codeOf(error)) || statusOf(error) === 404) return null;
    throw error;
  }
}

const UNKNOWN = new Set([
  'NotImplemented',
  'MethodNotAllowed',
  'InvalidAction',
  'UnknownOperation',
  'XNotImplemented',
  'InvalidRequest',
]);

/** Whether the server does not know what was asked. */
export const isUnknownToServer = (error: unknown): boolean =>
  UNKNOWN.has(codeOf(error)) || [405, 501].includes(statusOf(error) ?? 0);
