/** The part of a file name that a version goes after, and the extension with its dot. */
export function splitName(name: string): { readonly base: string; readonly ext: string } {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? { base: name.slice(0, dot), ext: name.slice(dot) } : { base: name, ext: '' };
}

/**
 * The name to show a file under: its own, or where that is taken the first free one of `<base>~2.<ext>`,
 * `<base>~3.<ext>`, … Nothing is overwritten. Source: case 54.
 */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const { base, ext } = splitName(name);
  // One of `taken.size + 1` candidates is free.
  let version = 2;
  while (taken.has(`${base}~${version}${ext}`)) version += 1;
  return `${base}~${version}${ext}`;
}
