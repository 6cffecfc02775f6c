-- A file refused at the door has no bytes. Without an issue among its facts it counted as a good recording, and a call
-- surfaced without media when its metadata came.
UPDATE "files"
   SET "fact_issues" = jsonb_build_array(
         jsonb_build_object('code', "outcome_code", 'message', "outcome_message", 'at', NULL)),
       "call_key" = coalesce("call_key", 'stem:' || "stem")
 WHERE "blob_key" IS NULL AND "drop" <> 'external' AND "state" = 'rejected' AND "fact_issues" = '[]';
