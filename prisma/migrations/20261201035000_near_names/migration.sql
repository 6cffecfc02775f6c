-- A page of holds reads the holds that it shows, in their order.
CREATE INDEX "calls_held" ON "calls"("tenant_id", ("hold" ->> 'waitingFor'), "held_since", "call_key")
  WHERE "status" IN ('held', 'ready') AND "hold" IS NOT NULL;

-- Of a hold only the waiting files with the nearest names are compared, by their letters from the beginning and from the end.
-- The semicolon is escaped: tools split a script at it.
CREATE INDEX "files_waiting_forward" ON "files"("tenant_id", "outcome_code",
    (translate(lower("stem" COLLATE "C"), E' !"#$%&''()*+,-./:\x3b<=>?@[]^_`{|}~', '')), "receive_seq")
  WHERE "state" = 'held' AND "outcome_code" IN ('NO_METADATA', 'NO_RECORDING') AND "purged_at" IS NULL;
CREATE INDEX "files_waiting_backward" ON "files"("tenant_id", "outcome_code",
    (reverse(translate(lower("stem" COLLATE "C"), E' !"#$%&''()*+,-./:\x3b<=>?@[]^_`{|}~', ''))), "receive_seq")
  WHERE "state" = 'held' AND "outcome_code" IN ('NO_METADATA', 'NO_RECORDING') AND "purged_at" IS NULL;
