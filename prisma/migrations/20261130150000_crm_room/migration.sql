-- Room in each page for the next version of some of its objects: a CRM file that changes a tenth of them then leaves the
-- index as it is, and the next reader of the page frees the old versions.
ALTER TABLE "crm_objects" SET (fillfactor = 90);
