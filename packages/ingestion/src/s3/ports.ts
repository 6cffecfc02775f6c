import type { DropDocuments, DropPlace, S3DropState, S3Step } from '@callbay/core';
import type { Actor } from '../ports.ts';
import type { ObjectPlace, ReceiptsOfFile } from '../receive/ports.ts';

/** Who writes to a bucket: a user that we make, or a principal of the customer's. */
export interface S3Access {
  readonly access: 'user' | 'principal';
  readonly principalArn: string | null;
  readonly allowAccountRoot: boolean;
}

/** What the server of the bucket said while the drop was made, as later work needs it. */
export interface S3Made {
  /** The user of ours, and the key that is in force; null where there is none. */
  readonly userName: string | null;
  readonly accessKeyId: string | null;
  readonly queueUrl: string | null;
}

/** A drop as the database keeps it. */
export interface S3DropRow extends S3Access, DropPlace, S3Made {
  readonly tenantId: string;
  readonly region: string;
  /** Null for AWS itself. */
  readonly endpoint: string | null;
  readonly steps: readonly S3Step[];
  /** Why a drop that was ready does not work any more, as the last listing found; null where it does. */
  readonly brokenReason: string | null;
  readonly createdAt: Date;
  /** When the bucket was last listed to its end. */
  readonly listedAt: Date | null;
  /** Objects outside `data`, and under temporary names, that the last listing found. */
  readonly ignored: number;
}

/** What a run of provisioning is asked for. */
export interface S3DropRequest extends S3Access, DropPlace {
  readonly tenantId: string;
  /** Where the server may push events to, for one that can. */
  readonly webhookUrl: string | null;
}

/** A secret that is shown once. */
export interface S3Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Makes what a drop needs at the server of buckets. */
export interface S3Provisioner {
  readonly region: string;
  readonly endpoint: string | null;
  /** Whether ARNs are those of AWS. */
  readonly isAws: boolean;
  /** What would be written, without writing anything. */
  planDrop(request: S3DropRequest): Promise<DropDocuments>;
  /**
   * Makes all steps in order, each of them so that it changes nothing where it is made already, and reads back what was
   * written. Ends at the first step that fails. `made` is what earlier runs have left; `note` is told of each step as it
   * ends, and of what was made. Answers a new key of the user, where there was none that anybody could have.
   */
  makeDrop(
    request: S3DropRequest,
    made: S3Made,
    note: (step: S3Step, made: S3Made) => Promise<void>,
  ): Promise<S3Key | null>;
  /** Makes a new key for the user of the drop; the one before ends unless it is to be kept until the next time. */
  rotateKey(drop: S3DropRow, options: { readonly keepsPrevious: boolean }): Promise<S3Key>;
  /** Takes back who may write and what is reported. Objects, the bucket and the queue stay. */
  removeDrop(drop: S3DropRow): Promise<void>;
}

/** S3 drops as the API reads and changes them. */
export interface S3DropStore {
  findDrop(tenantId: string): Promise<S3DropRow | null>;
  /**
   * Keeps what was asked for, and answers the drop. Throws NOT_FOUND for an unknown tenant. `tokenDigest`: SHA-256 of the
   * token of its webhook.
   */
  saveDrop(
    tenantId: string,
    drop: Omit<S3DropRequest, 'tenantId' | 'webhookUrl'> & {
      readonly region: string;
      readonly endpoint: string | null;
      readonly tokenDigest: Buffer;
    },
    by: Actor,
  ): Promise<S3DropRow>;
  saveSteps(tenantId: string, steps: readonly S3Step[], made: S3Made): Promise<void>;
  /** Has the bucket listed at once. */
  requestListing(tenantId: string): Promise<void>;
  noteRotation(tenantId: string, accessKeyId: string, by: Actor): Promise<void>;
  /** False where there is none. Objects stay where they are. */
  deleteDrop(tenantId: string, by: Actor): Promise<boolean>;
  /** Runs work that one process of all may do at a time for this tenant; answers whether it ran. */
  changeAlone(tenantId: string, work: () => Promise<void>): Promise<boolean>;
}

/** Takes pushed events in. */
export interface S3EventStore {
  /** Whether a webhook of this token exists. `tokenDigest`: SHA-256. */
  isWebhook(tokenDigest: Buffer): Promise<boolean>;
  /** Keeps a body as it came, durably; false where the token is nobody's. */
  keepEvent(tokenDigest: Buffer, body: string): Promise<boolean>;
}

/** A drop as the listener needs it. */
export interface S3Drop extends DropPlace {
  readonly tenantId: string;
  readonly state: S3DropState;
  /** The tenant's own patterns of temporary names; null for the default. */
  readonly temporaryNames: readonly string[] | null;
  readonly isBroken: boolean;
}

/** Where a listing goes on. */
export interface ListingMarker {
  readonly keyMarker: string;
  readonly versionIdMarker: string | null;
}

/** A pushed event that is being worked on. */
export interface KeptEvent {
  readonly eventId: number;
  readonly tenantId: string;
  readonly body: string;
  /** This one included. */
  readonly attempt: number;
}

/** A received object that rests in `data`. */
export interface RestingObject {
  readonly fileId: string;
  readonly key: string;
  readonly versionId: string;
}

/** A file that was purged and whose object is to be removed. */
export interface ObjectToClear {
  readonly fileId: string;
  readonly object: ObjectPlace;
}

/** What the listener asks the database. Methods about one tenant's rows name it. */
export interface S3Store {
  /** The drop that an object belongs to; null for a foreign bucket or prefix. */
  findDropOf(bucket: string, key: string): Promise<S3Drop | null>;
  findDrop(tenantId: string): Promise<S3Drop | null>;
  /** Queues that drops report to. */
  listQueues(): Promise<string[]>;
  /** Claims drops whose last listing began `everyMs` ago, at most `limit`. */
  claimListings(
    everyMs: number,
    limit: number,
  ): Promise<(S3Drop & { readonly marker: ListingMarker | null })[]>;
  /** Notes how far a listing came; null at its end. */
  saveMarker(tenantId: string, marker: ListingMarker | null): Promise<void>;
  recordHealth(
    tenantId: string,
    health: { readonly brokenReason: string | null; readonly ignored: number },
  ): Promise<void>;
  /** Drops that have files to move or to clear, or receipts to write. */
  listBusy(limit: number): Promise<S3Drop[]>;
  /** Runs work of a kind that one process of all may do at a time for this tenant; answers whether it ran. */
  runAlone(tenantId: string, kind: 'list' | 'tend', work: () => Promise<void>): Promise<boolean>;
  /** Which of these files were received. */
  findReceived(tenantId: string, fileIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Whether an object that bears the id of a file of ours is that file, where it rests or is being moved to. */
  isOurs(tenantId: string, fileId: string, object: ObjectPlace): Promise<boolean>;
  /** Received objects of `data` whose keys are in a range, its ends included, and that were here before an instant. */
  listResting(
    tenantId: string,
    range: {
      readonly fromKey: string | null;
      readonly toKey: string | null;
      readonly before: Date;
      readonly limit: number;
    },
  ): Promise<RestingObject[]>;
  readClock(): Promise<Date>;
  recordObject(tenantId: string, fileId: string, object: ObjectPlace): Promise<void>;
  listObjectsToClear(tenantId: string, limit: number): Promise<ObjectToClear[]>;
  recordCleared(tenantId: string, fileId: string): Promise<void>;
  listReceiptsDue(tenantId: string, limit: number): Promise<ReceiptsOfFile[]>;
  recordReceipts(
    tenantId: string,
    files: readonly Pick<ReceiptsOfFile, 'fileId' | 'outcomeAt'>[],
  ): Promise<void>;
  /** Leases pushed events that are due, oldest first, counting the attempt. */
  takeEvents(limit: number, leaseMs: number): Promise<KeptEvent[]>;
  endEvent(eventId: number): Promise<void>;
  retryEvent(eventId: number, afterMs: number): Promise<void>;
  /** An object that no drop receives, in the audit once an hour. */
  noteIgnored(tenantId: string | null, detail: Readonly<Record<string, unknown>>): Promise<void>;
}

/** Takes bytes of an object into our store: durable when it resolves. */
export interface ObjectBytes {
  /** Answers the key of the bytes. Throws BLOB_MISSING where the version is gone. */
  takeIn(tenantId: string, blobId: string, object: ObjectPlace, sizeBytes: number): Promise<string>;
}
