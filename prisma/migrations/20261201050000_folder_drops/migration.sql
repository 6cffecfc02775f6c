-- Tenants whose files another program leaves in a folder. One process at a time scans a folder: `scanner` is the last one.
CREATE TABLE "folder_drops" (
    "tenant_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "placed_at" TIMESTAMPTZ(3),
    "scanner" UUID,
    "scanned_at" TIMESTAMPTZ(3),
    "report" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "folder_drops_pkey" PRIMARY KEY ("tenant_id")
);

ALTER TABLE "folder_drops" ADD CONSTRAINT "folder_drops_tenant_id_fkey"
  FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The outcome that the receipt in the folder states, by its time.
ALTER TABLE "files" ADD COLUMN "receipt_at" TIMESTAMPTZ(3);

-- Each holds only the rows that a scan has work with, and nothing of other drops.
CREATE INDEX "files_without_receipt" ON "files"("tenant_id", "receive_seq")
  WHERE "drop" = 'folder' AND "outcome_at" IS NOT NULL AND ("receipt_at" IS NULL OR "receipt_at" < "outcome_at");
CREATE INDEX "files_to_clear" ON "files"("tenant_id", "receive_seq")
  WHERE "drop" = 'folder' AND "purged_at" IS NOT NULL AND coalesce("moved_folder", 'data') <> 'cleared';
CREATE INDEX "files_resting_in_data" ON "files"("tenant_id", "receive_seq")
  WHERE "drop" = 'folder' AND "purged_at" IS NULL AND "withdrawn_seq" IS NULL
    AND coalesce("moved_folder", 'data') = 'data';
