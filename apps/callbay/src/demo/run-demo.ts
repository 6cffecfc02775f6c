import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Call, Explanation, FileView, SftpUser } from '@callbay/contracts';
import { makeKeyPair } from '@callbay/sources';
import type { ApiClient } from '../api-client.ts';
import type { Output } from '../output.ts';
import { type DemoCall, type DemoFile, makeDemoScript } from './demo-files.ts';
import { type DemoSession, openSession } from './upload.ts';

const TENANT = 'demo';
const TIME_ZONE = 'America/New_York';
const OUTCOME_LIMIT_MS = 30_000;

export interface DemoStage {
  readonly api: ApiClient;
  readonly output: Output;
  /** Where this machine reaches the SFTP server. */
  readonly sftpHost: string;
  readonly readMedia: (callId: number) => Promise<Buffer>;
}

/** Plays the demo against a running Callbay. Answers what did not come out right: nothing, if all is well. */
export async function runDemo(stage: DemoStage): Promise<string[]> {
  const { api, output } = stage;
  const startedAt = performance.now();
  await api.call('POST', '/v1/tenants', {
    id: TENANT,
    name: 'Demo tenant',
    timeZone: TIME_ZONE,
    stage: 'live',
  });
  const key = makeKeyPair('ed25519');
  const user = await api.call<SftpUser>('POST', `/v1/tenants/${TENANT}/sftp-users`, {
    label: 'demo client',
    publicKey: key.public,
  });
  output.line(`Tenant ${TENANT} is live; SFTP user ${user.username} at ${stage.sftpHost}:${user.port}.`);
  const script = await makeDemoScript(TIME_ZONE, new Date());
  const wrong: string[] = [];
  {
    await using session = await openSession(user, stage.sftpHost, key.private);
    for (const round of script.rounds) {
      output.line(`\n${round.title}`);
      for (const file of round.files) await session.upload(file);
      const files = await awaitOutcomes(api);
      for (const sent of round.files) {
        wrong.push(...(await tellFile(stage, sent, files)));
        if (sent.rowCodes) wrong.push(...(await tellRows(stage, session, sent.name, sent.rowCodes)));
      }
    }
  }
  const calls = await api.list<Call>(`/v1/tenants/${TENANT}/calls`, 100);
  output.line('\nCalls that surfaced');
  output.table(
    ['call', 'started at', 'direction', 'user', 'revision', 'recording', 'speakers'],
    calls.map((call) => [
      call.callId,
      call.startedAt,
      call.direction,
      call.user,
      call.revision,
      call.media?.name ?? null,
      call.media?.speakerSeparation ?? null,
    ]),
  );
  wrong.push(
    ...(await checkCalls(
      stage,
      script.calls,
      calls,
      script.rounds.flatMap((round) => round.files),
    )),
  );
  output.line(
    `\n${wrong.length === 0 ? 'All came out right' : 'NOT all came out right'} in ${seconds(startedAt)} s.`,
  );
  output.line('Files may also come from a folder that another program writes to: docs/folder-drop.md.');
  return wrong;
}

/** Waits until no file is on its way any more. */
async function awaitOutcomes(api: ApiClient): Promise<FileView[]> {
  const deadline = performance.now() + OUTCOME_LIMIT_MS;
  for (;;) {
    const files = await api.list<FileView>(`/v1/tenants/${TENANT}/files`, 100);
    const open = files.filter((file) => file.state === 'received' || file.state === 'held');
    if (open.length === 0 || performance.now() > deadline) return files;
    await pause(50);
  }
}

/** Prints a file's story, newest version of its name; answers what is wrong with it. */
async function tellFile(stage: DemoStage, sent: DemoFile, files: readonly FileView[]): Promise<string[]> {
  const file = files.find((candidate) => candidate.name === sent.name);
  if (!file) return [`${sent.name} is not known`];
  const explanation = await stage.api.call<Explanation>(
    'GET',
    `/v1/tenants/${TENANT}/files/${file.id}/explanation`,
  );
  stage.output.line(`  ${sent.name}`);
  for (const { at, code, step, message } of explanation.steps) {
    const afterMs = Date.parse(at) - Date.parse(file.receivedAt);
    stage.output.line(`    +${(afterMs / 1000).toFixed(3)} s  ${(code ?? step).padEnd(17)} ${message}`);
  }
  const found = file.outcome?.code ?? file.state;
  return found === sent.code ? [] : [`${sent.name} ended as ${found} instead of ${sent.code}`];
}

interface BatchReceipt {
  readonly rows?: readonly {
    readonly line: number;
    readonly code: string | null;
    readonly message: string;
  }[];
}

/** Prints the rows of a batch as its sender reads them, from the receipt; answers what is wrong with them. */
async function tellRows(
  { output }: DemoStage,
  session: DemoSession,
  name: string,
  codes: readonly string[],
): Promise<string[]> {
  const deadline = performance.now() + OUTCOME_LIMIT_MS;
  for (;;) {
    const receipt: BatchReceipt = JSON.parse(String(await session.read(`/receipts/${name}.json`)));
    const rows = receipt.rows ?? [];
    const found = rows.map(({ code }) => code ?? 'RECEIVED').join(', ');
    if (found !== codes.join(', ') && performance.now() < deadline) {
      await pause(50);
      continue;
    }
    output.line(`    /receipts/${name}.json`);
    for (const { line, code, message } of rows) {
      output.line(`      line ${line}  ${(code ?? 'RECEIVED').padEnd(17)} ${message}`);
    }
    return found === codes.join(', ') ? [] : [`the rows of ${name} ended as ${found}`];
  }
}

async function checkCalls(
  stage: DemoStage,
  expected: readonly DemoCall[],
  calls: readonly Call[],
  sent: readonly DemoFile[],
): Promise<string[]> {
  const wrong =
    calls.length === expected.length ? [] : [`${calls.length} calls surfaced, not ${expected.length}`];
  for (const want of expected) {
    const call = calls.find(({ media }) => media?.name === want.media);
    if (!call) {
      wrong.push(`no call has the recording ${want.media}`);
      continue;
    }
    for (const field of ['user', 'direction', 'revision'] as const) {
      if (call[field] !== want[field]) {
        wrong.push(`call ${call.callId} has the ${field} ${call[field]}, not ${want[field]}`);
      }
    }
    const contact = call.crm.contactId?.fields.lastName;
    if (contact !== want.contact) {
      wrong.push(`call ${call.callId} shows the contact ${contact}, not ${want.contact}`);
    }
    const original = sent.find((file) => file.name === want.media);
    if (sha256(await stage.readMedia(call.callId)) !== sha256(original?.bytes ?? Buffer.alloc(0))) {
      wrong.push(`the media of call ${call.callId} is not what was sent`);
    }
  }
  return wrong;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);
