import type { FieldMapping, MappingOptions } from './field-mapping.ts';

/** The mapping every new tenant starts with, published as `coach-minimum`. Source: C14. */
export const COACH_MINIMUM: { readonly fields: readonly FieldMapping[]; readonly options: MappingOptions } = {
  fields: [
    { source: 'datetime', target: 'startedAt', type: 'instant', required: true },
    { source: 'email', target: 'user', type: 'id', required: true },
    { source: 'direction', target: 'direction', type: 'enum', required: true },
    { source: 'filename', target: 'filename', type: 'string' },
  ],
  options: {},
};
