import { expect, test } from 'vitest';
import { checkMapping } from '../src/mapping/check-mapping.ts';
import { SYSTEM_PRESETS } from '../src/mapping/system-presets.ts';
import { mappingReference } from './mapping-reference.ts';

test('docs/mapping.md says what the code reads', async () => {
  await expect(mappingReference()).toMatchFileSnapshot('../../../docs/mapping.md');
});

test.each(SYSTEM_PRESETS)('the preset $name may be published', ({ fields, options }) => {
  expect(checkMapping(fields, options)).toEqual([]);
});
