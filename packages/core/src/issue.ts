/** Bad input as a value: collected and returned, never thrown. `at` is a line, a column or a path inside the file. */
export interface Issue {
  readonly code: string;
  readonly message: string;
  readonly at: string | null;
}

export const issue = (code: string, message: string, at: string | null = null): Issue => ({
  code,
  message,
  at,
});
