-- The version of a recording that completed its call, where a later one has taken its place.
ALTER TABLE "calls" ADD COLUMN "first_recording_file_id" UUID;
