-- The setting never had an effect: algorithms are agreed on before a client says who it is.
UPDATE "tenants" SET "settings" = "settings" - 'legacyAlgorithms' WHERE "settings" ? 'legacyAlgorithms';
