import { type Command, Option } from 'commander';
import { contextOf } from '../context.ts';
import { EXIT_CODES } from '../exit-codes.ts';

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'check what Callbay stands on: database, Redis, disk, clocks, ports, native addon; exits 1 if any check fails',
    )
    .option('--fix', 'first mend what can be mended without losing data; Callbay must not run')
    .addOption(
      new Option(
        '--role <role>',
        'check only whether this role works on this host, as a container does',
      ).choices(['intake', 'pipeline', 'api']),
    )
    .action(async (options: { fix?: boolean; role?: string }, command: Command) => {
      // Loaded when needed, as the checks stand on everything that they look at.
      const { runChecks, runRoleCheck } = await import('../doctor/checks.ts');
      const { fixHome } = await import('../doctor/fix-home.ts');
      const { config, output } = contextOf(command);
      const fixed = options.fix ? await fixHome(config) : [];
      for (const sentence of fixed) output.line(`done  ${sentence}`);
      const findings =
        options.role === undefined ? await runChecks(config) : await runRoleCheck(config, options.role);
      output.json(options.fix ? { fixed, findings } : findings);
      for (const { check, status, sentence, fix } of findings) {
        output.line(`${MARKS[status]}  ${check}: ${sentence}`);
        if (fix !== null) output.line(`      fix: ${fix}`);
      }
      if (findings.some(({ status }) => status === 'fail')) process.exitCode = EXIT_CODES.failure;
    });
}
