/**
 * The rules of Callbay, as plain functions over plain values: names, times, field mapping, calls, windows, retention.
 * It never reads a file, a clock, a database or the environment, and imports nothing of ours.
 * Every use case and every adapter calls it.
 *
 * Glossary. tenant: whose data it is. drop: a configured place where a tenant leaves files. file: one whole version of
 * one file as received; its facts never change. recording, sidecar, batch, crm file, bundle: what a file is; a batch has
 * a call in each row, a crm file an object of the customer's CRM. external recording: one that rests elsewhere, a file
 * of drop `external` without bytes. record: one call's metadata inside a file. call key: what joins a recording to its
 * record; pairing: that join. match: a record and an external recording that may be one call; link: a match that holds.
 * field mapping: a tenant's versioned map from source field to ours; sample: a file that is only looked at, to suggest
 * one. policy: one version of all that decides how facts are read; replay: to have facts judged again by the newest.
 * hold: waiting for the missing half, with a reason and a deadline. surface: make a call visible; revision: which
 * version of it. amend window: the 48 h in which metadata may change a call. drop retention: the 7 days; data
 * retention: the tenant's own; purge: the act. outcome: the code and sentence that describe the state of a file; explanation:
 * its whole story. alert: what is wrong with a feed, open while its reason lasts. event: what happened to a visible call,
 * numbered by its tenant's sequence; cursor: how far a consumer has read them.
 */
export {
  ALERT_TABLE,
  type AlertExample,
  type AlertFinding,
  type AlertKind,
  type Counted,
  findingOf,
  MAX_ALERT_EXAMPLES,
  SHARED_ALERTS,
  type SharedAlertKind,
} from './alerts/alert.ts';
export {
  composeDigestBody,
  composeDigestMail,
  type Digest,
  MAX_TOLD,
  type ToldAlert,
  testAlert,
} from './alerts/compose-digest.ts';
export {
  DELIVERY_TABLE,
  type DeliveryCode,
  type DeliveryFailure,
  deliveryFailure,
} from './alerts/delivery-failure.ts';
export { type AlertChanges, foldAlerts, type OpenAlert } from './alerts/fold-alerts.ts';
export {
  type AlertFacts,
  judgeAlerts,
  QUOTA_NEAR_SHARE,
  type UnreadConsumer,
} from './alerts/judge-alerts.ts';
export { type EndedFiles, isHourSuspicious, judgeRejections } from './alerts/judge-rejections.ts';
export { MAX_DELIVERY_ATTEMPTS, retryDelayMs } from './alerts/retry-delay.ts';
export {
  addressInUrl,
  checkWebhookUrl,
  isWebhookAddressAllowed,
  judgeWebhookAddresses,
  MAX_WEBHOOK_URL,
  type WebhookRules,
} from './alerts/webhook-address.ts';
export type { Analysis, AnalyzedUtterance } from './analysis/analysis.ts';
export { judgeAnalysis } from './analysis/judge-analysis.ts';
export {
  type AnalysisSummary,
  type ChannelMap,
  joinSpoken,
  otherSide,
  type Side,
  segmentsOfAnalysis,
  spokenTextOf,
  summarize,
  type TranscriptSegment,
  toldOfAnalysis,
} from './analysis/transcript.ts';
export { type TrimmedKeys, trimKeys } from './analysis/trim-keys.ts';
export {
  batchNameWarnings,
  batchOutcome,
  CONFLICTING_ROW,
  emptyBatch,
  REPEATED_ROW,
} from './batch/batch-outcome.ts';
export { type BundleName, isMemberStem, parseBundleName } from './bundles/bundle-name.ts';
export { type BundleFile, type BundlePairing, pairTriggers } from './bundles/pair-triggers.ts';
export { readBundleList } from './bundles/read-bundle-list.ts';
export { type ReadTranscript, readTranscript } from './bundles/read-transcript.ts';
export { changesBetween, contentOf, type ReadableRecord } from './calls/call-content.ts';
export type {
  CallFacts,
  CallReplay,
  MediaFacts,
  MediaPrefix,
  RecordFact,
  RecordingFact,
  SurfacedWith,
} from './calls/call-facts.ts';
export { type CallMedia, mediaOf } from './calls/call-media.ts';
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
export {
  DROP_RETENTION_MS,
  PURGE_WARNING_AGE_MS,
  purgeAtOf,
  SEEN_RETENTION_MS,
} from './calls/drop-retention.ts';
export { type ClockBaseline, type ClockReading, judgeClocks, nextBaseline } from './calls/judge-clocks.ts';
export {
  assertNothingTakenBack,
  type HistoryChange,
  historyChange,
  type KnownCall,
  newCall,
  surfacedPair,
  surfacesNow,
} from './calls/known-call.ts';
export { type NearMissScore, scoreNearMiss } from './calls/near-miss.ts';
export { stemNamedBy } from './calls/stem-named-by.ts';
export { type ConfigChange, diffConfig } from './config/diff-config.ts';
export { type ComparedCrmRow, type CrmReading, makeCrmComparison } from './crm/compare-crm-rows.ts';
export { type CrmMapping, EXTERNAL_ID, presetCrmMapping } from './crm/crm-mapping.ts';
export {
  CRM_REFERENCES,
  CRM_TYPES,
  type CrmFilePatterns,
  type CrmReference,
  type CrmType,
  isCrmType,
} from './crm/crm-types.ts';
export { canonicalExternalId, crmReferencesOf } from './crm/external-id.ts';
export { crmOutcome, crmRefusal, crmWarnings } from './crm/import-outcome.ts';
export { type CrmHeader, lintCrmMapping } from './crm/lint-crm-mapping.ts';
export { type CrmRow, type CrmRowReader, isIssue, makeCrmRowReader } from './crm/read-crm-row.ts';
export {
  checkCrmPattern,
  crmTypeOfHeader,
  crmTypeOfName,
} from './crm/recognise-crm-file.ts';
export { CallbayError, ERROR_TABLE, type ErrorCode } from './errors.ts';
export {
  FEED_CONSUMER,
  WEBHOOK_CONSUMERS,
  webhookConsumer,
  webhookOfConsumer,
} from './events/event-consumers.ts';
export { AUDIT_KEPT_MS, EVENT_LEASE_MS, EVENTS_KEPT_MS, STALLED_AFTER_MS } from './events/event-limits.ts';
export { newsOf } from './events/news-of.ts';
export { payloadOf, readEvent, type StoredEvent, type StoredPayload } from './events/read-event.ts';
export {
  type AlertOpenedData,
  alertOpened,
  type CallAnalyzedData,
  type CallEventData,
  callAnalyzed,
  callDeleted,
  EVENT_TYPES,
  type EventBody,
  type EventDraft,
  type EventType,
  type FileRejectedData,
  fileEventKey,
  fileRejected,
  ONCE_FOR_A_REVISION,
  type TenantEvent,
} from './events/tenant-event.ts';
export {
  CALL_SOURCES,
  type CallSource,
  chooseColumns,
  DELETED_COLUMN,
  EXPORT_COLUMNS,
  EXPORT_VERSION,
  type ExportColumn,
  INSTANT_SOURCES,
  MAX_CELL_LENGTH,
  makeFormulasInert,
  TRUNCATED_COLUMN,
} from './exports/export-columns.ts';
export {
  type ComposeOptions,
  composeMessage,
  type FeedBody,
  type FeedCall,
  type FeedMessage,
  isInFeed,
} from './feeds/compose-message.ts';
export { CUTS, type CutMessage, cutMessage } from './feeds/cut-message.ts';
export { FEED_TABLE, type FeedCode, type FeedFailure, feedFailure } from './feeds/feed-failure.ts';
export {
  FEED_COMPRESSIONS,
  type FeedConnection,
  type FeedFormat,
  feedRetryMs,
  SASL_MECHANISMS,
  STRICT_EVENTS,
} from './feeds/feed-settings.ts';
export {
  COMPLETE_HOLDS,
  type DropFolder,
  folderOf,
  isCompleteHold,
  isIncomplete,
  isOpen,
  isUnpairedHold,
  OPEN_STATES,
  UNPAIRED_HOLDS,
} from './files/file-states.ts';
export {
  isSetAside,
  MAX_FAILED_READS,
  purgedOutcome,
  rereadDelayMs,
  SET_ASIDE_HOLDS,
  type SetAsideCode,
} from './files/set-aside.ts';
export { STEP_SENTENCES } from './files/step-sentences.ts';
export { type Issue, issue } from './issue.ts';
export { decideLinks, type LinkageLimits, type LinkDecision } from './linkage/decide-links.ts';
export { type JudgedMatches, judgeMatches } from './linkage/judge-matches.ts';
export type { Contribution, LinkageFields, LinkageParty, ScoredPair } from './linkage/linkage-fields.ts';
export { type ExternalFields, fieldsOfRecord, fieldsOfRecording } from './linkage/read-fields.ts';
export { isInBlock, scoreBlocks, scorePair } from './linkage/score-pair.ts';
export { BLOCK_MS, DEFAULT_LINKAGE, LINKAGE_WEIGHTS, REVIEW_FLOOR } from './linkage/weights.ts';
export { adviseMapping } from './mapping/advise-mapping.ts';
export { checkMapping, MAX_MAPPING_FIELDS } from './mapping/check-mapping.ts';
export { encodingKey, isEncoding, UNKNOWN_ENCODING } from './mapping/encodings.ts';
export {
  FIELD_TYPES,
  type FieldMapping,
  type FieldType,
  type FieldValue,
  type IgnoreRule,
  type MappedRecord,
  type MappingOptions,
  type RawRecord,
} from './mapping/field-mapping.ts';
export { type FieldSource, labelOf, namesOf, type SourceTerm, termsOf } from './mapping/field-source.ts';
export { mapRecord } from './mapping/map-record.ts';
export { CALL_PRESETS, COACH_MINIMUM, type MappingPreset } from './mapping/presets.ts';
export { DURATION_UNITS, type DurationUnit } from './mapping/read-duration.ts';
export { isOverRecordLimit, RECORD_LIMIT_BYTES } from './mapping/record-limit.ts';
export { checkColumns, promisedFields } from './mapping/source-fields.ts';
export { SYSTEM_PRESETS, type SystemPreset } from './mapping/system-presets.ts';
export { baseName, canonicalStem, namedStem } from './names/canonical-stem.ts';
export { checkDropName } from './names/check-drop-name.ts';
export { kindOfName, MEDIA_EXTENSIONS, SIDECAR_EXTENSIONS } from './names/file-kinds.ts';
export { checkFilenamePattern, DEFAULT_FILENAME_PATTERN } from './names/filename-pattern.ts';
export { freeName, splitName } from './names/free-name.ts';
export { parseFileName } from './names/parse-file-name.ts';
export type { NameKind, ParsedName, WallTime } from './names/parsed-name.ts';
export { GROUP_FILE_BYTES, isShortRead, laneOf, READ_LANES, type ReadLane } from './names/read-lane.ts';
export { stripSourcePrefix } from './names/strip-source-prefix.ts';
export { checkTemporaryName, DEFAULT_TEMPORARY_NAMES, isTemporaryName } from './names/temporary-names.ts';
export {
  type FileState,
  isOutcomeCode,
  OUTCOME_TABLE,
  type Outcome,
  type OutcomeCode,
  outcomeOf,
  outcomeSaying,
  rejectionOf,
  stateOf,
  WARNING_TABLE,
} from './outcomes.ts';
export {
  type AlertSettings,
  DEFAULT_SETTINGS,
  encodingOf,
  type Policy,
  type TenantSettings,
} from './policy.ts';
export {
  findReadiness,
  type Named,
  type ReadinessFacts,
  type ReadinessFinding,
} from './readiness/find-readiness.ts';
export { type HoursVerdict, judgeHours, type WrittenTime } from './readiness/judge-hours.ts';
export { formatHours, formatOffset, judgeSkew, type SkewVerdict } from './readiness/judge-skew.ts';
export { isReady, readinessChecks, rowsExample } from './readiness/readiness-checks.ts';
export { READINESS_TABLE, type ReadinessCode } from './readiness/readiness-table.ts';
export { REQUEST_ISSUE_TABLE } from './request-issues.ts';
export {
  DATA_RETENTION_GRACE_HOURS,
  type DataRetention,
  type DeletionReason,
  isShorter,
  wantsConfirmation,
} from './retention/data-retention.ts';
export { type BucketNames, type DropPlace, dropPlaceOf } from './s3/bucket-names.ts';
export {
  type DocumentsInput,
  type DropDocuments,
  type DropNotification,
  dropDocuments,
  isStatementOf,
  type LifecycleRule,
  type NotificationTarget,
  type PolicyDocument,
  type Statement,
} from './s3/drop-documents.ts';
export {
  S3_STEPS,
  type S3DropState,
  type S3Step,
  type S3StepName,
  stateOfSteps,
  withStep,
} from './s3/drop-steps.ts';
export { judgeObject, type ObjectFacts, type ObjectRefusal } from './s3/judge-object.ts';
export { type ObjectKey, objectKeyOf, readObjectKey, type S3Folder } from './s3/object-key.ts';
export { checkPrincipal, type PrincipalRules } from './s3/principal-arn.ts';
export { type ObjectHint, readS3Message, type S3Message } from './s3/read-s3-message.ts';
export {
  type ComparedRecord,
  compareReadings,
  type RecordReading,
  type RecordToRead,
  readRecordBy,
} from './sampling/compare-readings.ts';
export { describeFields, MAX_SAMPLED_RECORDS, type SampledField } from './sampling/describe-fields.ts';
export { proposeFlatNames } from './sampling/flat-names.ts';
export { type GuessedFormats, guessFormats } from './sampling/guess-formats.ts';
export { type GuessedType, guessType } from './sampling/guess-type.ts';
export { SAMPLE_KINDS, type SampleKind } from './sampling/known-targets.ts';
export { type LintRun, type MappingLint, startLint } from './sampling/lint-mapping.ts';
export { readSample, type SampleReading } from './sampling/read-sample.ts';
export { SAMPLE_ISSUE_TABLE, type SampleIssueCode, sampleIssue } from './sampling/sample-issues.ts';
export { type SuggestedMapping, type SuggestionContext, suggestMapping } from './sampling/suggest-mapping.ts';
export { suspectTwelveHourClock, writtenHours } from './sampling/twelve-hour-clock.ts';
export {
  CALL_FIELD_TYPES,
  type FieldCondition,
  isDecimal,
  readCondition,
  type SearchTest,
  type SearchValue,
  type TypedCondition,
} from './search/read-condition.ts';
export { readWords, type WordSearch } from './search/read-words.ts';
export { searchTextOf } from './search/search-text.ts';
export { type DiskSpace, diskFloorBytes, judgeSpace } from './storage/judge-space.ts';
export { trimMarks } from './text/marks.ts';
export { quoteValue } from './text/quote-value.ts';
export { AMEND_WINDOW_MS, judgeAmendWindow } from './times/amend-window.ts';
export {
  addDays,
  type DayRange,
  dayOf,
  hourOf,
  offsetMinutesOf,
  rangeOfDay,
} from './times/local-day.ts';
export { nearestTimeZones } from './times/nearest-zones.ts';
export { formatInstant, isTimeZone } from './times/wall-time.ts';
export { type FailedAttempt, WEBHOOK_GIVE_UP_MS, webhookRetryMs } from './webhooks/webhook-retry.ts';
