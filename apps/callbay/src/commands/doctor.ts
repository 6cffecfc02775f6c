import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { runChecks } from '../doctor/checks.ts';
import { fixHome } from '../doctor/fix-home.ts';
import { EXIT_CODES } from '../exit-codes.ts';

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'check what Callbay stands on: database, Redis, disk, clocks, ports, native addon; exits 1 if any check fails',
    )
    .option('--fix', 'first mend what can be mended without losing data; Callbay must not run')
    .action(async (options: { fix?: boolean }, command: Command) => {
      const { config, output } = contextOf(command);
      const fixed = options.fix ? await fixHome(config) : [];
      for (const sentence of fixed) output.line(`done  ${sentence}`);
      const findings = await runChecks(config);
      output.json(options.fix ? { fixed, findings } : findings);
      for (const { check, status, sentence, fix } of findings) {
        output.line(`${MARKS[status]}  ${check}: ${sentence}`);
        if (fix !== null) output.line(`      fix: ${fix}`);
      }
      if (findings.some(({ status }) => status === 'fail')) process.exitCode = EXIT_CODES.failure;
    });
}
