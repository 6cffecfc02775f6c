import { editsUpTo2 } from '../names/edits-up-to-2.ts';
import { isTimeZone } from './wall-time.ts';

/** Zones that people mean by abbreviations which are none themselves, likeliest first. */
const ABBREVIATIONS: Readonly<Record<string, readonly string[]>> = {
  ACT: ['Australia/Darwin', 'America/Rio_Branco'],
  AEST: ['Australia/Sydney', 'Australia/Brisbane'],
  AET: ['Australia/Sydney'],
  AGT: ['America/Argentina/Buenos_Aires'],
  ART: ['Africa/Cairo', 'America/Argentina/Buenos_Aires'],
  AST: ['America/Halifax', 'America/Anchorage'],
  BET: ['America/Sao_Paulo'],
  BST: ['Europe/London', 'Asia/Dhaka'],
  CAT: ['Africa/Harare'],
  CDT: ['America/Chicago'],
  CEST: ['Europe/Berlin', 'Europe/Paris'],
  CET: ['Europe/Berlin', 'Europe/Paris'],
  CNT: ['America/St_Johns'],
  CST: ['America/Chicago', 'Asia/Shanghai'],
  CTT: ['Asia/Shanghai'],
  EAT: ['Africa/Nairobi'],
  ECT: ['Europe/Paris', 'America/Guayaquil'],
  EDT: ['America/New_York'],
  EET: ['Europe/Helsinki', 'Europe/Athens'],
  EST: ['America/New_York', 'America/Panama'],
  GMT: ['Europe/London', 'UTC'],
  HST: ['Pacific/Honolulu'],
  IET: ['America/Indiana/Indianapolis'],
  IST: ['Asia/Kolkata', 'Europe/Dublin', 'Asia/Jerusalem'],
  JST: ['Asia/Tokyo'],
  KST: ['Asia/Seoul'],
  MDT: ['America/Denver'],
  MIT: ['Pacific/Apia'],
  MSK: ['Europe/Moscow'],
  MST: ['America/Denver', 'America/Phoenix'],
  NET: ['Asia/Yerevan'],
  NST: ['America/St_Johns', 'Pacific/Auckland'],
  PDT: ['America/Los_Angeles'],
  PLT: ['Asia/Karachi'],
  PNT: ['America/Phoenix'],
  PRT: ['America/Puerto_Rico'],
  PST: ['America/Los_Angeles', 'Asia/Manila'],
  PST8PDT: ['America/Los_Angeles'],
  MST7MDT: ['America/Denver'],
  CST6CDT: ['America/Chicago'],
  EST5EDT: ['America/New_York'],
  SST: ['Pacific/Guadalcanal', 'Pacific/Pago_Pago'],
  VST: ['Asia/Ho_Chi_Minh'],
  WET: ['Europe/Lisbon'],
};

const MAX_NAMED = 3;
const letters = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');

/**
 * The zones that somebody may have meant by a name that is none, at most three: by its abbreviation, its city, or a slip
 * of a letter or two. Empty where nothing is near. Source: case 111.
 */
export function nearestTimeZones(text: string): readonly string[] {
  const known = ABBREVIATIONS[text.trim().toUpperCase()];
  if (known !== undefined) return known.filter(isTimeZone).slice(0, MAX_NAMED);
  const wanted = letters(text.slice(0, 64));
  if (wanted.length < 3) return [];
  const zones = Intl.supportedValuesOf('timeZone').map((zone) => ({
    zone,
    names: [letters(zone), letters(zone.split('/').at(-1) ?? zone)],
  }));
  const exact = zones.filter(({ names }) => names.includes(wanted));
  const near = zones.filter(({ names }) =>
    names.some((name) => name.length > 3 && name !== wanted && editsUpTo2(name, wanted) !== null),
  );
  return [...exact, ...near]
    .map(({ zone }) => zone)
    .filter(isTimeZone)
    .slice(0, MAX_NAMED);
}
