const indexes = new WeakMap<Readonly<Record<string, string>>, ReadonlyMap<string, string>>();

/** How source words and aliases are compared: NFC, lower case, with blanks, dashes and underscores alike. */
export function aliasKey(word: string): string {
  return word
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, '_');
}

function indexOf(aliases: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const known = indexes.get(aliases);
  if (known !== undefined) return known;
  const index = new Map(Object.values(aliases).map((value) => [aliasKey(value), value]));
  for (const [alias, value] of Object.entries(aliases)) index.set(aliasKey(alias), value);
  indexes.set(aliases, index);
  return index;
}

/** The value of a word: an alias of a value, or a value itself. Null otherwise. */
export function findAlias(aliases: Readonly<Record<string, string>>, word: string): string | null {
  return indexOf(aliases).get(aliasKey(word)) ?? null;
}
