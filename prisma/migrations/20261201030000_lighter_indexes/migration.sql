-- A call's row is made when it is locked for the first time and filled when it is decided. Only what is decided enters these.
DROP INDEX "calls_search_idx";
CREATE INDEX "calls_words" ON "calls" USING GIN ("search") WHERE "call_id" IS NOT NULL;
DROP INDEX "calls_fields_idx";
CREATE INDEX "calls_fields" ON "calls" USING GIN ("fields" jsonb_path_ops) WHERE "call_id" IS NOT NULL;
DROP INDEX "calls_tenant_id_started_at_call_id_idx";
CREATE INDEX "calls_started" ON "calls"("tenant_id", "started_at", "call_id") WHERE "started_at" IS NOT NULL OR "call_id" IS NOT NULL;
DROP INDEX "calls_tenant_id_user_id_started_at_call_id_idx";
CREATE INDEX "calls_of_users" ON "calls"("tenant_id", "user_id", "started_at", "call_id") WHERE "user_id" IS NOT NULL;
DROP INDEX "calls_tenant_id_status_evaluated_legal_hold_started_at_idx";
CREATE INDEX "calls_by_status" ON "calls"("tenant_id", "status", "evaluated", "legal_hold", "started_at") WHERE "status" <> 'empty';

-- Most records name the recording whose name they bear: those are found by it.
DROP INDEX "call_records_tenant_id_named_stem_idx";
CREATE INDEX "call_records_naming_others" ON "call_records"("tenant_id", "named_stem") WHERE "named_stem" <> "stem";
