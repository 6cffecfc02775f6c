import { basename } from 'node:path';
import type { FileView } from '@callbay/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import { contextOf } from '../context.ts';
import { tenantPath } from '../find.ts';
import { createProgress } from '../progress.ts';
import { sendFile } from '../send-file.ts';

interface UploadOptions {
  readonly name?: string;
}

export function addUploadCommand(program: Command): void {
  program
    .command('upload <tenant> <file...>')
    .description('send files to a tenant over HTTP, one after the other')
    .option('--name <name>', 'the name to send a single file under')
    .addHelpText(
      'after',
      `
The tenant's whole id is required. A key of the role sender is enough.

Example:
  $ callbay upload acme 20261120-140253_outbound_1234.wav 20261120-140253_outbound_1234.json`,
    )
    .action(async (tenant: string, locals: string[], options: UploadOptions, command: Command) => {
      if (options.name !== undefined && locals.length > 1)
        throw new InvalidArgumentError('`--name` is for a single file.');
      const { output, openApi } = contextOf(command);
      const api = await openApi();
      const report = createProgress();
      const sent: FileView[] = [];
      for (const local of locals) {
        const file = { local, name: options.name ?? basename(local) };
        sent.push(
          await sendFile(api, tenantPath(tenant), file, (bytes) => report(`${file.name}: ${bytes} bytes`)),
        );
      }
      output.json(sent);
      output.table(
        ['NAME', 'BYTES', 'RECEIVED', 'ID'],
        sent.map(({ name, sizeBytes, receivedAt, id }) => [name, sizeBytes, receivedAt, id]),
      );
    });
}
