/** Whether a string takes more than `limit` bytes as UTF-8. Counts bytes only where the length leaves it open. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length * 3 <= limit) return false;
  return text.length > limit || Buffer.byteLength(text, 'utf8') > limit;
}

/** UTF-8 bytes of all these strings together. */
export const bytesOf = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + Buffer.byteLength(text, 'utf8'), 0);
