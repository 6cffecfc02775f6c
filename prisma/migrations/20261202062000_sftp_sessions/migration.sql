-- Sessions of all nodes, so that a tenant has so many in all and not on each. Unlogged: every node writes its own anew while they live.
CREATE UNLOGGED TABLE "sftp_sessions" (
    "tenant_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sftp_sessions_pkey" PRIMARY KEY ("tenant_id","id")
);
CREATE INDEX "sftp_sessions_seen_at_idx" ON "sftp_sessions"("seen_at");
ALTER TABLE "sftp_sessions" ADD CONSTRAINT "sftp_sessions_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
