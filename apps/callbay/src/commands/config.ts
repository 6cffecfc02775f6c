import { describeConfig } from '@callbay/runtime';
import type { Command } from 'commander';
import { hostContextOf } from '../context.ts';

export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('the effective configuration, secrets masked; exits 2 naming every problem when it is wrong')
    .action((_options, command: Command) => {
      const { config, output } = hostContextOf(command);
      const lines = describeConfig(config);
      output.json({
        variables: Object.fromEntries(lines.map(({ variable, value }) => [variable, value])),
        warnings: config.warnings,
      });
      output.table(
        ['VARIABLE', 'VALUE', 'NOTE'],
        lines.map(({ variable, value, note }) => [variable, value, note]),
      );
      for (const warning of config.warnings) output.line(`warning: ${warning}`);
    });
}
