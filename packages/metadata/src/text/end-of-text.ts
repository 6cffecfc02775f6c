/** Where a text ends whose last character but line ends is Ctrl-Z, else its length. */
export function endOfText(text: string): number {
  let last = text.length - 1;
  while (last >= 0 && (text.charCodeAt(last) === 0x0a || text.charCodeAt(last) === 0x0d)) last -= 1;
  return text.charCodeAt(last) === 0x1a ? last : text.length;
}
