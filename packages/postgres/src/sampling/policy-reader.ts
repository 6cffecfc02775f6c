import type { PolicyReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { findNewestPolicy } from '../tenants/newest-policy.ts';

export const createPolicyReader = (db: Database): PolicyReader => ({
  findPolicy: (tenantId) => findNewestPolicy(db, tenantId),
});
