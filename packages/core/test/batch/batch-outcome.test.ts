import { expect, test } from 'vitest';
import { batchNameWarnings, batchOutcome } from '../../src/index.ts';

test.each([
  [{ rows: 1, badRows: 0 }, 'The file has 1 row.'],
  [{ rows: 3, badRows: 0 }, 'The file has 3 rows.'],
  [{ rows: 3, badRows: 2 }, 'The file has 3 rows, of which 2 cannot be read.'],
])('a batch of %j is done, and reports its number of rows', (counts, message) => {
  expect(batchOutcome(counts)).toMatchObject({ code: 'BATCH_DONE', message });
});

test.each([
  [false, false, []],
  [true, false, ['BATCH_NAME_REUSED']],
  [false, true, ['SIDECAR_AS_BATCH']],
  [true, true, ['BATCH_NAME_REUSED', 'SIDECAR_AS_BATCH']],
])(
  'case 30, 31: a name that is reused %s and a recording’s %s warns of %j',
  (isReused, isOfRecording, codes) => {
    expect(batchNameWarnings({ isReused, isOfRecording }).map(({ code }) => code)).toEqual(codes);
  },
);
