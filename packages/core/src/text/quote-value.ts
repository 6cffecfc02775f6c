const MAX_CHARS = 60;

/** The beginning of a value as a sentence quotes it, on one line. */
export function quoteValue(value: string): string {
  const start = value.length > MAX_CHARS ? `${value.slice(0, MAX_CHARS).toWellFormed()}…` : value;
  return JSON.stringify(start);
}
