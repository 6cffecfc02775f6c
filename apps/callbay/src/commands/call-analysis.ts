import type { AnalysisReceipt, Transcript } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { findCall } from '../find.ts';
import { printable } from '../output.ts';
import { readJsonFile } from '../read-text-file.ts';

/** `1:02:03`, of milliseconds. */
function clockOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  return `${Math.floor(seconds / 3600)}:${parts.join(':')}`;
}

export function addAnalysisCommands(call: Command): void {
  call
    .command('analyze <tenant> <call> <file>')
    .description('store an analysis of a call, a JSON file, in place of the one before')
    .action(async (tenant: string, text: string, file: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const callId = await findCall(api, path, text);
      const analysis = await readJsonFile(file);
      const stored = await api.call<AnalysisReceipt>('PUT', `${path}/calls/${callId}/analysis`, analysis);
      output.json(stored);
      output.line(`stored version ${stored.version} of the analysis of call ${callId}`);
      for (const { code, message, at } of stored.warnings)
        output.line(`warning ${code}: ${printable(message)} ${printable(at ?? '')}`);
    });
  call
    .command('analysis <tenant> <call>')
    .description('the newest analysis of a call, as JSON')
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const callId = await findCall(api, path, text);
      const analysis = await api.call<unknown>('GET', `${path}/calls/${callId}/analysis`);
      output.json(analysis);
      output.line(printable(JSON.stringify(analysis)));
    });
  call
    .command('transcript <tenant> <call>')
    .description('who said what in a call')
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const callId = await findCall(api, path, text);
      const transcript = await api.call<Transcript>('GET', `${path}/calls/${callId}/transcript`);
      output.json(transcript);
      output.table(
        ['FROM', 'SIDE', 'SPEAKER', 'TEXT'],
        transcript.segments.map(({ from, channel, speaker, text }) => [
          clockOf(from),
          channel,
          speaker,
          text,
        ]),
      );
    });
}
