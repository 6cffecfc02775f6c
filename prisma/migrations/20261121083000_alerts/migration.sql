-- Alerts, their digests and deliveries, and the daily reconciliation.
-- CreateTable
CREATE TABLE "alerts" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "fix" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "examples" JSONB NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),
    "is_open" BOOLEAN DEFAULT true,
    "is_open_told" BOOLEAN NOT NULL DEFAULT false,
    "is_untold" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "alerts_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "alert_digests" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "digest" JSONB NOT NULL,

    CONSTRAINT "alert_digests_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "alert_deliveries" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "digest_id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "code" TEXT,
    "message" TEXT,

    CONSTRAINT "alert_deliveries_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "alert_secrets" (
    "tenant_id" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "alert_secrets_pkey" PRIMARY KEY ("tenant_id")
);

-- CreateTable
CREATE TABLE "daily_reconciliations" (
    "tenant_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "time_zone" TEXT NOT NULL,
    "counts" JSONB NOT NULL,
    "unaccounted" INTEGER NOT NULL,
    "examples" JSONB NOT NULL,
    "stored_at" TIMESTAMPTZ(3) NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "daily_reconciliations_pkey" PRIMARY KEY ("tenant_id","day")
);

-- CreateIndex
CREATE INDEX "alerts_tenant_id_opened_at_id_idx" ON "alerts"("tenant_id", "opened_at", "id");

-- CreateIndex
CREATE INDEX "alerts_is_open_kind_idx" ON "alerts"("is_open", "kind");

-- CreateIndex
CREATE INDEX "alerts_is_untold_tenant_id_idx" ON "alerts"("is_untold", "tenant_id");

-- CreateIndex
CREATE INDEX "alerts_resolved_at_idx" ON "alerts"("resolved_at");

-- CreateIndex
CREATE UNIQUE INDEX "alerts_tenant_id_kind_subject_is_open_key" ON "alerts"("tenant_id", "kind", "subject", "is_open");

-- CreateIndex
CREATE INDEX "alert_digests_tenant_id_at_idx" ON "alert_digests"("tenant_id", "at");

-- CreateIndex
CREATE INDEX "alert_digests_at_idx" ON "alert_digests"("at");

-- CreateIndex
CREATE INDEX "alert_deliveries_tenant_id_created_at_id_idx" ON "alert_deliveries"("tenant_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "alert_deliveries_due_at_idx" ON "alert_deliveries"("due_at");

-- CreateIndex
CREATE UNIQUE INDEX "alert_deliveries_tenant_id_digest_id_channel_target_key" ON "alert_deliveries"("tenant_id", "digest_id", "channel", "target");

-- CreateIndex
CREATE INDEX "files_tenant_id_state_received_at_idx" ON "files"("tenant_id", "state", "received_at");

-- AddForeignKey
ALTER TABLE "alerts" ADD CONSTRAINT "alerts_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "alert_digests" ADD CONSTRAINT "alert_digests_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "alert_deliveries" ADD CONSTRAINT "alert_deliveries_tenant_id_digest_id_fkey" FOREIGN KEY ("tenant_id", "digest_id") REFERENCES "alert_digests"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "alert_secrets" ADD CONSTRAINT "alert_secrets_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "daily_reconciliations" ADD CONSTRAINT "daily_reconciliations_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
