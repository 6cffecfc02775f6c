-- Where each page of a walk by page number ended, so that the next one begins there whatever was deleted meanwhile.
CREATE TABLE "export_walks" (
    "tenant_id" TEXT NOT NULL,
    "walk" TEXT NOT NULL,
    "page" INTEGER NOT NULL,
    "position" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "export_walks_pkey" PRIMARY KEY ("tenant_id", "walk", "page")
);
CREATE INDEX "export_walks_tenant_id_at_idx" ON "export_walks"("tenant_id", "at");
ALTER TABLE "export_walks" ADD CONSTRAINT "export_walks_tenant_id_fkey"
  FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
