-- An index holds only rows that somebody looks for by it: a call's row is made empty for its lock and written again when
-- it is decided, a file's when it is read and at each outcome, and every time a row goes into all indexes that take it.
-- Prisma cannot say `WHERE` of an index, so these stand here only.
DROP INDEX "calls_due_at_idx";
CREATE INDEX "calls_due" ON "calls"("due_at") WHERE "due_at" IS NOT NULL;

DROP INDEX "calls_tenant_id_waits_for_seq_idx";
CREATE INDEX "calls_waiting" ON "calls"("tenant_id", "waits_for_seq") WHERE "waits_for_seq" IS NOT NULL;

DROP INDEX "calls_media_blob_key_idx";
CREATE INDEX "calls_media" ON "calls"("media_blob_key") WHERE "media_blob_key" IS NOT NULL;

DROP INDEX "calls_tenant_id_call_id_key";
CREATE UNIQUE INDEX "calls_one_per_id" ON "calls"("tenant_id", "call_id") WHERE "call_id" IS NOT NULL;

DROP INDEX "calls_tenant_id_change_seq_key";
CREATE UNIQUE INDEX "calls_one_per_change" ON "calls"("tenant_id", "change_seq") WHERE "change_seq" IS NOT NULL;

-- The second net against surfacing twice.
DROP INDEX "calls_tenant_id_recording_file_id_key";
CREATE UNIQUE INDEX "calls_one_per_recording" ON "calls"("tenant_id", "recording_file_id") WHERE "recording_file_id" IS NOT NULL;

DROP INDEX "calls_tenant_id_record_file_id_record_row_key";
CREATE UNIQUE INDEX "calls_one_per_record" ON "calls"("tenant_id", "record_file_id", "record_row") WHERE "record_file_id" IS NOT NULL;

DROP INDEX "files_classified_at_received_at_idx";
CREATE INDEX "files_unread" ON "files"("received_at") WHERE "classified_at" IS NULL;

DROP INDEX "files_tenant_id_classified_at_idx";
CREATE INDEX "files_unread_of_tenant" ON "files"("tenant_id", "receive_seq") WHERE "classified_at" IS NULL;

-- How many rows of a batch stand how is told by each receipt, also in listings of them: counted in a few megabytes of
-- repeated codes instead of in the rows.
CREATE INDEX "call_records_batch_codes" ON "call_records"("tenant_id", "file_id", "outcome_code") WHERE "is_batch_row";
