-- Tenants whose files come into a bucket, how each step of making it went, and where a listing goes on.
CREATE TABLE "s3_drops" (
    "tenant_id" TEXT NOT NULL,
    "bucket" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "region" TEXT NOT NULL,
    "endpoint" TEXT,
    "access" TEXT NOT NULL,
    "principal_arn" TEXT,
    "allow_account_root" BOOLEAN NOT NULL DEFAULT false,
    "user_name" TEXT,
    "access_key_id" TEXT,
    "queue_url" TEXT,
    "token_digest" BYTEA NOT NULL,
    "steps" JSONB NOT NULL DEFAULT '[]',
    "state" TEXT NOT NULL DEFAULT 'provisioning',
    "broken_reason" TEXT,
    "ignored" INTEGER NOT NULL DEFAULT 0,
    "list_marker" JSONB,
    "list_due_at" TIMESTAMPTZ(3) NOT NULL,
    "listed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "s3_drops_pkey" PRIMARY KEY ("tenant_id")
);

CREATE UNIQUE INDEX "s3_drops_bucket_prefix_key" ON "s3_drops"("bucket", "prefix");
CREATE UNIQUE INDEX "s3_drops_token_digest_key" ON "s3_drops"("token_digest");
CREATE INDEX "s3_drops_list_due_at_idx" ON "s3_drops"("list_due_at");

ALTER TABLE "s3_drops" ADD CONSTRAINT "s3_drops_tenant_id_fkey"
  FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Events that were pushed to us, as they came, until they are worked off.
CREATE TABLE "s3_events" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "s3_events_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "s3_events_due_at_idx" ON "s3_events"("due_at");

ALTER TABLE "s3_events" ADD CONSTRAINT "s3_events_tenant_id_fkey"
  FOREIGN KEY ("tenant_id") REFERENCES "s3_drops"("tenant_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Which object a file is: as it was received, or where it was last moved to.
ALTER TABLE "files" ADD COLUMN "bucket" TEXT;
ALTER TABLE "files" ADD COLUMN "object_key" TEXT;
ALTER TABLE "files" ADD COLUMN "version_id" TEXT;

-- Each holds only the rows that there is work with, and nothing of other drops.
CREATE INDEX "objects_without_receipt" ON "files"("tenant_id", "receive_seq")
  WHERE "drop" = 's3' AND "outcome_at" IS NOT NULL AND ("receipt_at" IS NULL OR "receipt_at" < "outcome_at");
CREATE INDEX "objects_to_clear" ON "files"("tenant_id", "receive_seq")
  WHERE "drop" = 's3' AND "purged_at" IS NOT NULL AND coalesce("moved_folder", 'data') <> 'cleared';
CREATE INDEX "objects_resting_in_data" ON "files"("tenant_id", "object_key" COLLATE "C")
  WHERE "drop" = 's3' AND "purged_at" IS NULL AND "withdrawn_seq" IS NULL
    AND coalesce("moved_folder", 'data') = 'data';
