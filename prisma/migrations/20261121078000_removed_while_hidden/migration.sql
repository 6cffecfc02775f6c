-- A file may be removed until its call is visible, not only until it is complete.
ALTER TABLE "files" ADD COLUMN "withdrawn_hidden" BOOLEAN NOT NULL DEFAULT false;
