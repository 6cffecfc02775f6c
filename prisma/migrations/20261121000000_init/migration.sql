-- The one clock of the product: receive times, windows, holds and purges all read it.
CREATE FUNCTION callbay_now() RETURNS timestamptz(3) LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()::timestamptz(3)';


-- CreateTable
CREATE TABLE "tenants" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "time_zone" TEXT,
    "stage" TEXT NOT NULL DEFAULT 'setup',
    "settings" JSONB NOT NULL,
    "surface_from" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tenant_counters" (
    "tenant_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "value" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "tenant_counters_pkey" PRIMARY KEY ("tenant_id","name")
);

-- CreateTable
CREATE TABLE "tenant_policies" (
    "tenant_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "policy" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_policies_pkey" PRIMARY KEY ("tenant_id","version")
);

-- CreateTable
CREATE TABLE "mapping_versions" (
    "tenant_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "fields" JSONB NOT NULL,
    "options" JSONB NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "published_by" TEXT NOT NULL,

    CONSTRAINT "mapping_versions_pkey" PRIMARY KEY ("tenant_id","kind","version")
);

-- CreateTable
CREATE TABLE "sftp_users" (
    "tenant_id" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "label" TEXT,
    "can_read" TEXT NOT NULL DEFAULT 'all',
    "allowed_cidrs" TEXT[],
    "password_hash" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sftp_users_pkey" PRIMARY KEY ("tenant_id","username")
);

-- CreateTable
CREATE TABLE "sftp_keys" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "label" TEXT,
    "type" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sftp_keys_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "host_keys" (
    "type" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "host_keys_pkey" PRIMARY KEY ("type")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "form" TEXT NOT NULL DEFAULT 'key',
    "role" TEXT NOT NULL,
    "tenant_ids" TEXT[],
    "label" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "remote_address" TEXT,
    "detail" JSONB NOT NULL,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "files" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "drop" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "stem" TEXT NOT NULL,
    "ext" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "blob_key" TEXT,
    "sent_by" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "receive_seq" BIGINT NOT NULL,
    "modified_at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT,
    "sha256" TEXT,
    "classified_at" TIMESTAMPTZ(3),
    "classify_attempts" INTEGER NOT NULL DEFAULT 0,
    "media" JSONB,
    "fact_issues" JSONB NOT NULL DEFAULT '[]',
    "fact_warnings" JSONB NOT NULL DEFAULT '[]',
    "withdrawn_seq" BIGINT,
    "replay_seq" BIGINT,
    "state" TEXT NOT NULL DEFAULT 'received',
    "outcome_code" TEXT,
    "outcome_message" TEXT,
    "outcome_fix" TEXT,
    "outcome_at" TIMESTAMPTZ(3),
    "warnings" JSONB NOT NULL DEFAULT '[]',
    "call_key" TEXT,
    "judged_policy" INTEGER,
    "folder" TEXT NOT NULL DEFAULT 'data',
    "shown_name" TEXT NOT NULL,
    "purge_warned_at" TIMESTAMPTZ(3),
    "purged_at" TIMESTAMPTZ(3),

    CONSTRAINT "files_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "call_records" (
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "row" INTEGER NOT NULL DEFAULT 0,
    "stem" TEXT NOT NULL,
    "named_stem" TEXT,
    "raw" JSONB,
    "nested_paths" JSONB NOT NULL DEFAULT '[]',
    "at" TEXT NOT NULL DEFAULT '',
    "issues" JSONB NOT NULL DEFAULT '[]',
    "warnings" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "call_records_pkey" PRIMARY KEY ("tenant_id","file_id","row")
);

-- CreateTable
CREATE TABLE "file_steps" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "step" TEXT NOT NULL,
    "code" TEXT,
    "message" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "dedupe" TEXT NOT NULL,

    CONSTRAINT "file_steps_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "calls" (
    "tenant_id" TEXT NOT NULL,
    "call_key" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'empty',
    "call_id" BIGINT,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "recording_file_id" UUID,
    "record_file_id" UUID,
    "record_row" INTEGER,
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "direction" TEXT,
    "user_id" TEXT,
    "duration_seconds" DOUBLE PRECISION,
    "fields" JSONB NOT NULL DEFAULT '{}',
    "raw" JSONB NOT NULL DEFAULT '{}',
    "mapping_version" INTEGER,
    "warnings" JSONB NOT NULL DEFAULT '[]',
    "media" JSONB,
    "media_blob_key" TEXT,
    "evaluated" BOOLEAN NOT NULL DEFAULT false,
    "legal_hold" BOOLEAN NOT NULL DEFAULT false,
    "hold" JSONB,
    "held_since" TIMESTAMPTZ(3),
    "updates_until" TIMESTAMPTZ(3),
    "surfaced_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3),
    "change_seq" BIGINT,
    "due_at" TIMESTAMPTZ(3),
    "waits_for_seq" BIGINT,
    "search_text" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "calls_pkey" PRIMARY KEY ("tenant_id","call_key")
);

-- CreateTable
CREATE TABLE "call_revisions" (
    "tenant_id" TEXT NOT NULL,
    "call_key" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "file_id" UUID NOT NULL,
    "changed" JSONB NOT NULL,

    CONSTRAINT "call_revisions_pkey" PRIMARY KEY ("tenant_id","call_key","revision")
);

-- CreateTable
CREATE TABLE "outbox" (
    "tenant_id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "call_key" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),
    "leased_until" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("tenant_id","seq")
);

-- CreateIndex
CREATE UNIQUE INDEX "sftp_users_username_key" ON "sftp_users"("username");

-- CreateIndex
CREATE UNIQUE INDEX "sftp_keys_tenant_id_username_fingerprint_key" ON "sftp_keys"("tenant_id", "username", "fingerprint");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_digest_key" ON "api_keys"("digest");

-- CreateIndex
CREATE INDEX "audit_log_tenant_id_id_idx" ON "audit_log"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "files_tenant_id_stem_idx" ON "files"("tenant_id", "stem");

-- CreateIndex
CREATE INDEX "files_tenant_id_folder_shown_name_receive_seq_idx" ON "files"("tenant_id", "folder", "shown_name", "receive_seq");

-- CreateIndex
CREATE INDEX "files_tenant_id_name_receive_seq_idx" ON "files"("tenant_id", "name", "receive_seq");

-- CreateIndex
CREATE INDEX "files_classified_at_received_at_idx" ON "files"("classified_at", "received_at");

-- CreateIndex
CREATE INDEX "files_tenant_id_classified_at_idx" ON "files"("tenant_id", "classified_at");

-- CreateIndex
CREATE INDEX "files_purged_at_received_at_idx" ON "files"("purged_at", "received_at");

-- CreateIndex
CREATE INDEX "files_blob_key_idx" ON "files"("blob_key");

-- CreateIndex
CREATE UNIQUE INDEX "files_tenant_id_receive_seq_key" ON "files"("tenant_id", "receive_seq");

-- CreateIndex
CREATE INDEX "call_records_tenant_id_stem_idx" ON "call_records"("tenant_id", "stem");

-- CreateIndex
CREATE INDEX "call_records_tenant_id_named_stem_idx" ON "call_records"("tenant_id", "named_stem");

-- CreateIndex
CREATE UNIQUE INDEX "file_steps_tenant_id_file_id_dedupe_key" ON "file_steps"("tenant_id", "file_id", "dedupe");

-- CreateIndex
CREATE INDEX "calls_tenant_id_started_at_idx" ON "calls"("tenant_id", "started_at");

-- CreateIndex
CREATE INDEX "calls_tenant_id_status_idx" ON "calls"("tenant_id", "status");

-- CreateIndex
CREATE INDEX "calls_due_at_idx" ON "calls"("due_at");

-- CreateIndex
CREATE INDEX "calls_tenant_id_waits_for_seq_idx" ON "calls"("tenant_id", "waits_for_seq");

-- CreateIndex
CREATE INDEX "calls_media_blob_key_idx" ON "calls"("media_blob_key");

-- CreateIndex
CREATE INDEX "calls_fields_idx" ON "calls" USING GIN ("fields" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "calls_tenant_id_call_id_key" ON "calls"("tenant_id", "call_id");

-- CreateIndex
CREATE UNIQUE INDEX "calls_tenant_id_recording_file_id_key" ON "calls"("tenant_id", "recording_file_id");

-- CreateIndex
CREATE UNIQUE INDEX "calls_tenant_id_record_file_id_record_row_key" ON "calls"("tenant_id", "record_file_id", "record_row");

-- CreateIndex
CREATE UNIQUE INDEX "calls_tenant_id_change_seq_key" ON "calls"("tenant_id", "change_seq");

-- CreateIndex
CREATE INDEX "outbox_published_at_created_at_idx" ON "outbox"("published_at", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_tenant_id_call_key_revision_type_key" ON "outbox"("tenant_id", "call_key", "revision", "type");

-- AddForeignKey
ALTER TABLE "tenant_counters" ADD CONSTRAINT "tenant_counters_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_policies" ADD CONSTRAINT "tenant_policies_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mapping_versions" ADD CONSTRAINT "mapping_versions_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sftp_users" ADD CONSTRAINT "sftp_users_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sftp_keys" ADD CONSTRAINT "sftp_keys_tenant_id_username_fkey" FOREIGN KEY ("tenant_id", "username") REFERENCES "sftp_users"("tenant_id", "username") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "files" ADD CONSTRAINT "files_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "call_records" ADD CONSTRAINT "call_records_tenant_id_file_id_fkey" FOREIGN KEY ("tenant_id", "file_id") REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "file_steps" ADD CONSTRAINT "file_steps_tenant_id_file_id_fkey" FOREIGN KEY ("tenant_id", "file_id") REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "calls" ADD CONSTRAINT "calls_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "call_revisions" ADD CONSTRAINT "call_revisions_tenant_id_call_key_fkey" FOREIGN KEY ("tenant_id", "call_key") REFERENCES "calls"("tenant_id", "call_key") ON DELETE CASCADE ON UPDATE CASCADE;

-- Free text over calls.
CREATE INDEX "calls_search_idx" ON "calls" USING GIN (to_tsvector('simple', "search_text"));
