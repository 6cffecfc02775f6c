import type { Mapping, SftpUser, Tenant } from '@callbay/contracts';
import { describeField, exampleMetadata } from './example-fields.ts';
import { exampleName } from './example-name.ts';

export interface GuideInput {
  readonly tenant: Pick<Tenant, 'id' | 'name' | 'timeZone' | 'settings'>;
  readonly users: readonly SftpUser[];
  readonly mapping: Pick<Mapping, 'fields'>;
  readonly now: Date;
}

const NO_USER = { username: 'USER', host: 'HOST', port: 22, hostKeys: [], keys: [] } as const;

const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Text of others inside a Markdown table or sentence. */
export const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function connection({ users }: GuideInput): string {
  const [first] = users;
  const { host, port, hostKeys } = first ?? NO_USER;
  const rows = [
    ['protocol', 'SFTP (SSH); FTP and FTPS are not offered'],
    ['host', `\`${host}\``],
    ['port', `\`${port}\``],
    ...users.map(({ username, keys, hasPassword, label }) => {
      const ways = [
        ...keys.map((key) => `key ${key.fingerprint}${key.label ? ` (${cell(key.label)})` : ''}`),
        ...(hasPassword ? ['password'] : []),
      ];
      return [
        `user${label ? ` (${cell(label)})` : ''}`,
        `\`${username}\`, by ${ways.join(' or ') || 'no key yet'}`,
      ];
    }),
    ...(users.length === 0 ? [['user', 'none was made yet']] : []),
    ...hostKeys.map(({ type, fingerprint }) => [`host key, ${type}`, `\`${fingerprint}\``]),
  ];
  return table(['', ''], rows);
}

function names(input: GuideInput): string {
  const { timeZone, settings } = input.tenant;
  const zone = timeZone ?? 'your time zone (which we do not know yet)';
  const what = settings.filenameTimestamp === 'start' ? 'started' : 'ended';
  if (settings.filenamePattern !== null) {
    return `Your names are read by a pattern of your own, \`${settings.filenamePattern}\`. Times in names are those when the call ${what}, in **${zone}**.`;
  }
  const words = Object.keys(settings.directions).join('`, `');
  return `Name a recording \`yyyyMMdd-hhmmss_direction_user.ext\`: when the call ${what}, in **${zone}**, on a 24-hour clock; then
the direction (\`${words}\`); then the user. A call of today would be:

    ${exampleName(input.tenant, input.now)}.wav`;
}

function fields({ mapping }: GuideInput): string {
  const rows = mapping.fields.map((field) => {
    const { source, meaning, isRequired, values } = describeField(field);
    return [`\`${cell(source)}\``, cell(meaning), isRequired ? 'yes' : 'no', cell(values)];
  });
  return table(['field', 'what it is', 'needed', 'values'], rows);
}

/** A page for a customer's IT person: where to connect, how to name files, what the metadata holds. In Markdown. */
export function writeGuide(input: GuideInput): string {
  const { tenant, users, mapping, now } = input;
  const stem = exampleName(tenant, now);
  const { username, host, port } = users[0] ?? NO_USER;
  return `# Sending call recordings: ${cell(tenant.name)}

For each call you send two files over SFTP: the recording, and a small file with its metadata. Both have the same name up to their
extension. Either may come first.

## Where to connect

${connection(input)}

Your client shows a host key when it connects for the first time: compare it with the fingerprints above. Send us the **public** key of
a new pair (\`.pub\`), never the private one.

## How files are named

${names(input)}

Recordings: wav, mp3, mp4, m4a, mpg, wma, wmv, webm, aiff, flac, ogg, gsm, arf, au. Metadata: json, xml, csv, yaml.
The metadata is called \`${stem}.json\`, not \`${stem}.wav.json\`.

## What the metadata holds

${fields(input)}

Other fields are kept as they are. As JSON, for the call above:

    ${JSON.stringify(exampleMetadata(mapping.fields, { tenant, now, stem }), null, 2).replaceAll('\n', '\n    ')}

The same in a CSV is a header and a line. A CSV with many lines is a batch: each line is a call, and names its recording.

## Sending

    sftp -P ${port} ${username}@${host}
    sftp> put ${stem}.wav
    sftp> put ${stem}.json

- Leave files side by side: folders cannot be made. The root and \`/data\` are the same place for uploads.
- A broken upload can be resumed (\`reput\`). A file counts as whole when it is closed, or renamed from a name such as
  \`${stem}.wav.filepart\`.
- Send metadata again under the same name to correct it, up to 48 hours after the call.
- Files leave the server after 7 days. Keep your own copies until you have seen what became of them.

## What became of a file

A minute later, \`/receipts/${stem}.wav.json\` says in a sentence what became of the recording and what to do, if anything:

    sftp> get /receipts/${stem}.wav.json

\`<name>.json\` is the receipt of the newest file of a name; \`<name>~1.json\` is that of the first one, \`<name>~2.json\` of the
second, and so on. Finished files show in \`/data/processed\`, refused ones in \`/data/rejected\`.
`;
}
