import type { Mapping } from '@callbay/contracts';
import { directionWord, type NamedTenant } from './example-name.ts';

type Field = Mapping['fields'][number];

const MEANINGS: Readonly<Record<string, string>> = {
  startedAt: 'when the call started',
  endedAt: 'when the call ended',
  durationSeconds: 'how long the call took',
  user: 'whose call it was',
  direction: 'inbound, outbound or internal',
  filename: 'the name of the recording, where the metadata has another name',
  externalId: 'the unique id of the object',
};
/** What a recording's name gives as well. */
const IN_NAME = ['startedAt', 'user', 'direction'];

const VALUES: Readonly<Record<string, string>> = {
  instant: 'a date and time',
  duration: 'seconds, or hh:mm:ss',
  number: 'a number',
  boolean: 'true or false',
  email: 'an e-mail address',
  phone: 'a phone number, best with + and the country',
  enum: 'one of a few words',
  id: 'text without spaces',
  string: 'text',
};

const sourceOf = ({ source }: Field): string => [source].flat().join(' ');

export function describeField(field: Field) {
  const words = Object.keys(field.aliases ?? {});
  const kind = VALUES[field.type] ?? field.type;
  const formats = field.formats?.length ? ` as \`${field.formats.join('` or `')}\`` : '';
  const target = field.target;
  const isInName = IN_NAME.includes(target);
  return {
    source: sourceOf(field),
    meaning: `${field.label ?? MEANINGS[target] ?? target}${isInName ? '; may come from the name' : ''}`,
    isRequired: field.required === true,
    values: words.length > 0 ? words.join(', ') : `${kind}${formats}`,
  };
}

interface Example {
  readonly tenant: NamedTenant;
  readonly now: Date;
  readonly stem: string;
}

function exampleOf(field: Field, { tenant, now, stem }: Example): string | number | null {
  const [alias] = Object.keys(field.aliases ?? {});
  if (field.target === 'direction') return alias ?? directionWord(tenant);
  if (field.target === 'filename') return `${stem}.wav`;
  if (alias !== undefined) return alias;
  switch (field.type) {
    // A format of the customer's own is not written here: an example in the wrong one would be worse than none.
    case 'instant':
      return field.formats?.length ? null : now.toISOString().replace(/\.\d+Z$/, 'Z');
    case 'duration':
      return 125;
    case 'number':
      return 1;
    case 'email':
      return 'joe@example.com';
    case 'phone':
      return '+14155550100';
    default:
      return field.target === 'user' ? 'joe@example.com' : 'text';
  }
}

/** One call's metadata as the mapping reads it. */
export const exampleMetadata = (fields: readonly Field[], example: Example): Record<string, unknown> =>
  Object.fromEntries(
    fields.flatMap((field) => {
      const value = exampleOf(field, example);
      return value === null || Array.isArray(field.source) ? [] : [[sourceOf(field), value]];
    }),
  );
