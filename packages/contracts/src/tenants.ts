import { CRM_TYPES } from '@callbay/core';
import { z } from 'zod';
import { AlertSettings, AlertSettingsChange } from './alerts.ts';
import { Instant, InstantInput, IssueView, TenantId, text } from './common.ts';
import { cursorOf, Limit, listOf } from './lists.ts';
import { CrmPattern, Encoding, FilenamePattern, TemporaryName, TimeZone } from './rules.ts';

const STAGES = ['setup', 'verification', 'live', 'suspended'] as const;
export const Stage = z.enum(STAGES);
export type Stage = z.infer<typeof Stage>;

const RetentionDays = z.int().min(1).max(36_500).nullable();

/** Up to 8 PiB: what a number of JSON represents exactly. */
const Quota = z
  .int()
  .min(0)
  .max(2 ** 53 - 1)
  .nullable();

const Bits = z.number().min(0).max(100);

/** How a tenant's names and metadata are read. Source: C8, C10, C11, C19, C23, C26, E5. */
export const TenantSettings = z
  .object({
    filenameTimestamp: z.enum(['start', 'end']).meta({ description: 'What the time in a file name says.' }),
    filenamePattern: z
      .string()
      .nullable()
      .meta({ description: 'RE2 with the groups date, time and rest; null: the Coach one.' }),
    directions: z.record(z.string(), z.string()).meta({ description: 'Alias in file names to direction.' }),
    sourcePrefixes: z
      .array(z.string())
      .meta({ description: 'Taken off the front of names exactly as written, such as `ringcentral_`.' }),
    channelMap: z
      .object({ rep: z.enum(['left', 'right']) })
      .meta({ description: 'The side of the recording with the agent: where transcripts say who is heard.' }),
    updateMode: z.enum(['replace', 'merge']),
    crmWaitSeconds: z.int(),
    crmFiles: z.partialRecord(z.enum(CRM_TYPES), z.array(z.string())).optional().meta({
      description:
        'RE2 patterns of whole names, without `.csv`; absent: the plural name; an empty list: none.',
    }),
    encoding: z.string().nullable().optional().meta({
      description:
        'Of metadata and CRM files that do not say it themselves. Absent: UTF-8; anything else is read by its bytes and warned of.',
    }),
    temporaryNames: z.array(z.string()).nullable().optional().meta({
      description:
        'Patterns of names that uploads have until a RENAME completes them, such as `*.writing`: never received, never rejected. Absent: the usual ones.',
    }),
    feedExpectedEveryMinutes: z.int(),
    passwordLogin: z.boolean(),
    dataRetention: z.object({ evaluatedDays: RetentionDays, notEvaluatedDays: RetentionDays }),
    alerts: AlertSettings,
    storageQuotaBytes: Quota.optional().meta({
      description:
        'Bytes of files, and of recordings of calls, that the tenant may store; uploads beyond are refused. Absent: no limit.',
    }),
    expectedUsers: z.array(z.string()).meta({ description: 'Users whose calls should come, for readiness.' }),
    linkage: z.object({ threshold: Bits, margin: Bits }).meta({
      description: 'In bits: the least score that links by itself, and its lead over every rival.',
    }),
  })
  .meta({ id: 'TenantSettings' });
export type TenantSettings = z.infer<typeof TenantSettings>;

const Alias = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, 'Letters, digits, `_` and `-`, 32 at most.');

/** Settings to change: what is absent stays, objects are merged, a direction set to null is removed. */
export const SettingsChange = z
  .strictObject({
    filenameTimestamp: z.enum(['start', 'end']).optional(),
    filenamePattern: FilenamePattern.nullable().optional(),
    directions: z
      .record(Alias, text(32).nullable())
      .refine((map) => Object.keys(map).length <= 200, 'At most 200 aliases.')
      .optional(),
    sourcePrefixes: z.array(text(64)).max(50).optional(),
    channelMap: z.strictObject({ rep: z.enum(['left', 'right']).optional() }).optional(),
    updateMode: z.enum(['replace', 'merge']).optional(),
    crmWaitSeconds: z.int().min(0).max(86_400).optional(),
    crmFiles: z.partialRecord(z.enum(CRM_TYPES), z.array(CrmPattern).max(20).nullable()).optional(),
    encoding: Encoding.nullable().optional(),
    temporaryNames: z.array(TemporaryName).max(100).nullable().optional(),
    feedExpectedEveryMinutes: z.int().min(1).max(44_640).optional(),
    passwordLogin: z.boolean().optional(),
    dataRetention: z
      .strictObject({ evaluatedDays: RetentionDays.optional(), notEvaluatedDays: RetentionDays.optional() })
      .optional(),
    alerts: AlertSettingsChange.optional(),
    storageQuotaBytes: Quota.optional(),
    expectedUsers: z.array(text(255)).max(1000).optional(),
    linkage: z.strictObject({ threshold: Bits.optional(), margin: Bits.optional() }).optional(),
  })
  .meta({ id: 'SettingsChange' });
export type SettingsChange = z.infer<typeof SettingsChange>;

export const Tenant = z
  .object({
    id: TenantId,
    name: z.string(),
    timeZone: z.string().nullable(),
    stage: Stage,
    surfaceFrom: Instant.nullable().meta({ description: 'Calls that started earlier are not surfaced.' }),
    settings: TenantSettings,
    createdAt: Instant,
  })
  .meta({ id: 'Tenant' });
export type Tenant = z.infer<typeof Tenant>;

export const NewTenant = z.strictObject({
  id: TenantId,
  name: text(200),
  timeZone: TimeZone.nullable().optional(),
  stage: Stage.optional(),
  settings: SettingsChange.optional(),
});
export type NewTenant = z.infer<typeof NewTenant>;

export const TenantChange = z.strictObject({
  name: text(200).optional(),
  timeZone: TimeZone.nullable().optional(),
  stage: Stage.optional(),
  settings: SettingsChange.optional(),
});
export type TenantChange = z.infer<typeof TenantChange>;

export const GoLive = z.strictObject({ surfaceFrom: InstantInput.nullable().optional() });
export type GoLive = z.infer<typeof GoLive>;

export const TenantList = listOf(Tenant);
export const TenantListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(z.string()) });

/** One thing to fix before going live. */
export const ReadinessFinding = z
  .object({
    code: z.string().meta({ example: 'TWELVE_HOUR_CLOCK_SUSPECTED' }),
    required: z.boolean().meta({ description: 'Nobody can go live with it.' }),
    message: z.string(),
    fix: z.string(),
    count: z.int(),
    examples: z.array(z.string()),
  })
  .meta({ id: 'ReadinessFinding' });
export type ReadinessFinding = z.infer<typeof ReadinessFinding>;

/** What still stands between a tenant and going live, and what already waits. */
export const Readiness = z
  .object({
    stage: Stage,
    isReady: z.boolean().meta({ description: 'No check of kind `required` fails.' }),
    checks: z.array(
      IssueView.pick({ code: true, message: true }).extend({ ok: z.boolean(), required: z.boolean() }),
    ),
    counts: z.object({
      files: z.int(),
      held: z.int(),
      rejected: z.int(),
      unpairedRecordings: z.int(),
      unpairedMetadata: z.int(),
      readyCalls: z.int(),
      surfacedCalls: z.int(),
      distinctUsers: z.int(),
      heldRows: z.int().meta({ description: 'Of the newest 20 batches, by their first 50,000 rows.' }),
      rejectedRows: z.int(),
    }),
    rejectedByCode: z.record(z.string(), z.int()),
    findings: z
      .array(ReadinessFinding)
      .meta({ description: 'What to fix, in sentences for the customer; what must be fixed first.' }),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;
