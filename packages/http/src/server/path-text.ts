/** Where a value stands in an input, such as `fields[2].formats[0]`; null for the whole input. */
export function pathText(path: readonly PropertyKey[]): string | null {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? null : text.replace(/^\./, '');
}
