-- A shorter data retention deletes nothing before this instant, so that somebody can still undo it.
ALTER TABLE "tenants" ADD COLUMN "data_retention_from" TIMESTAMPTZ(3);
