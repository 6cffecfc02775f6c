import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of the demo, in the order it is sent. */
export interface DemoFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** What must become of it. */
  readonly code: string;
  /** What must become of each row of a batch, in the file's order. */
  readonly rowCodes?: readonly string[];
}

/** What must be found when all files have been worked. */
export interface DemoCall {
  readonly media: string;
  readonly user: string;
  readonly direction: string;
  readonly revision: number;
  /** Last name of the CRM contact that it refers to. */
  readonly contact?: string;
}

/** Files are sent round by round; the next begins when every file before it has its outcome. */
export interface DemoScript {
  readonly rounds: readonly { readonly title: string; readonly files: readonly DemoFile[] }[];
  readonly calls: readonly DemoCall[];
}

const fixtures = join(import.meta.dirname, '../../../../packages/testkit/fixtures/media');
const MINUTE_MS = 60_000;

/** `yyyyMMdd-hhmmss` on the wall clock of a zone. */
function stampIn(timeZone: string, instant: Date): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(instant);
  const part = (type: string): string => parts.find((p) => p.type === type)?.value ?? '';
  return `${part('year')}${part('month')}${part('day')}-${part('hour')}${part('minute')}${part('second')}`;
}

/**
 * A CRM file, recordings of a two-speaker call in several formats, metadata in all four, in both orders, a batch, one
 * update, two mistakes.
 */
export async function makeDemoScript(timeZone: string, now: Date): Promise<DemoScript> {
  const at = (minutesAgo: number): Date => new Date(now.getTime() - minutesAgo * MINUTE_MS);
  const media = (ext: string): Promise<Buffer> => readFile(join(fixtures, `call.${ext}`));
  const stem = (minutesAgo: number, rest: string): string => `${stampIn(timeZone, at(minutesAgo))}_${rest}`;
  const file = (name: string, bytes: Buffer | string, code: string): DemoFile => ({
    name,
    bytes: Buffer.from(bytes),
    code,
  });
  const datetime = (minutesAgo: number): string => at(minutesAgo).toISOString();

  const [wav, mp3, flac, ogg] = [
    stem(90, 'outbound_1234'),
    stem(75, 'inbound_joe_baducci'),
    stem(60, 'outbound_77'),
    stem(45, 'inbound_88'),
  ];
  const [first, second, absent] = [stem(40, 'outbound_41'), stem(35, 'inbound_42'), stem(34, 'outbound_43')];
  const yaml = (disposition: string): string =>
    `datetime: ${datetime(60)}\nemail: ada@example.com\ndirection: outbound\ndisposition: ${disposition}\n`;
  return {
    rounds: [
      {
        title: 'Contacts of the CRM, one of which a call names by id',
        files: [
          file(
            'contacts.csv',
            'Id,FirstName,LastName,AccountId\n003D000000IqhSLIAZ,Joe,Baker,001D000000IqhSLIAZ\n',
            'CRM_IMPORTED',
          ),
        ],
      },
      {
        title: 'A recording, then its metadata (JSON); metadata (XML), then its recording',
        files: [
          file(`${wav}.wav`, await media('wav'), 'SURFACED'),
          file(
            `${wav}.json`,
            JSON.stringify({
              datetime: datetime(90),
              email: 'rep@example.com',
              direction: 'outbound',
              filename: `sftp/recordings/${wav}.wav`,
              ticket: '00042',
              contactId: '003D000000IqhSL',
            }),
            'SURFACED',
          ),
          file(
            `${mp3}.xml`,
            `<call><datetime>${datetime(75)}</datetime><email>joe@example.com</email><direction>inbound</direction><company>Baker &amp; Sons</company></call>`,
            'SURFACED',
          ),
          file(`${mp3}.mp3`, await media('mp3'), 'SURFACED'),
        ],
      },
      {
        title: 'A recording with YAML, one with a CSV of one row',
        files: [
          file(`${flac}.flac`, await media('flac'), 'SURFACED'),
          file(`${flac}.yaml`, yaml('open'), 'SURFACED'),
          file(`${ogg}.ogg`, await media('ogg'), 'SURFACED'),
          file(
            `${ogg}.csv`,
            `datetime,email,direction,filename,amount\n${datetime(45)},eve@example.com,inbound,${ogg}.ogg,"1,200.50"\n`,
            'SURFACED',
          ),
        ],
      },
      {
        title: 'A batch: a CSV with a row per call, between the recordings that its rows name',
        files: [
          file(`${first}.wav`, await media('wav'), 'SURFACED'),
          {
            ...file(
              'calls-of-today.csv',
              [
                'datetime,email,direction,filename,contactId',
                `${datetime(40)},ivy@example.com,outbound,${first}.wav,003D000000IqhSLIAZ`,
                `${datetime(35)},max@example.com,inbound,${second}.mp3,`,
                `${datetime(34)},ivy@example.com,outbound,${absent}.mp3,`,
                `${datetime(33)},ivy@example.com`,
                '',
              ].join('\n'),
              'BATCH_DONE',
            ),
            rowCodes: ['SURFACED', 'SURFACED', 'NO_RECORDING', 'METADATA_INVALID'],
          },
          file(`${second}.mp3`, await media('mp3'), 'SURFACED'),
        ],
      },
      {
        title: 'An update of the metadata, and two mistakes',
        files: [
          file(`${flac}.yaml`, yaml('won'), 'UPDATED'),
          file(
            `${stem(30, 'outbound_99')}.mp3`,
            'This is a text file with the wrong extension.\n',
            'NOT_MEDIA',
          ),
          file(`${stem(15, 'outbound_99')}.json`, '{"datetime": "', 'METADATA_INVALID'),
        ],
      },
    ],
    calls: [
      { media: `${wav}.wav`, user: 'rep@example.com', direction: 'outbound', revision: 1, contact: 'Baker' },
      { media: `${mp3}.mp3`, user: 'joe@example.com', direction: 'inbound', revision: 1 },
      { media: `${flac}.flac`, user: 'ada@example.com', direction: 'outbound', revision: 2 },
      { media: `${ogg}.ogg`, user: 'eve@example.com', direction: 'inbound', revision: 1 },
      {
        media: `${first}.wav`,
        user: 'ivy@example.com',
        direction: 'outbound',
        revision: 1,
        contact: 'Baker',
      },
      { media: `${second}.mp3`, user: 'max@example.com', direction: 'inbound', revision: 1 },
    ],
  };
}
