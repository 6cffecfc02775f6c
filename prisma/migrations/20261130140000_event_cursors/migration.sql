-- Each consumer keeps one leased cursor for each tenant, in place of marks on the events: an event is written once and
-- never again. Nothing ever set the two columns.
ALTER TABLE "outbox" DROP COLUMN "published_at", DROP COLUMN "leased_until";
CREATE INDEX "outbox_created_at_idx" ON "outbox"("created_at");

-- NULL in events of releases before this one: readers then ask the call.
ALTER TABLE "outbox" ADD COLUMN "call_id" BIGINT;

CREATE TABLE "event_cursors" (
    "tenant_id" TEXT NOT NULL,
    "consumer" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "missed" BIGINT NOT NULL DEFAULT 0,
    "lease_id" UUID,
    "lease_owner" TEXT,
    "leased_until" TIMESTAMPTZ(3),
    "served_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "event_cursors_pkey" PRIMARY KEY ("tenant_id","consumer")
);

CREATE INDEX "event_cursors_consumer_served_at_idx" ON "event_cursors"("consumer", "served_at");

ALTER TABLE "event_cursors" ADD CONSTRAINT "event_cursors_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
