-- What analysis engines say of calls: the newest version of each call, deleted with it.
CREATE TABLE "call_analyses" (
    "tenant_id" TEXT NOT NULL,
    "call_key" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "analyzed_at" TIMESTAMPTZ(3) NOT NULL,
    "digest" TEXT NOT NULL,
    "body" JSON NOT NULL,
    "channel_map" JSONB NOT NULL,
    "warnings" JSONB NOT NULL,

    CONSTRAINT "call_analyses_pkey" PRIMARY KEY ("tenant_id","call_key")
);
ALTER TABLE "call_analyses" ADD CONSTRAINT "call_analyses_tenant_id_call_key_fkey"
  FOREIGN KEY ("tenant_id", "call_key") REFERENCES "calls"("tenant_id", "call_key") ON DELETE CASCADE ON UPDATE CASCADE;

-- One text index over fields and speech, so that a search finds words of both together and leaves out words of either.
-- 100,000 characters of each stay within the 1 MiB that a tsvector may hold.
DROP INDEX "calls_words";
ALTER TABLE "calls" DROP COLUMN "search",
  ADD COLUMN "analysis" JSONB,
  ADD COLUMN "spoken_text" TEXT NOT NULL DEFAULT '',
  ADD COLUMN "search" TSVECTOR GENERATED ALWAYS AS
    (to_tsvector('simple'::regconfig, left("search_text", 100000) || ' '::text || left("spoken_text", 100000))) STORED;
ALTER TABLE "calls" ALTER COLUMN "search" SET STATISTICS 1000;
CREATE INDEX "calls_words" ON "calls" USING GIN ("search") WHERE "call_id" IS NOT NULL;
