/** What the checks of a tenant's readiness are judged by. Files and rows of batches that are in the drop now. */
export interface ReadinessCounts {
  readonly timeZone: string | null;
  readonly mappingVersion: number | null;
  readonly sftpUsers: number;
  readonly completeCalls: number;
  readonly rejected: number;
  readonly unpaired: number;
}

export interface ReadinessCheck {
  readonly code: string;
  readonly ok: boolean;
  /** A tenant is not ready without it. */
  readonly required: boolean;
  readonly message: string;
}

export function readinessChecks(counts: ReadinessCounts): ReadinessCheck[] {
  const required = (code: string, ok: boolean, message: string) => ({ code, ok, required: true, message });
  const advised = (code: string, ok: boolean, message: string) => ({ code, ok, required: false, message });
  return [
    required('TIME_ZONE_SET', counts.timeZone !== null, 'The tenant has a time zone.'),
    required('MAPPING_PUBLISHED', counts.mappingVersion !== null, 'A field mapping for calls is published.'),
    advised('SFTP_USER_EXISTS', counts.sftpUsers > 0, 'Somebody can log in to the drop.'),
    advised('CALL_COMPLETE', counts.completeCalls > 0, 'At least one call is complete.'),
    advised(
      'NOTHING_REJECTED',
      counts.rejected === 0,
      'No file in the drop and no row of a batch was rejected.',
    ),
    advised('NOTHING_UNPAIRED', counts.unpaired === 0, 'No file or row of a batch is unpaired.'),
  ];
}

export const isReady = (checks: readonly ReadinessCheck[]): boolean =>
  checks.every((check) => check.ok || !check.required);

/** A batch as an example of its rows, such as `monday.csv: 3 rows`. */
export const rowsExample = (name: string, rows: number): string =>
  `${name}: ${rows} ${rows === 1 ? 'row' : 'rows'}`;
