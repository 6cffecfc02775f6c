import { z } from 'zod';
import { FieldMapping, MappingOptions } from './mappings.ts';
import { FlatName } from './samples.ts';

/** How the mapping in force and the last records that came fit each other. Source: C13, C17. */
export const MappingLint = z
  .object({
    version: z.int().nullable().meta({ description: 'Null: the preset of a type of CRM file.' }),
    records: z.int().meta({ description: 'Of the last ones, 1,000 at most; rows of the last 50 CRM files.' }),
    skipped: z.int().meta({ description: 'Too large to be looked at.' }),
    unmapped: z.array(z.object({ source: z.string(), seen: z.int() })).meta({
      description: 'Came, and no row names them: kept as strings. `seen`: in records, or in CRM files.',
    }),
    neverSeen: z.array(z.object({ source: z.string(), target: z.string(), isRequired: z.boolean() })),
    requiredNeverGiven: z.array(z.object({ source: z.string(), target: z.string() })).meta({
      description: 'Neither a record nor a file name ever gave them, nor did a CRM file have the column.',
    }),
    nested: z.array(FlatName.extend({ seen: z.int(), isMapped: z.boolean() })),
    isCut: z.boolean().meta({ description: 'There were more different fields than are counted.' }),
  })
  .meta({ id: 'MappingLint' });
export type MappingLint = z.infer<typeof MappingLint>;

export const MappingPresetList = z.object({
  items: z.array(
    z
      .object({
        name: z.string(),
        description: z.string(),
        fields: z.array(FieldMapping),
        options: MappingOptions,
      })
      .meta({ id: 'MappingPreset' }),
  ),
  nextCursor: z.null(),
});
export type MappingPresetList = z.infer<typeof MappingPresetList>;
