/** What a call's row said before this decision. */
export interface CallRow {
  readonly call_key: string;
  readonly status: string;
  readonly revision: number;
  readonly call_id: number | null;
  readonly recording_file_id: string | null;
  readonly record_file_id: string | null;
  readonly record_row: number | null;
}
