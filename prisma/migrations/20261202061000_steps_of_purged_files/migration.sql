-- The steps of a file are rows while it moves, and one value once it is purged: rows and their indexes were a third of what a
-- call took. Each step is an array: id, time, step, code, message, detail, and what names it for whoever removes it.
ALTER TABLE "files" ADD COLUMN "steps" JSONB;

-- Old entries of the audit are found by their time.
CREATE INDEX "audit_log_at_idx" ON "audit_log"("at");
