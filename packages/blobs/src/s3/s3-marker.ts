import { randomUUID } from 'node:crypto';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { CallbayError } from '@callbay/core';
import { STORE_MARKER } from '../disk/store-marker.ts';
import { answerOf, isAbsent } from './s3-errors.ts';
import type { Bucket } from './send-object.ts';

/** The id of a store, which says whose bytes it holds. */
export interface BlobMarker {
  /** Where the store is, for people. */
  readonly place: string;
  /** The store's id, or null where there is none or it cannot be read just now. */
  read(): Promise<string | null>;
  /**
   * Marks the place as a store, unless it is empty although rows refer to bytes. One that is marked keeps its id. Resolves to
   * whether it is marked now.
   */
  mark(refersToBytes: () => Promise<boolean>, id?: string): Promise<boolean>;
  /** Marks the place as the store of this id, whatever it was before. */
  replace(id: string): Promise<void>;
}

/** The marker of a bucket: an object at the root of our keys. `require` throws a retryable UNAVAILABLE without one. */
export function createS3Marker(
  { client, name: Bucket }: Bucket,
  prefix: string,
): BlobMarker & { require(): Promise<void> } {
  const Key = `${prefix}${STORE_MARKER}`;

  async function readId(): Promise<string | null> {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToString())?.trim() || null;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  async function holdsTenants(): Promise<boolean> {
    const { CommonPrefixes = [] } = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: prefix, Delimiter: '/', MaxKeys: 100 }),
    );
    return CommonPrefixes.length > 0;
  }

  /** Servers that know no condition take the second marker too: whoever reads next finds the one that stayed. */
  async function place(id: string, IfNoneMatch?: '*'): Promise<void> {
    try {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: `${id}\n`, IfNoneMatch }));
    } catch (error) {
      // Another process marked it in the meantime: its id counts.
      if (IfNoneMatch === undefined || ![409, 412].includes(answerOf(error).status ?? 0)) throw error;
    }
  }

  return {
    place: `s3://${Bucket}/${prefix}`,
    read: () => readId().catch(() => null),
    async mark(refersToBytes, id = randomUUID()) {
      if ((await readId()) !== null) return true;
      if (!(await holdsTenants()) && (await refersToBytes())) return false;
      await place(id, '*');
      return true;
    },
    replace: (id) => place(id),
    async require() {
      if ((await readId()) === null)
        throw new CallbayError('UNAVAILABLE', 'The bucket of stored bytes has no marker of ours.');
    },
  };
}
