import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { runChecks } from '../doctor/checks.ts';
import { exitCodes } from '../exit-codes.ts';

const marks = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'check what Callbay stands on: database, Redis, disk, clocks, ports, native addon; exits 1 if any check fails',
    )
    .action(async (_options, command: Command) => {
      const { config, output } = contextOf(command);
      const findings = await runChecks(config);
      output.json(findings);
      for (const { check, status, sentence, fix } of findings) {
        output.line(`${marks[status]}  ${check}: ${sentence}`);
        if (fix !== null) output.line(`      fix: ${fix}`);
      }
      if (findings.some(({ status }) => status === 'fail')) process.exitCode = exitCodes.failure;
    });
}
