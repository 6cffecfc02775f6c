-- When a door took a file in that is older, such as an object of S3, whose received_at is its own time. Null where the
-- two are the same. A file that was found late is kept for a day from here, so that it is read before it is purged.
ALTER TABLE "files" ADD COLUMN "seen_at" TIMESTAMPTZ(3);

-- Where the bytes of a drop with real folders were last moved to. Null while they rest where they came: in data, under
-- their own name.
ALTER TABLE "files" ADD COLUMN "moved_folder" TEXT;
ALTER TABLE "files" ADD COLUMN "moved_name" TEXT;

-- The moves that are still to be made, and nothing else.
CREATE INDEX "files_to_move" ON "files"("tenant_id", "drop", "receive_seq")
  WHERE "drop" IN ('s3', 'folder') AND "purged_at" IS NULL
    AND ("folder" <> coalesce("moved_folder", 'data') OR "shown_name" <> coalesce("moved_name", "name"));
