-- A batch holds one call's metadata in each row, and every row has its own outcome.
ALTER TABLE "call_records"
  ADD COLUMN "is_batch_row" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "line" INTEGER,
  ADD COLUMN "placed_seq" BIGINT,
  ADD COLUMN "state" TEXT,
  ADD COLUMN "outcome_code" TEXT,
  ADD COLUMN "outcome_message" TEXT,
  ADD COLUMN "outcome_at" TIMESTAMPTZ(3),
  ADD COLUMN "judged_policy" INTEGER;

-- The rows that a sweep may have to end, which are few among all.
CREATE INDEX "call_records_open_rows" ON "call_records"("tenant_id", "file_id", "row")
  WHERE "is_batch_row" AND "state" IN ('received', 'held');

CREATE TABLE "batches" (
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "row_count" INTEGER NOT NULL,
    "advanced_row" INTEGER NOT NULL DEFAULT 0,
    "advanced_at" TIMESTAMPTZ(3),

    CONSTRAINT "batches_pkey" PRIMARY KEY ("tenant_id", "file_id"),
    CONSTRAINT "batches_tenant_id_file_id_fkey" FOREIGN KEY ("tenant_id", "file_id")
      REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "batches_advanced_at_idx" ON "batches"("advanced_at");
