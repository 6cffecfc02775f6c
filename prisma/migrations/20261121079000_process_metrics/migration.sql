-- CreateTable
-- Unlogged: rewritten every few seconds, and worth nothing after a crash.
CREATE UNLOGGED TABLE "process_metrics" (
    "process" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "metrics" JSONB NOT NULL,
    "written_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "process_metrics_pkey" PRIMARY KEY ("process")
);
