/**
 * The rules of Callbay, as plain functions over plain values: names, times, field mapping, calls, windows, retention.
 * It never reads a file, a clock, a database or the environment, and imports nothing of ours.
 * Every use case and every adapter calls it.
 *
 * Glossary. tenant: whose data it is. drop: a configured place where a tenant leaves files. file: one whole version
 * of one file as received. recording, sidecar, batch, crm file, bundle: what a file is. record: one call's metadata
 * inside a file. call key: what joins a recording to its record; pairing: that join. field mapping: a tenant's
 * versioned map from source field to ours. policy: one version of all that decides how facts are read. hold: waiting
 * for the missing half, with a reason and a deadline. surface: make a call visible; revision: which version of it.
 * amend window: the 48 h in which metadata may change a call. drop retention: the 7 days; data retention: the
 * tenant's own; purge: the act. outcome: the code and sentence that tell how a file stands; explanation: its story.
 */
export { changesBetween, contentOf, type ReadableRecord } from './calls/call-content.ts';
export type { CallFacts, MediaFacts, RecordFact, RecordingFact, SurfacedWith } from './calls/call-facts.ts';
export { decideCall, decideCalls } from './calls/decide-call.ts';
export type {
  CallContent,
  CallDecision,
  CallPolicies,
  CallRevision,
  FileVerdict,
  Hold,
  HoldReason,
} from './calls/decision.ts';
export { DROP_RETENTION_MS, purgeAtOf } from './calls/drop-retention.ts';
export { type ClockReading, judgeClocks } from './calls/judge-clocks.ts';
export { type NearMissScore, scoreNearMiss } from './calls/near-miss.ts';
export { stemNamedBy } from './calls/stem-named-by.ts';
export { type CrmMapping, EXTERNAL_ID, presetCrmMapping } from './crm/crm-mapping.ts';
export { CRM_REFERENCES, CRM_TYPES, type CrmReference, type CrmType, isCrmType } from './crm/crm-types.ts';
export { canonicalExternalId, crmReferencesOf } from './crm/external-id.ts';
export { type CrmRow, type CrmRowReader, isIssue, makeCrmRowReader } from './crm/read-crm-row.ts';
export {
  type CrmFilePatterns,
  checkCrmPattern,
  crmTypeOfHeader,
  crmTypeOfName,
} from './crm/recognise-crm-file.ts';
export { CallbayError, ERROR_TABLE, type ErrorCode } from './errors.ts';
export { type Issue, issue } from './issue.ts';
export { checkMapping, MAX_MAPPING_FIELDS } from './mapping/check-mapping.ts';
export {
  FIELD_TYPES,
  type FieldMapping,
  type FieldType,
  type FieldValue,
  type MappedRecord,
  type MappingOptions,
  type RawRecord,
} from './mapping/field-mapping.ts';
export { mapRecord } from './mapping/map-record.ts';
export { COACH_MINIMUM } from './mapping/presets.ts';
export { checkColumns } from './mapping/source-fields.ts';
export { baseName, canonicalStem, namedStem } from './names/canonical-stem.ts';
export { checkDropName } from './names/check-drop-name.ts';
export { isTemporaryName, kindOfName, MEDIA_EXTENSIONS, SIDECAR_EXTENSIONS } from './names/file-kinds.ts';
export { checkFilenamePattern, DEFAULT_FILENAME_PATTERN } from './names/filename-pattern.ts';
export { parseFileName } from './names/parse-file-name.ts';
export type { NameKind, ParsedName, WallTime } from './names/parsed-name.ts';
export {
  type FileState,
  isOutcomeCode,
  OUTCOME_TABLE,
  type Outcome,
  type OutcomeCode,
  outcomeOf,
  outcomeSaying,
  stateOf,
  WARNING_TABLE,
  type WarningCode,
} from './outcomes.ts';
export { DEFAULT_SETTINGS, type Policy, type TenantSettings } from './policy.ts';
export { AMEND_WINDOW_MS, judgeAmendWindow } from './times/amend-window.ts';
export { formatInstant, isTimeZone } from './times/wall-time.ts';
