-- A folder of the drop is listed in the order of its names. Purged files are most of a tenant's history, and show nowhere.
DROP INDEX "files_tenant_id_folder_shown_name_receive_seq_idx";
CREATE INDEX "files_shown" ON "files"("tenant_id", "folder", "shown_name", "receive_seq") WHERE "purged_at" IS NULL;

-- Receipts are listed by name and version, for 30 days: older versions are counted and passed over in the index alone.
DROP INDEX "files_tenant_id_name_receive_seq_idx";
CREATE INDEX "files_tenant_id_name_receive_seq_drop_received_at_idx" ON "files"("tenant_id", "name", "receive_seq", "drop", "received_at");
