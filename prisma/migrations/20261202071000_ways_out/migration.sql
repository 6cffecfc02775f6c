CREATE TABLE "webhooks" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "label" TEXT,
    "url" TEXT NOT NULL,
    "events" TEXT[] NOT NULL,
    "state" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "old_sealed" TEXT,
    "old_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "failing_since" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_attempt_at" TIMESTAMPTZ(3),
    "last_delivered_at" TIMESTAMPTZ(3),
    "last_code" TEXT,
    "last_message" TEXT,
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("tenant_id","id")
);

CREATE TABLE "webhook_deliveries" (
    "tenant_id" TEXT NOT NULL,
    "webhook_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "is_replay" BOOLEAN NOT NULL,
    "event_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "first_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "last_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "status" INTEGER,
    "code" TEXT,
    "message" TEXT,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("tenant_id","webhook_id","seq","is_replay")
);

CREATE INDEX "webhook_deliveries_tenant_id_webhook_id_last_attempt_at_seq_idx" ON "webhook_deliveries"("tenant_id", "webhook_id", "last_attempt_at", "seq");

ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_tenant_id_webhook_id_fkey" FOREIGN KEY ("tenant_id", "webhook_id") REFERENCES "webhooks"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE "feeds" (
    "tenant_id" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "sealed" TEXT,
    "state" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "failing_since" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_attempt_at" TIMESTAMPTZ(3),
    "last_sent_at" TIMESTAMPTZ(3),
    "last_code" TEXT,
    "last_message" TEXT,
    "sent" BIGINT NOT NULL DEFAULT 0,
    "reduced" BIGINT NOT NULL DEFAULT 0,
    "reduced_at" TIMESTAMPTZ(3),
    "reduced_example" TEXT,

    CONSTRAINT "feeds_pkey" PRIMARY KEY ("tenant_id")
);

ALTER TABLE "feeds" ADD CONSTRAINT "feeds_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
