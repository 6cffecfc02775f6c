import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addAlertCommands } from './commands/alerts.ts';
import { addApiKeyCommands } from './commands/api-key.ts';
import { addAuditCommand } from './commands/audit.ts';
import { addBackupCommands } from './commands/backup.ts';
import { addCallCommands, addCallsCommand } from './commands/calls.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addConfigCommand } from './commands/config.ts';
import { addCrmCommands } from './commands/crm.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEventsCommand } from './commands/events.ts';
import { addExportCommand } from './commands/export.ts';
import { addExternalCommands, addMatchCommands } from './commands/external.ts';
import { addFeedCommands } from './commands/feed.ts';
import {
  addExplainCommand,
  addFileCommand,
  addFilesCommand,
  addRowsCommand,
  addWithdrawCommand,
} from './commands/files.ts';
import { addFolderDropCommands } from './commands/folder-drop.ts';
import { addHoldsCommand, addPurgesCommand } from './commands/holds.ts';
import { addLoginCommands } from './commands/login.ts';
import { addMappingCommands } from './commands/mapping.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addOperatorKeyCommand } from './commands/operator-key.ts';
import { addReconciliationCommand } from './commands/reconciliation.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addRetentionCommands } from './commands/retention.ts';
import { addS3DropCommands } from './commands/s3-drop.ts';
import { addSftpUserCommands } from './commands/sftp-user.ts';
import { addStatusCommands } from './commands/status.ts';
import { addStorageCommand } from './commands/storage.ts';
import { addTenantCommands } from './commands/tenant.ts';
import { addUpCommand } from './commands/up.ts';
import { addUploadCommand } from './commands/upload.ts';
import { addWebhookCommands } from './commands/webhook.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

const HELP = `
Where a tenant, file, call, user or key is asked for, its name or a part of it does too.

Exit codes:
  0  done
  1  it was tried and failed, or a check failed
  2  the command line or the configuration is wrong
  3  Callbay or its database does not answer

Settings come from the environment; \`callbay config\` shows them.

First steps:
  $ callbay up                                        # in one terminal
  $ callbay tenant create acme --name Acme --time-zone America/New_York --stage live
  $ callbay sftp-user add acme --public-key ~/.ssh/id_ed25519.pub
  $ callbay files acme`;

/** Our own list of the nearest commands stands in place of this guess, which knows single words alone. */
const GUESS_OF_COMMAND = /^(error: unknown command .*)\n\(Did you mean .*\)$/m;

/** The whole command line. */
export function createProgram(): Command {
  const program = new Command('callbay')
    .description(
      'The loading bay for call recordings: recordings and metadata in over SFTP or from a folder, complete calls out.',
    )
    .version(version)
    .option('--json', 'print the result as JSON')
    .option('--url <url>', 'the API to talk to; the one of `callbay login`, or of this home, when not given')
    .option('--key-file <file>', 'file with an API key; that of the login, or the operator’s, when not given')
    .showHelpAfterError('(`--help` shows what it takes)')
    .configureOutput({ outputError: (text, write) => write(text.replace(GUESS_OF_COMMAND, '$1')) })
    .addHelpText('after', HELP)
    .exitOverride();
  const groups: readonly [heading: string, commands: readonly ((program: Command) => void)[]][] = [
    [
      'This host:',
      [
        addUpCommand,
        addDemoCommand,
        addDoctorCommand,
        addConfigCommand,
        addMigrateCommand,
        addBackupCommands,
      ],
    ],
    [
      'Set-up:',
      [
        addTenantCommands,
        addSftpUserCommands,
        addFolderDropCommands,
        addS3DropCommands,
        addMappingCommands,
        addReplayCommand,
      ],
    ],
    [
      'What came:',
      [
        addUploadCommand,
        addFilesCommand,
        addFileCommand,
        addExplainCommand,
        addRowsCommand,
        addWithdrawCommand,
        addHoldsCommand,
        addCallsCommand,
        addCallCommands,
        addExportCommand,
        addCrmCommands,
        addExternalCommands,
        addMatchCommands,
        addEventsCommand,
        addWebhookCommands,
        addFeedCommands,
      ],
    ],
    [
      'Keeping watch:',
      [
        addAlertCommands,
        addReconciliationCommand,
        addPurgesCommand,
        addRetentionCommands,
        addStatusCommands,
        addStorageCommand,
        addAuditCommand,
      ],
    ],
    ['Access:', [addLoginCommands, addApiKeyCommands, addOperatorKeyCommand, addCompletionCommand]],
  ];
  for (const [heading, commands] of groups) {
    program.commandsGroup(heading);
    for (const add of commands) add(program);
  }
  return program;
}
