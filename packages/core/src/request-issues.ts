/**
 * What is wrong at one place of a request; the issue's own sentence says what exactly. Codes of other tables come here
 * too, where a mapping, a sample or a webhook is at fault. docs/errors.md holds a row for each.
 */
export const REQUEST_ISSUE_TABLE = {
  REQUIRED: 'Required field missing.',
  UNKNOWN_FIELD: 'Unknown field. Check the spelling.',
  TYPE_INVALID: 'Wrong JSON type.',
  FORMAT_INVALID: 'Wrong format.',
  CHANNEL_INVALID: 'A channel of an analysis is neither 1 (agent) nor 2 (customer).',
  TIMES_INVALID: 'A time of an analysis is negative, in the wrong order, or cannot be read.',
  RATIO_INVALID: 'A ratio of an analysis is outside 0 to 100.',
  EXTERNAL_ID_OTHER: 'The external id is that of another call.',
  KEY_TWICE: 'The same key is there twice, once with spaces around it.',
  VALUE_NOT_ALLOWED: 'Value not allowed.',
  OUT_OF_RANGE: 'Value too small, too large, too short or too long.',
  KEY_INVALID: 'The name of a field cannot be used.',
  TEXT_INVALID: 'The text contains characters that cannot be stored.',
  INVALID: 'The value cannot be used.',
  JSON_INVALID: 'The body is not JSON.',
  UTF8_INVALID: 'The body is not UTF-8.',
  CURSOR_INVALID: 'The cursor does not belong to this list.',
  TIME_ZONE_UNKNOWN: 'Unknown IANA time zone.',
  PUBLIC_KEY_INVALID: 'Not a public key of a supported type.',
  MAPPING_INVALID: 'The field mapping cannot be used.',
  PATTERN_INVALID: 'The pattern cannot be used: it must be a regular expression without backtracking.',
  TYPE_MISMATCH: 'The value does not match the type of the searched field.',
} as const satisfies Record<string, string>;
