-- AlterTable
ALTER TABLE "call_records" ADD COLUMN     "linked_match" UUID;

-- CreateTable
CREATE TABLE "external_recordings" (
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "fields" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "shared" JSONB NOT NULL DEFAULT '{}',
    "policy_version" INTEGER,
    "due_at" TIMESTAMPTZ(3),
    "ambiguous_matches" UUID[],

    CONSTRAINT "external_recordings_pkey" PRIMARY KEY ("tenant_id","file_id")
);

-- CreateTable
CREATE TABLE "linkage_records" (
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "row" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "shared" JSONB NOT NULL DEFAULT '{}',
    "policy_version" INTEGER,
    "due_at" TIMESTAMPTZ(3),
    "ambiguous_matches" UUID[],

    CONSTRAINT "linkage_records_pkey" PRIMARY KEY ("tenant_id","file_id","row")
);

-- CreateTable
CREATE TABLE "matches" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "record_file_id" UUID NOT NULL,
    "record_row" INTEGER NOT NULL,
    "recording_file_id" UUID NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,
    "contributions" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'proposed',
    "is_ambiguous" BOOLEAN NOT NULL DEFAULT false,
    "proposed_at" TIMESTAMPTZ(3) NOT NULL,
    "decided_at" TIMESTAMPTZ(3),
    "decided_by" TEXT,

    CONSTRAINT "matches_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE INDEX "external_recordings_tenant_id_started_at_idx" ON "external_recordings"("tenant_id", "started_at");

-- CreateIndex
CREATE INDEX "external_recordings_tenant_id_updated_at_idx" ON "external_recordings"("tenant_id", "updated_at");

-- CreateIndex
CREATE INDEX "external_recordings_due_at_idx" ON "external_recordings"("due_at");

-- CreateIndex
CREATE INDEX "external_recordings_policy_version_due_at_idx" ON "external_recordings"("policy_version", "due_at");

-- CreateIndex
CREATE INDEX "external_recordings_tenant_id_policy_version_due_at_idx" ON "external_recordings"("tenant_id", "policy_version", "due_at");

-- CreateIndex
CREATE UNIQUE INDEX "external_recordings_tenant_id_source_external_id_key" ON "external_recordings"("tenant_id", "source", "external_id");

-- CreateIndex
CREATE INDEX "linkage_records_tenant_id_started_at_idx" ON "linkage_records"("tenant_id", "started_at");

-- CreateIndex
CREATE INDEX "linkage_records_due_at_idx" ON "linkage_records"("due_at");

-- CreateIndex
CREATE INDEX "linkage_records_policy_version_due_at_idx" ON "linkage_records"("policy_version", "due_at");

-- CreateIndex
CREATE INDEX "linkage_records_tenant_id_policy_version_due_at_idx" ON "linkage_records"("tenant_id", "policy_version", "due_at");

-- CreateIndex
CREATE INDEX "matches_tenant_id_recording_file_id_idx" ON "matches"("tenant_id", "recording_file_id");

-- CreateIndex
CREATE INDEX "matches_tenant_id_state_proposed_at_id_idx" ON "matches"("tenant_id", "state", "proposed_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "matches_tenant_id_record_file_id_record_row_recording_file__key" ON "matches"("tenant_id", "record_file_id", "record_row", "recording_file_id");

-- AddForeignKey
ALTER TABLE "external_recordings" ADD CONSTRAINT "external_recordings_tenant_id_file_id_fkey" FOREIGN KEY ("tenant_id", "file_id") REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "linkage_records" ADD CONSTRAINT "linkage_records_tenant_id_file_id_row_fkey" FOREIGN KEY ("tenant_id", "file_id", "row") REFERENCES "call_records"("tenant_id", "file_id", "row") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "matches" ADD CONSTRAINT "matches_tenant_id_record_file_id_fkey" FOREIGN KEY ("tenant_id", "record_file_id") REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "matches" ADD CONSTRAINT "matches_tenant_id_recording_file_id_fkey" FOREIGN KEY ("tenant_id", "recording_file_id") REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Tenants made before get the default limits. Nothing else is read otherwise by their policies.
UPDATE "tenants" SET "settings" = "settings" || '{"linkage":{"threshold":5,"margin":4}}' WHERE NOT "settings" ? 'linkage';
UPDATE "tenant_policies" SET "policy" = jsonb_set("policy", '{settings,linkage}', '{"threshold":5,"margin":4}')
 WHERE NOT "policy" -> 'settings' ? 'linkage';
