export { type Issue, issue } from './issue.ts';
export { CallbayError, ERROR_TABLE, type ErrorCode } from './errors.ts';
export { DEFAULT_SETTINGS, type Policy, type TenantSettings } from './policy.ts';
export {
  FIELD_TYPES,
  type FieldMapping,
  type FieldType,
  type FieldValue,
  type MappedRecord,
  type MappingOptions,
  type RawRecord,
} from './mapping/field-mapping.ts';
export type { NameKind, ParsedName, WallTime } from './names/parsed-name.ts';
export type { CallFacts, MediaFacts, RecordFact, RecordingFact } from './calls/call-facts.ts';
