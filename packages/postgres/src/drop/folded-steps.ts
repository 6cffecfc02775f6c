/**
 * Steps of purged files rest in `files.steps`, each as an array: id, time, step, code, message, detail, dedupe. The last is
 * kept only of steps that somebody removes by it.
 */
const REMOVABLE = 'linked %';

/** The steps of a group of rows as one value, in their order. */
export const foldedStepsSql = (of: string): string =>
  `jsonb_agg(jsonb_build_array(${of}.id, ${of}.at, ${of}.step, ${of}.code, ${of}.message, ${of}.detail,
     CASE WHEN ${of}.dedupe LIKE '${REMOVABLE}' THEN ${of}.dedupe END) ORDER BY ${of}.at, ${of}.id)`;

/** All steps of the file $2 of the tenant $1, whichever way they rest. */
export const STEPS_OF_FILE = `(
  SELECT id, at, step, code, message, detail FROM file_steps WHERE tenant_id = $1 AND file_id = $2
  UNION ALL
  SELECT (s ->> 0)::bigint, (s ->> 1)::timestamptz, s ->> 2, s ->> 3, s ->> 4, s -> 5
    FROM files f, jsonb_array_elements(f.steps) AS s WHERE f.tenant_id = $1 AND f.id = $2)`;

/** `files.steps` without those of some dedupes. */
export const withoutStepsSql = (steps: string, dedupes: string): string =>
  `(SELECT coalesce(jsonb_agg(s ORDER BY n), '[]') FROM jsonb_array_elements(${steps}) WITH ORDINALITY AS kept(s, n)
     WHERE coalesce(s ->> 6, '') <> ALL (${dedupes}))`;
