import { createHash, createHmac } from 'node:crypto';
import {
  type BucketNames,
  CallbayError,
  checkPrincipal,
  type DropDocuments,
  dropPlaceOf,
  type S3Step,
  withStep,
} from '@callbay/core';
import type { Actor } from '../ports.ts';
import type { S3Access, S3DropRequest, S3DropRow, S3DropStore, S3Key, S3Provisioner } from './ports.ts';

export interface S3DropDeps {
  readonly drops: S3DropStore;
  readonly provisioner: S3Provisioner;
  readonly names: BucketNames;
  /** 32 bytes that the tokens of webhooks are made of. */
  readonly tokenKey: Uint8Array;
  /** Where servers reach the API; null where they push nothing. */
  readonly webhookBase: string | null;
}

export interface ChangedDrop {
  readonly drop: S3DropRow;
  /** Shown once, where one was made. */
  readonly key: S3Key | null;
}

/** The token of a tenant's webhook: nobody can make one, and the database keeps its digest only. */
const webhookToken = (tokenKey: Uint8Array, tenantId: string, bucket: string): string =>
  createHmac('sha256', tokenKey).update(`${tenantId}\0${bucket}`).digest('base64url');

export const digestOfToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Where the events of a drop may be pushed to; null where nothing listens. */
export const webhookUrlOf = (
  { tokenKey, webhookBase }: Pick<S3DropDeps, 'tokenKey' | 'webhookBase'>,
  { tenantId, bucket }: Pick<S3DropRow, 'tenantId' | 'bucket'>,
): string | null =>
  webhookBase === null ? null : `${webhookBase}/v1/s3-events/${webhookToken(tokenKey, tenantId, bucket)}`;

const busy = (): CallbayError =>
  new CallbayError(
    'CONFLICT',
    'The drop is being changed by another request: ask again when that one has ended.',
  );

/** Throws UNPROCESSABLE for a principal that must not be let in. */
function checkAccess({ provisioner }: S3DropDeps, access: S3Access): void {
  if (access.access === 'user') return;
  const { principalArn, allowAccountRoot } = access;
  const problem =
    principalArn === null
      ? '`principalArn` is required with `access: principal`.'
      : checkPrincipal(principalArn, { allowAccountRoot, isAws: provisioner.isAws });
  if (problem !== null) throw new CallbayError('UNPROCESSABLE', problem);
}

function requestOf(
  deps: S3DropDeps,
  tenantId: string,
  access: S3Access,
  known: S3DropRow | null,
): S3DropRequest {
  const place = known ?? dropPlaceOf(deps.names, tenantId);
  const { bucket, prefix } = place;
  return { tenantId, ...access, bucket, prefix, webhookUrl: webhookUrlOf(deps, { tenantId, bucket }) };
}

/** What would be made for a drop. Nothing is changed. */
export async function planS3Drop(
  deps: S3DropDeps,
  { tenantId, access }: { tenantId: string; access: S3Access },
): Promise<{ request: S3DropRequest; documents: DropDocuments }> {
  checkAccess(deps, access);
  const request = requestOf(deps, tenantId, access, await deps.drops.findDrop(tenantId));
  return { request, documents: await deps.provisioner.planDrop(request) };
}

/**
 * Makes a drop, or goes on making it, or makes it anew: every step changes nothing where it is made already. Each is noted
 * as it ends, so that a crash at any point is made good by the same request.
 */
export async function putS3Drop(
  deps: S3DropDeps,
  { tenantId, access, by }: { tenantId: string; access: S3Access; by: Actor },
): Promise<ChangedDrop> {
  checkAccess(deps, access);
  const { drops, provisioner } = deps;
  const request = requestOf(deps, tenantId, access, await drops.findDrop(tenantId));
  let key: S3Key | null = null;
  const hasRun = await drops.changeAlone(tenantId, async () => {
    const { webhookUrl: _, tenantId: __, ...asked } = request;
    const { region, endpoint } = provisioner;
    const tokenDigest = digestOfToken(webhookToken(deps.tokenKey, tenantId, request.bucket));
    const known = await drops.saveDrop(tenantId, { ...asked, region, endpoint, tokenDigest }, by);
    let steps: S3Step[] = [];
    key = await provisioner.makeDrop(request, known, async (step, made) => {
      steps = withStep(steps, step);
      await drops.saveSteps(tenantId, steps, made);
    });
    await drops.requestListing(tenantId);
  });
  if (!hasRun) throw busy();
  return { drop: await foundDrop(drops, tenantId), key };
}

/** Makes all steps again as they were asked for, and has the bucket listed at once. */
export async function reconcileS3Drop(
  deps: S3DropDeps,
  { tenantId, by }: { tenantId: string; by: Actor },
): Promise<ChangedDrop> {
  const { access, principalArn, allowAccountRoot } = await foundDrop(deps.drops, tenantId);
  return putS3Drop(deps, { tenantId, access: { access, principalArn, allowAccountRoot }, by });
}

/** Throws UNPROCESSABLE where the customer's key is not ours to make. */
export async function rotateS3Key(
  { drops, provisioner }: S3DropDeps,
  { tenantId, keepsPrevious, by }: { tenantId: string; keepsPrevious: boolean; by: Actor },
): Promise<ChangedDrop> {
  let key: S3Key | null = null;
  const hasRun = await drops.changeAlone(tenantId, async () => {
    const drop = await foundDrop(drops, tenantId);
    if (drop.userName === null)
      throw new CallbayError(
        'UNPROCESSABLE',
        'The drop has no user of ours: its keys are made where its principal was made.',
      );
    key = await provisioner.rotateKey(drop, { keepsPrevious });
    await drops.noteRotation(tenantId, key.accessKeyId, by);
  });
  if (!hasRun) throw busy();
  return { drop: await foundDrop(drops, tenantId), key };
}

/** Nobody may write to the bucket any more, and nothing of it is received. Its objects stay. */
export async function removeS3Drop(
  { drops, provisioner }: S3DropDeps,
  { tenantId, by }: { tenantId: string; by: Actor },
): Promise<void> {
  const hasRun = await drops.changeAlone(tenantId, async () => {
    await provisioner.removeDrop(await foundDrop(drops, tenantId));
    await drops.deleteDrop(tenantId, by);
  });
  if (!hasRun) throw busy();
}

export async function foundDrop(drops: Pick<S3DropStore, 'findDrop'>, tenantId: string): Promise<S3DropRow> {
  const drop = await drops.findDrop(tenantId);
  if (drop === null) throw new CallbayError('NOT_FOUND');
  return drop;
}
