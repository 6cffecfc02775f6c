-- CreateTable
CREATE TABLE "crm_objects" (
    "tenant_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "external_id" TEXT COLLATE "C" NOT NULL,
    "fields" JSON NOT NULL,
    "file_id" UUID NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "refs" JSONB,

    CONSTRAINT "crm_objects_pkey" PRIMARY KEY ("tenant_id","type","external_id")
);

-- CreateTable
CREATE TABLE "crm_imports" (
    "tenant_id" TEXT NOT NULL,
    "file_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "place" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "is_settled" BOOLEAN NOT NULL DEFAULT false,
    "report" JSONB NOT NULL DEFAULT '{}',
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "crm_imports_pkey" PRIMARY KEY ("tenant_id","file_id")
);

-- CreateTable
CREATE TABLE "crm_call_references" (
    "tenant_id" TEXT NOT NULL,
    "call_key" TEXT NOT NULL,
    "field" TEXT NOT NULL,
    "to_type" TEXT NOT NULL,
    "to_id" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "crm_call_references_pkey" PRIMARY KEY ("tenant_id","call_key","field")
);

-- CreateIndex
CREATE INDEX "crm_imports_is_settled_tenant_id_type_place_idx" ON "crm_imports"("is_settled", "tenant_id", "type", "place");

-- AddForeignKey
ALTER TABLE "crm_imports" ADD CONSTRAINT "crm_imports_tenant_id_file_id_fkey" FOREIGN KEY ("tenant_id", "file_id") REFERENCES "files"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "crm_call_references" ADD CONSTRAINT "crm_call_references_tenant_id_call_key_fkey" FOREIGN KEY ("tenant_id", "call_key") REFERENCES "calls"("tenant_id", "call_key") ON DELETE CASCADE ON UPDATE CASCADE;
