/**
 * A stem without the longest of the configured prefixes that leads it, such as `ringcentral_`; the stem itself where
 * none does or nothing would be left. Letters count as they are written, as everywhere in stems. Source: C19.
 */
export function stripSourcePrefix(stem: string, sourcePrefixes: readonly string[]): string {
  let longest = '';
  for (const given of sourcePrefixes) {
    const prefix = given.normalize('NFC');
    if (prefix.length > longest.length && prefix.length < stem.length && stem.startsWith(prefix))
      longest = prefix;
  }
  return stem.slice(longest.length);
}
