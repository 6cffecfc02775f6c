-- Members of a bundle are files of their own, and each knows the archive that it came in.
ALTER TABLE "files" ADD COLUMN "bundle_id" UUID;

-- What the transcript of a bundle says, as long as its file is known.
CREATE TABLE "file_transcripts" (
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "segments" JSON NOT NULL,
    "spoken_text" TEXT NOT NULL,

    CONSTRAINT "file_transcripts_pkey" PRIMARY KEY ("tenant_id","file_id")
);
ALTER TABLE "file_transcripts" ADD CONSTRAINT "file_transcripts_tenant_id_file_id_fkey"
  FOREIGN KEY ("tenant_id", "file_id") REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
