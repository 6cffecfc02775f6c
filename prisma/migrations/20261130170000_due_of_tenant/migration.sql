-- The sweep of due calls gives each tenant a share, so that it walks the due calls of one tenant and not of all.
CREATE INDEX "calls_due_of_tenant" ON "calls"("tenant_id", "due_at") WHERE "due_at" IS NOT NULL;
