import { Argument, type Command } from 'commander';
import { makeCompletion, SHELLS, type Shell } from '../completion.ts';

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'the shell that reads the script').choices(SHELLS))
    .description('print the script with which a shell completes commands and options')
    .addHelpText(
      'after',
      `
Examples:
  $ source <(callbay completion bash)
  $ callbay completion fish > ~/.config/fish/completions/callbay.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(makeCompletion(program, shell));
    });
}
