import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Call, Explanation, FileView } from '@callbay/contracts';
import type { ApiClient } from '../api-client.ts';
import type { Output } from '../output.ts';
import { type DemoCall, type DemoFile, makeDemoScript } from './demo-files.ts';
import type { DemoSession, OpenSession } from './upload.ts';

const TENANT = 'demo';
const TIME_ZONE = 'America/New_York';
const OUTCOME_LIMIT_MS = 30_000;

export interface DemoStage {
  readonly api: ApiClient;
  readonly output: Output;
  /** Opens the tenant's door as its customer. */
  readonly openSession: OpenSession;
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
  const script = await makeDemoScript(TIME_ZONE, new Date());
  const wrong: string[] = [];
  {
    await using session = await stage.openSession(api, TENANT);
    output.line(`Tenant ${TENANT} is live; ${session.description}.`);
    let sent = 0;
    for (const round of script.rounds) {
      output.line(`\n${round.title}`);
      for (const file of round.files) await session.upload(file);
      sent += round.files.length;
      const files = await awaitOutcomes(api, sent);
      for (const file of round.files) {
        wrong.push(...(await tellFile(stage, file, files)));
        if (file.rowCodes) wrong.push(...(await tellRows(stage, session, file.name, file.rowCodes)));
      }
    }
    wrong.push(
      ...(await tellFolders(
        stage,
        session,
        script.rounds.flatMap(({ files }) => files),
      )),
    );
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
  output.line('Files may also come from a bucket (--s3, docs/s3.md) or a folder (docs/folder-drop.md).');
  return wrong;
}

/** Waits until as many files as were sent are there, and none is on its way any more. */
async function awaitOutcomes(api: ApiClient, sent: number): Promise<FileView[]> {
  const deadline = performance.now() + OUTCOME_LIMIT_MS;
  for (;;) {
    const files = await api.list<FileView>(`/v1/tenants/${TENANT}/files`, 100);
    const open = files.filter((file) => file.state === 'received' || file.state === 'held');
    if ((files.length >= sent && open.length === 0) || performance.now() > deadline) return files;
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
    const receipt: BatchReceipt = JSON.parse((await session.readReceipt(name))?.toString() ?? '{}');
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

/** Prints how many files each folder of the drop holds; answers what is wrong: after the last outcome nothing waits in `data`. */
async function tellFolders(
  { output }: DemoStage,
  session: DemoSession,
  sent: readonly DemoFile[],
): Promise<string[]> {
  const rejected = sent.filter(({ code }) => REJECTED.includes(code)).length;
  const want = { data: 0, processed: sent.length - rejected, rejected };
  const deadline = performance.now() + OUTCOME_LIMIT_MS;
  for (;;) {
    const counts = await session.countFiles();
    const isRight = FOLDERS.every((folder) => counts[folder] === want[folder]);
    if (!isRight && performance.now() < deadline) {
      await pause(50);
      continue;
    }
    const shown = FOLDERS.map((folder) => `${folder} ${counts[folder]}`).join(', ');
    output.line(`\nFolders of the drop: ${shown}`);
    return isRight ? [] : [`the folders hold ${shown}`];
  }
}

const FOLDERS = ['data', 'processed', 'rejected'] as const;
const REJECTED = ['NOT_MEDIA', 'METADATA_INVALID'];

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
