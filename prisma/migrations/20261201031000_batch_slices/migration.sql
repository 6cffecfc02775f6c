-- Several processes advance one batch: each claims the next rows as a slice, for as long as its lease says.
ALTER TABLE "batches" RENAME COLUMN "advanced_row" TO "claimed_row";
CREATE TABLE "batch_slices" (
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "after_row" INTEGER NOT NULL,
    "last_row" INTEGER NOT NULL,
    "leased_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "batch_slices_pkey" PRIMARY KEY ("tenant_id", "file_id", "after_row")
);
ALTER TABLE "batch_slices" ADD CONSTRAINT "batch_slices_tenant_id_file_id_fkey"
  FOREIGN KEY ("tenant_id", "file_id") REFERENCES "batches"("tenant_id", "file_id") ON DELETE CASCADE ON UPDATE CASCADE;
