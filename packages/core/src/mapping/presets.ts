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

/** A field mapping to begin with; its sources are the names that its author's guide gives. */
export interface MappingPreset {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly FieldMapping[];
  readonly options: MappingOptions;
}

const COACH_TYPICAL_FIELDS: readonly FieldMapping[] = [
  ...COACH_MINIMUM.fields,
  { source: 'callerId', target: 'callerId', label: 'Caller ID', type: 'phone' },
  { source: 'contactName', target: 'contactName', label: 'Contact name', type: 'string' },
  { source: 'contactPhone', target: 'contactPhone', label: 'Contact phone number', type: 'phone' },
  { source: 'company', target: 'company', label: 'Company name', type: 'string' },
  { source: 'opportunityId', target: 'opportunityId', label: 'Opportunity ID', type: 'id' },
  { source: 'opportunityAmount', target: 'opportunityAmount', label: 'Opportunity amount', type: 'number' },
  { source: 'duration', target: 'durationSeconds', label: 'Call duration', type: 'duration' },
  { source: 'disposition', target: 'disposition', label: 'Call disposition', type: 'string' },
  { source: 'stage', target: 'stage', label: 'Call stage', type: 'string' },
  { source: 'outcome', target: 'outcome', label: 'Call outcome', type: 'string' },
];

/** The presets for calls by name. Source: C14, C16, E2. */
export const CALL_PRESETS: readonly MappingPreset[] = [
  {
    name: 'coach-minimum',
    description: 'Date and time, user, direction and file name: what every call needs.',
    ...COACH_MINIMUM,
  },
  {
    name: 'coach-typical',
    description:
      'The minimum and the fields that most customers send: contact, opportunity, duration, outcome.',
    fields: COACH_TYPICAL_FIELDS,
    options: {},
  },
  {
    name: 'evaluagent',
    description:
      'Agent, contact date in ISO 8601, contact reference, and the file name: leave its row out where no column holds it.',
    fields: [
      { source: 'Agent ID', target: 'user', label: 'Agent', type: 'id', required: true },
      {
        source: 'Contact Date',
        target: 'startedAt',
        label: 'Contact date',
        type: 'instant',
        formats: ['iso8601'],
        required: true,
      },
      {
        source: 'Contact Reference',
        target: 'contactReference',
        label: 'Contact reference',
        type: 'id',
        required: true,
      },
      { source: 'Audio Filename', target: 'filename', label: 'Audio file', type: 'string' },
    ],
    options: {},
  },
];
