import { expect, test } from 'vitest';
import {
  ALERT_TABLE,
  DELIVERY_TABLE,
  ERROR_TABLE,
  FEED_TABLE,
  OUTCOME_TABLE,
  READINESS_TABLE,
  REQUEST_ISSUE_TABLE,
  SAMPLE_ISSUE_TABLE,
  WARNING_TABLE,
} from '../src/index.ts';

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** docs/errors.md as the tables have it; `vitest -u` writes it. */
function errorsDoc(): string {
  const outcomes = Object.entries(OUTCOME_TABLE).map(([code, row]) => [
    `\`${code}\``,
    row.state,
    row.sentence,
    row.fix,
  ]);
  const warnings = Object.entries(WARNING_TABLE).map(([code, sentence]) => [`\`${code}\``, sentence]);
  const samples = Object.entries(SAMPLE_ISSUE_TABLE).map(([code, row]) => [
    `\`${code}\``,
    row.sentence,
    row.fix,
  ]);
  const issues = Object.entries(REQUEST_ISSUE_TABLE).map(([code, sentence]) => [`\`${code}\``, sentence]);
  const errors = Object.entries(ERROR_TABLE).map(([code, row]) => [
    `\`${code}\``,
    String(row.status),
    row.sentence,
    row.fix,
    row.retryable ? 'yes' : 'no',
  ]);
  const alerts = Object.entries(ALERT_TABLE).map(([kind, row]) => [`\`${kind}\``, row.sentence, row.fix]);
  const deliveries = Object.entries(DELIVERY_TABLE).map(([code, row]) => [
    `\`${code}\``,
    row.sentence,
    row.fix,
    row.isRetryable ? 'yes' : 'no',
  ]);
  const feed = Object.entries(FEED_TABLE).map(([code, row]) => [`\`${code}\``, row.sentence, row.fix]);
  const readiness = Object.entries(READINESS_TABLE).map(([code, row]) => [
    `\`${code}\``,
    row.meaning,
    row.fix,
    row.required ? 'yes' : 'no',
  ]);
  return `# Codes

Every code has one sentence and one fix. This page is made from the tables in \`packages/core/src\`; a test keeps it true.

## What became of a file
Seen in the files API, in explanations and in \`/receipts/<name>.json\`. A held file still waits. In the other states its
story has ended, but for this: a file that ended only because of one that still waits (\`DUPLICATE\`, \`UNCHANGED\`,
\`DUPLICATE_METADATA\`, \`SUPERSEDED\`, \`MEDIA_IMMUTABLE\`) stands again when that one is purged or no longer fits a new field
mapping; the next update turns \`UPDATED\` into \`SUPERSEDED\`; and a rejected file can be replayed. What a visible call was
made of never changes.

${table(['code', 'state', 'what it means', 'what to do'], outcomes)}

## Warnings
The file or call was accepted all the same.

${table(['code', 'what it means'], warnings)}

## Alerts
Seen in \`GET …/alerts\`, in digests by e-mail and in webhooks. Each is open while its reason lasts, and refuses nothing.

${table(['kind', 'what it means', 'what to do'], alerts)}

## Deliveries of alerts
Seen in \`GET …/alerts/deliveries\`. What may succeed later is tried twelve times, with growing pauses.

${table(['code', 'what it means', 'what to do', 'try again'], deliveries)}

## The Kafka feed
Seen in \`GET …/feed/status\` and \`POST …/feed/test\`. The feed tries again by itself, every minute in the end, and never gives up.

${table(['code', 'what it means', 'what to do'], feed)}

## Readiness
Seen in \`GET …/readiness\`, with how many and which. Nobody should go live before what is required is fixed.

${table(['code', 'what it means', 'what to do', 'required'], readiness)}

## Samples and set-up files
What a sample leaves for a person to decide, and what is wrong with a set-up file, at the field or line it is about.

${table(['code', 'what it means', 'what to do'], samples)}

## Answers of the API
Problem documents (RFC 9457) carry the code; \`issues\` names each field.

${table(['code', 'status', 'what it means', 'what to do', 'try again'], errors)}

## Issues of a request
In \`issues\` of a problem document; \`at\` names the field. Correct it and send the request again. A file that was sent as a
body may also be told the codes of the tables above.

${table(['code', 'what it means'], issues)}
`;
}

test('docs/errors.md has one row for every code, and no other', async () => {
  await expect(errorsDoc()).toMatchFileSnapshot('../../../docs/errors.md');
});

test('every published code is in the tables, in its state', () => {
  const published = {
    done: 'SURFACED UPDATED UNCHANGED DUPLICATE CRM_IMPORTED BATCH_DONE BUNDLE_DONE TRANSCRIPT_READ SUPERSEDED IGNORED_BY_RULE',
    held: 'NO_METADATA NO_RECORDING MISSING_REQUIRED CRM_PENDING TRUNCATED_MEDIA AMBIGUOUS_STEM AMBIGUOUS_MATCH PAIR_CONFLICT NO_TRIGGER NO_BUNDLE READY UNREADABLE BYTES_MISSING',
    rejected:
      'METADATA_INVALID UNSUPPORTED_TYPE TOO_LARGE NAME_INVALID OBJECT_UNREADABLE INVALID_TIMESTAMP EMPTY_UID EMPTY_MEDIA NOT_MEDIA MEDIA_IMMUTABLE DUPLICATE_METADATA DUPLICATE_HEADER SCHEMA_DRIFT NESTED_VALUE ROW_TOO_LARGE CONFLICTING_ROWS BUNDLE_INVALID BATCH_INCOMPLETE LATE_UPDATE PURGED_UNPAIRED CALL_DELETED',
    withdrawn: 'WITHDRAWN',
  };
  for (const [state, codes] of Object.entries(published)) {
    const found = Object.entries(OUTCOME_TABLE).flatMap(([code, row]) => (row.state === state ? [code] : []));
    expect(found.sort()).toEqual(codes.split(' ').sort());
  }
  const warnings =
    'NAME_UNPARSED NO_DIRECTION NAME_SPACE DIRECTION_MISMATCH TIME_MISMATCH TIME_NONEXISTENT TIME_AMBIGUOUS FUTURE_TIME BATCH_NAME_REUSED SIDECAR_AS_BATCH VALUE_TOO_LONG KEY_TRIMMED DURATION_MISMATCH';
  expect(Object.keys(WARNING_TABLE)).toEqual(expect.arrayContaining(warnings.split(' ')));
});
