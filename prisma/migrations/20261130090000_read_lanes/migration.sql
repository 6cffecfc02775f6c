-- How a file is read: in a group with others, or alone, and when next where its reading failed.
ALTER TABLE "files" ADD COLUMN "reads_alone" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN "read_again_at" TIMESTAMPTZ(3);

UPDATE "files" SET "reads_alone" = true
 WHERE "classified_at" IS NULL AND ("ext" = 'csv' OR "size_bytes" > 16777216 OR "classify_attempts" > 0);

-- What nobody has read yet, as each of those who ask for it looks for it: none of them walks what others wait for.
DROP INDEX "files_unread_of_tenant";
CREATE INDEX "files_unread_group" ON "files"("tenant_id", (coalesce("replay_seq", "receive_seq")))
 WHERE "classified_at" IS NULL AND "blob_key" IS NOT NULL AND "purged_at" IS NULL AND NOT "reads_alone";
CREATE INDEX "files_unread_alone" ON "files"("tenant_id", (coalesce("replay_seq", "receive_seq")))
 WHERE "classified_at" IS NULL AND "blob_key" IS NOT NULL AND "purged_at" IS NULL AND "reads_alone";
CREATE INDEX "files_unread_sidecars" ON "files"("tenant_id", (coalesce("replay_seq", "receive_seq")))
 WHERE "classified_at" IS NULL AND "state" = 'received' AND "blob_key" IS NOT NULL AND "purged_at" IS NULL
   AND "ext" IN ('json', 'xml', 'csv', 'yml', 'yaml');
