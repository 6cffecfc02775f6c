-- CreateTable
CREATE TABLE "call_replays" (
    "tenant_id" TEXT NOT NULL,
    "call_key" TEXT NOT NULL,
    "policy_version" INTEGER NOT NULL,
    "seq" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "call_replays_pkey" PRIMARY KEY ("tenant_id","call_key","policy_version")
);

-- AddForeignKey
ALTER TABLE "call_replays" ADD CONSTRAINT "call_replays_tenant_id_call_key_fkey" FOREIGN KEY ("tenant_id", "call_key") REFERENCES "calls"("tenant_id", "call_key") ON DELETE CASCADE ON UPDATE CASCADE;
