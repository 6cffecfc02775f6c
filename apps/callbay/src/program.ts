import { Command } from 'commander';
import { addBackupCommands } from './commands/backup.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand, addFilesCommand, addRowsCommand } from './commands/files.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addSftpUserCommands } from './commands/sftp-user.ts';
import { addTenantCommands } from './commands/tenant.ts';
import { addUpCommand } from './commands/up.ts';

const HELP = `
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

/** The whole command line. */
export function createProgram(): Command {
  const program = new Command('callbay')
    .description(
      'The loading bay for call recordings: recordings and metadata in over SFTP, complete calls out.',
    )
    .option('--json', 'print the result as JSON')
    .option('--url <url>', 'the API to talk to; the Callbay of this home when not given')
    .option('--key-file <file>', 'file with an API key; the operator’s when not given')
    .showHelpAfterError('(`--help` shows what it takes)')
    .addHelpText('after', HELP)
    .exitOverride();
  addUpCommand(program);
  addDemoCommand(program);
  addTenantCommands(program);
  addSftpUserCommands(program);
  addFilesCommand(program);
  addExplainCommand(program);
  addRowsCommand(program);
  addConfigCommand(program);
  addMigrateCommand(program);
  addDoctorCommand(program);
  addBackupCommands(program);
  return program;
}
