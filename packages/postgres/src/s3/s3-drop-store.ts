import { CallbayError, stateOfSteps } from '@callbay/core';
import type { S3DropRow, S3DropStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { type Database, transact } from '../database/database.ts';
import { createSweepLocks } from '../sweeps/sweep-locks.ts';

const FIND = `
SELECT tenant_id AS "tenantId", bucket, prefix, region, endpoint, access, principal_arn AS "principalArn",
       allow_account_root AS "allowAccountRoot", user_name AS "userName", access_key_id AS "accessKeyId",
       queue_url AS "queueUrl", steps, broken_reason AS "brokenReason", created_at AS "createdAt",
       listed_at AS "listedAt", ignored
  FROM s3_drops WHERE tenant_id = $1`;

/** A bucket that was another tenant's before must not become this one's by a changed prefix. */
const SAVE = `
INSERT INTO s3_drops (tenant_id, bucket, prefix, region, endpoint, access, principal_arn, allow_account_root, token_digest,
                      created_at, list_due_at)
SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, callbay_now(), callbay_now() FROM tenants WHERE id = $1
ON CONFLICT (tenant_id) DO UPDATE SET region = $4, endpoint = $5, access = $6, principal_arn = $7,
   allow_account_root = $8, token_digest = $9
RETURNING (xmax = 0) AS "isNew"`;

/** Which tenants have a bucket, for the API. */
export function createS3DropStore(db: Database): S3DropStore {
  const lock = createSweepLocks(db.pool);
  const findDrop = async (tenantId: string): Promise<S3DropRow | null> =>
    (await db.query<S3DropRow>(FIND, [tenantId], 'find_s3_drop'))[0] ?? null;
  return {
    findDrop,

    async saveDrop(tenantId, drop, by) {
      const { bucket, prefix, region, endpoint, access, principalArn, allowAccountRoot, tokenDigest } = drop;
      await transact(db, async (tx) => {
        const [saved] = await tx.query<{ isNew: boolean }>(SAVE, [
          tenantId,
          bucket,
          prefix,
          region,
          endpoint,
          access,
          principalArn,
          allowAccountRoot,
          tokenDigest,
        ]);
        if (saved === undefined) throw new CallbayError('NOT_FOUND', `There is no tenant ${tenantId}.`);
        const action = saved.isNew ? 's3Drop.create' : 's3Drop.update';
        await audit(tx, by, { tenantId, action, target: bucket, detail: { access, principalArn } });
      });
      const found = await findDrop(tenantId);
      if (found === null) throw new CallbayError('CONFLICT', 'The drop was removed by another request.');
      return found;
    },

    async saveSteps(tenantId, steps, { userName, accessKeyId, queueUrl }) {
      await db.execute(
        `UPDATE s3_drops SET steps = $2, state = $3, user_name = $4, access_key_id = $5, queue_url = $6,
                broken_reason = NULL WHERE tenant_id = $1`,
        [tenantId, JSON.stringify(steps), stateOfSteps(steps), userName, accessKeyId, queueUrl],
      );
    },

    async requestListing(tenantId) {
      await db.execute(
        'UPDATE s3_drops SET list_due_at = callbay_now(), list_marker = NULL WHERE tenant_id = $1',
        [tenantId],
      );
    },

    async noteRotation(tenantId, accessKeyId, by) {
      await transact(db, async (tx) => {
        await tx.execute('UPDATE s3_drops SET access_key_id = $2 WHERE tenant_id = $1', [
          tenantId,
          accessKeyId,
        ]);
        await audit(tx, by, { tenantId, action: 's3Drop.rotate', target: accessKeyId });
      });
    },

    deleteDrop: (tenantId, by) =>
      transact(db, async (tx) => {
        const [gone] = await tx.query<{ bucket: string }>(
          'DELETE FROM s3_drops WHERE tenant_id = $1 RETURNING bucket',
          [tenantId],
        );
        if (gone === undefined) return false;
        await audit(tx, by, { tenantId, action: 's3Drop.delete', target: gone.bucket });
        return true;
      }),

    changeAlone: (tenantId, work) => lock(`s3-change.${tenantId}`, work),
  };
}
