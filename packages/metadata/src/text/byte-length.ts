/** Whether a string takes more than `limit` bytes as UTF-8. Counts bytes only where the length leaves it open. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length * 3 <= limit) return false;
  return text.length > limit || Buffer.byteLength(text, 'utf8') > limit;
}
