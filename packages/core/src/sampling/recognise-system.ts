import { namesOf } from '../mapping/field-source.ts';
import { SYSTEM_PRESETS, type SystemPreset } from '../mapping/system-presets.ts';
import { nameKey } from './known-targets.ts';

/**
 * The phone system whose export has these fields: all its marks are among them. Of several the one with most marks, then
 * the one that reads most of the fields. Null where none fits.
 */
export function recogniseSystem(names: readonly string[]): SystemPreset | null {
  const known = new Set(names.map(nameKey));
  const reads = ({ fields }: SystemPreset): number =>
    fields.flatMap(({ source }) => namesOf(source)).filter((name) => known.has(nameKey(name))).length;
  const [best] = SYSTEM_PRESETS.filter(({ marks }) =>
    marks.every((mark) => known.has(nameKey(mark))),
  ).toSorted((a, b) => b.marks.length - a.marks.length || reads(b) - reads(a));
  return best ?? null;
}
