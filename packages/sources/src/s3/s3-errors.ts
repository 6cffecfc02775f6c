import { CallbayError } from '@callbay/core';

interface ServerError {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export const statusOf = (error: unknown): number | undefined =>
  (error as ServerError).$metadata?.httpStatusCode;

/** Whether the version is not there: a delete marker that is asked for by its version answers 405. */
export const isGone = (error: unknown): boolean => [404, 405].includes(statusOf(error) ?? 0);

/** A server that does not answer, or refuses us, is tried again: what it holds is not lost by that. */
export const translateS3Error = (error: unknown): CallbayError =>
  error instanceof CallbayError
    ? error
    : new CallbayError(
        'UNAVAILABLE',
        `The server of buckets answered ${(error as ServerError).name ?? 'nothing'}.`,
        {
          cause: error,
        },
      );
