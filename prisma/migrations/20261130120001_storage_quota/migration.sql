-- Bytes that a tenant stores, for its quota: as last counted, and all that came since.
ALTER TABLE "tenant_counters" ADD COLUMN "bytes" BIGINT NOT NULL DEFAULT 0;

CREATE TABLE "tenant_storage" (
    "tenant_id" TEXT NOT NULL,
    "stored_bytes" BIGINT NOT NULL,
    "received_bytes" BIGINT NOT NULL,
    "counted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tenant_storage_pkey" PRIMARY KEY ("tenant_id")
);

ALTER TABLE "tenant_storage" ADD CONSTRAINT "tenant_storage_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
