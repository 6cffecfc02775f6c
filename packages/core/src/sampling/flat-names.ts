import { nameKey } from './known-targets.ts';

/**
 * A flat name for each nested path, none of which is taken or given twice: `customer.name` becomes `customer_name` and
 * `items[0].sku` becomes `items_0_sku`. Whoever sends the file may use the name, or a mapping may name the path.
 * Source: C13, case 71.
 */
export function proposeFlatNames(paths: readonly string[], taken: readonly string[]): Map<string, string> {
  const used = new Set(taken.map(nameKey));
  const names = new Map<string, string>();
  for (const path of paths) {
    const base = path.replace(/[.[\]@\s]+/g, '_').replace(/^_+|_+$/g, '') || 'field';
    let name = base;
    for (let n = 2; used.has(nameKey(name)); n++) name = `${base}_${n}`;
    used.add(nameKey(name));
    names.set(path, name);
  }
  return names;
}
