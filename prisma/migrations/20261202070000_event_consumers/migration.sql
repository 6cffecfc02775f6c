-- An analysis of one revision may come again, as may a rejection of one file: such events take their own sequence here. Of
-- all others one type happens to a revision once, with 0.
ALTER TABLE "outbox" ADD COLUMN "nth" BIGINT NOT NULL DEFAULT 0;
DROP INDEX "outbox_tenant_id_call_key_revision_type_key";
CREATE UNIQUE INDEX "outbox_tenant_id_call_key_revision_type_nth_key" ON "outbox"("tenant_id", "call_key", "revision", "type", "nth");

-- When a consumer that failed tries again, and the span of events that it sends a second time.
ALTER TABLE "event_cursors"
    ADD COLUMN "due_at" TIMESTAMPTZ(3),
    ADD COLUMN "replay_seq" BIGINT,
    ADD COLUMN "replay_until" BIGINT;
