/** A long number as Excel shows it: the digits after the fifth are lost in the file. */
export const EXCEL_EXPONENT = /^\d(?:[.,]\d+)?E\+\d{2}$/;
/** Days since 1899-12-30, in the years 1954 to 2119. */
const EXCEL_SERIAL = /^[2-7]\d{4}(?:[.,]\d+)?$/;

/** What Excel may have done to a value, and the cure; null for values that do not look like it. */
export function hintOfExcel(text: string): string | null {
  if (EXCEL_EXPONENT.test(text))
    return 'Excel shortened a long number: format the column as text before saving it as CSV.';
  if (!EXCEL_SERIAL.test(text)) return null;
  const day = new Date(Date.UTC(1899, 11, 30 + Math.floor(Number(text.replace(',', '.')))));
  return `This looks like a date of Excel (${day.toISOString().slice(0, 10)}): format the column as a date and time before saving it as CSV.`;
}
