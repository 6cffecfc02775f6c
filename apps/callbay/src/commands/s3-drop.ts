import type { S3Drop } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import type { Output } from '../output.ts';

function printDrop(output: Output, drop: S3Drop): void {
  output.json(drop);
  output.pairs([
    ['state', drop.state],
    ['leave files in', `s3://${drop.bucket}/${drop.prefix}data/`],
    ['endpoint', drop.endpoint ?? `AWS, ${drop.region}`],
    ['access', drop.principalArn ?? drop.accessKeyId ?? null],
    ['message', drop.message],
    ['listed', drop.listedAt],
    ['events go to', drop.webhookUrl],
  ]);
  if (drop.secretAccessKey !== undefined)
    output.pairs([
      ['key id', drop.accessKeyId ?? null],
      ['secret key, shown once', drop.secretAccessKey],
    ]);
  if (drop.documents !== undefined) output.line(JSON.stringify(drop.documents, null, 2));
  else
    output.table(
      ['STEP', 'STATE', 'MESSAGE'],
      drop.steps.map(({ step, state, message = '' }) => [step, state, message]),
    );
}

interface AddOptions {
  readonly principal?: string;
  readonly allowAccountRoot?: boolean;
  readonly dryRun?: boolean;
}

export function addS3DropCommands(program: Command): void {
  const s3Drop = program.command('s3-drop').description('a bucket that a tenant’s files come into');
  s3Drop
    .command('add <tenant>')
    .description('make the bucket, or go on making it')
    .option('--principal <arn>', 'let in this user or role of the customer’s; a user of ours unless given')
    .option('--allow-account-root', 'let in a whole account, where the principal is its root')
    .option('--dry-run', 'only print the policies that would be written')
    .addHelpText(
      'after',
      '\nExamples:\n  $ callbay s3-drop add acme\n  $ callbay s3-drop add acme --principal arn:aws:iam::123456789012:role/recorder --dry-run',
    )
    .action(async (tenant: string, options: AddOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const { principal, allowAccountRoot = false, dryRun = false } = options;
      const access = principal === undefined ? 'user' : 'principal';
      const body = {
        access,
        allowAccountRoot,
        dryRun,
        ...(principal === undefined ? {} : { principalArn: principal }),
      };
      printDrop(output, await api.call<S3Drop>('PUT', `${path}/s3-drop`, body));
    });
  s3Drop
    .command('show <tenant>')
    .description('how the bucket was made, and whether it works')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      printDrop(output, await api.call<S3Drop>('GET', `${path}/s3-drop`));
    });
  s3Drop
    .command('rotate <tenant>')
    .description('make a new key for the user of the bucket, and end the one before')
    .option('--keep-previous', 'leave the key before in force until the next rotation')
    .action(async (tenant: string, options: { readonly keepPrevious?: boolean }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const body = { keepPrevious: options.keepPrevious === true };
      printDrop(output, await api.call<S3Drop>('POST', `${path}/s3-drop/keys`, body));
    });
  s3Drop
    .command('reconcile <tenant>')
    .description('make the bucket again as it was asked for, and list it at once')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      printDrop(output, await api.call<S3Drop>('POST', `${path}/s3-drop/reconcile`));
    });
  s3Drop
    .command('remove <tenant>')
    .description('let nobody write to the bucket any more; its objects stay')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      await api.call('DELETE', `${path}/s3-drop`);
      output.json({ removed: 's3-drop' });
      output.line('nobody may write to the bucket any more, and nothing of it is received');
    });
}
