-- Free text is indexed as a column of its own: a plan that filters rows need not parse every text again. Longer texts
-- could be over the 1 MiB that a tsvector may hold, and would keep their call from being written at all.
DROP INDEX "calls_search_idx";
ALTER TABLE "calls" ADD COLUMN "search" TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, left("search_text", 100000))) STORED;
CREATE INDEX "calls_search_idx" ON "calls" USING GIN ("search");

-- Every order in which calls are listed is an index: a page reads no more rows than it shows.
DROP INDEX "calls_tenant_id_started_at_idx";
CREATE INDEX "calls_tenant_id_started_at_call_id_idx" ON "calls"("tenant_id", "started_at", "call_id");
CREATE INDEX "calls_tenant_id_user_id_started_at_call_id_idx" ON "calls"("tenant_id", "user_id", "started_at", "call_id");

-- How often a value or a word occurs decides between these plans, so more of them are counted than by default.
ALTER TABLE "calls" ALTER COLUMN "fields" SET STATISTICS 1000;
ALTER TABLE "calls" ALTER COLUMN "search" SET STATISTICS 1000;

-- What a data retention removes, by status, class and age, legal holds left out.
DROP INDEX "calls_tenant_id_status_idx";
CREATE INDEX "calls_tenant_id_status_evaluated_legal_hold_started_at_idx" ON "calls"("tenant_id", "status", "evaluated", "legal_hold", "started_at");

-- What is left of a deleted call: no value of the customer's, and a keyed digest that only the product can compare.
CREATE TABLE "deleted_calls" (
    "tenant_id" TEXT NOT NULL,
    "key_digest" TEXT NOT NULL,
    "call_id" BIGINT,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL,
    "reason" TEXT NOT NULL,
    "policy" JSONB NOT NULL,
    "change_seq" BIGINT,

    CONSTRAINT "deleted_calls_pkey" PRIMARY KEY ("tenant_id","key_digest")
);
CREATE UNIQUE INDEX "deleted_calls_tenant_id_call_id_key" ON "deleted_calls"("tenant_id", "call_id");
CREATE UNIQUE INDEX "deleted_calls_tenant_id_change_seq_key" ON "deleted_calls"("tenant_id", "change_seq");
ALTER TABLE "deleted_calls" ADD CONSTRAINT "deleted_calls_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
