-- Receipts are listed by name, for 30 days. In an index of names alone, a page passed over all older versions, which a tenant
-- has ever more of: of 1,000,000 files, nine of ten old, the first page took over a second. By day, older ones are not read.
-- (The included column lets a page be read in the index alone.)
CREATE INDEX "files_of_days" ON "files"("tenant_id", (("received_at" AT TIME ZONE 'UTC')::date), "name", "receive_seq") INCLUDE ("received_at") WHERE "drop" = 'sftp';

-- What is left to it is one name at a time.
DROP INDEX "files_tenant_id_name_receive_seq_drop_received_at_idx";
CREATE INDEX "files_tenant_id_name_receive_seq_drop_idx" ON "files"("tenant_id", "name", "receive_seq", "drop");
