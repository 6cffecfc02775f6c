import {
  checkCrmPattern,
  checkFilenamePattern,
  checkMapping,
  checkTemporaryName,
  type FieldMapping,
  type Issue,
  isEncoding,
  issue,
  isTimeZone,
  type MappingOptions,
  nearestTimeZones,
  UNKNOWN_ENCODING,
} from '@callbay/core';
import { z } from 'zod';
import { parseSshPublicKey } from './ssh-public-key.ts';

/** Hands one of our issues to zod, keeping its code. */
export function report(
  context: z.RefinementCtx,
  { code, message }: Issue,
  path: (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', message, path, params: { code } });
}

export const TimeZone = z
  .string()
  .max(64)
  .superRefine((name, context) => {
    if (isTimeZone(name)) return;
    const nearest = nearestTimeZones(name).map((zone) => `\`${zone}\``);
    const message =
      nearest.length === 0
        ? 'Not an IANA time zone, such as `America/New_York`.'
        : `Not an IANA time zone. Did you mean ${nearest.join(' or ')}?`;
    report(context, issue('TIME_ZONE_UNKNOWN', message));
  })
  .meta({ description: 'An IANA time zone.', example: 'America/New_York' });

export const Encoding = z
  .string()
  .max(40)
  .refine(isEncoding, { error: UNKNOWN_ENCODING, params: { code: 'MAPPING_INVALID' } })
  .meta({ description: 'An encoding of text, by any name that iconv-lite knows.', example: 'windows-1250' });

export const FilenamePattern = z
  .string()
  .min(1)
  .max(500)
  .superRefine((pattern, context) => {
    for (const issue of checkFilenamePattern(pattern)) report(context, issue);
  });

/** `*` stands for any characters, `?` for one; capital and small letters are the same. */
export const TemporaryName = z
  .string()
  .min(2)
  .max(64)
  .superRefine((pattern, context) => {
    for (const issue of checkTemporaryName(pattern)) report(context, issue);
  });

/** RE2, for the names of one type of CRM file. */
export const CrmPattern = z.string().superRefine((pattern, context) => {
  for (const issue of checkCrmPattern(pattern)) report(context, issue);
});

/** Hands a field mapping's issues to zod, each at the place it names. */
export function reportMapping(
  fields: readonly FieldMapping[],
  options: MappingOptions,
  context: z.RefinementCtx,
): void {
  for (const issue of checkMapping(fields, options)) report(context, issue, pathOf(issue.at));
}

/** `fields[2].formats[0]` as the path that zod keeps. */
const pathOf = (at: string | null): (string | number)[] =>
  (at?.match(/[^.[\]]+/g) ?? []).map((part) => (/^\d+$/.test(part) ? Number(part) : part));

/** An address range; a single address stands for itself alone. */
export const Cidr = z
  .union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], {
    error: 'Not an address or a range such as `203.0.113.0/24`.',
  })
  .meta({ description: 'An address, or a range in CIDR form.', example: '203.0.113.0/24' });

/** The range that a `Cidr` stands for, always with its prefix length. */
export function toRange(cidr: string): string {
  if (cidr.includes('/')) return cidr;
  return cidr.includes(':') ? `${cidr}/128` : `${cidr}/32`;
}

export const SshPublicKey = z
  .string()
  .max(16_384)
  .superRefine((line, context) => {
    const parsed = parseSshPublicKey(line);
    if (typeof parsed === 'string') {
      context.addIssue({ code: 'custom', message: parsed, params: { code: 'PUBLIC_KEY_INVALID' } });
    }
  })
  .meta({ description: 'One line in OpenSSH form.' });
