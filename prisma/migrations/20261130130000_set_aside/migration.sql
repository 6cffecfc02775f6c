-- How often a file was read again that we failed to read, and the few files that wait for that.
ALTER TABLE "files" ADD COLUMN "rereads" INTEGER NOT NULL DEFAULT 0;

CREATE INDEX "files_set_aside" ON "files"("tenant_id", "read_again_at")
 WHERE "state" = 'held' AND "outcome_code" IN ('UNREADABLE', 'BYTES_MISSING') AND "purged_at" IS NULL;
