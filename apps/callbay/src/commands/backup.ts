import { existsSync } from 'node:fs';
import type { OnProgress, Progress } from '@callbay/backup';
import { type Config, loadSecretKey, makeHome } from '@callbay/runtime';
import type { Command } from 'commander';
import { hostContextOf } from '../context.ts';
import { withDatabase } from '../with-database.ts';

/** The keys that a home keeps beside its data. Kept with the data, since sealed secrets are lost without them. */
const keyFilesOf = (config: Config): Record<string, string> => ({
  'secret.key': config.secretKeyFile,
  'operator.key': config.operatorKeyFile,
});

const describe = ({ phase, what, bytes }: Progress): string =>
  `${phase}: ${what}, ${(bytes / 1024 / 1024).toFixed(1)} MiB`;

/** At most one line a second, on standard error, so that a long run is seen to move. */
function progressLines(): OnProgress {
  let lastAt = performance.now();
  return (progress) => {
    if (performance.now() - lastAt < 1_000) return;
    lastAt = performance.now();
    process.stderr.write(`${describe(progress)}\n`);
  };
}

export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .argument('<file>', 'the tar file to make; it must not be there')
    .description('save everything in one file: the tables as of one instant, the bytes, the keys')
    .addHelpText(
      'after',
      `
It may run while Callbay runs. The file holds keys: keep it as you keep them (its mode is 0600).

Example:
  $ callbay backup /backups/callbay-$(date +%F).tar`,
    )
    .action(async (file: string, _options, command: Command) => {
      const { config, output } = hostContextOf(command);
      const secretKey = await loadSecretKey(config);
      const { writeBackup } = await import('@callbay/backup');
      const { openStoredBytes } = await import('../stored-bytes.ts');
      const { bytes, close } = openStoredBytes(config, { isNew: false });
      const result = await withDatabase(config, (connectionString) =>
        writeBackup({
          file,
          connectionString,
          bytes,
          secretKey,
          keyFiles: keyFilesOf(config),
          now: new Date(),
          onProgress: progressLines(),
        }),
      ).finally(close);
      output.json({ file, ...result });
      output.line(
        `saved ${result.rows} rows and ${result.blobs} blobs in ${file} (${result.sizeBytes} bytes)`,
      );
    });

  program
    .command('restore')
    .argument('<file>', 'a file that `callbay backup` made')
    .option('--force', 'replace what is there')
    .description('put a backup back, whole or not at all; Callbay must not run on the target')
    .action(async (file: string, options: { force?: boolean }, command: Command) => {
      const { config, output } = hostContextOf(command);
      await makeHome(config.home);
      const hasKey = config.secretKey !== null || existsSync(config.secretKeyFile);
      const secretKey = hasKey ? await loadSecretKey(config) : null;
      const { restoreBackup } = await import('@callbay/backup');
      const { applyMigrations, openDatabase } = await import('@callbay/postgres');
      const { bindInstallation } = await import('@callbay/role');
      const { openStoredBytes } = await import('../stored-bytes.ts');
      const { bytes, close } = openStoredBytes(config, { isNew: true });
      const result = await withDatabase(config, async (connectionString) => {
        await applyMigrations(connectionString);
        const restored = await restoreBackup({
          file,
          connectionString,
          bytes,
          secretKey,
          keyFiles: keyFilesOf(config),
          isForced: options.force === true,
          onProgress: progressLines(),
        });
        await using db = openDatabase({ connectionString, max: 1, applicationName: 'callbay-restore' });
        const { createBlobStore } = await import('@callbay/blobs');
        const blobs = createBlobStore(config);
        await bindInstallation(db, config, blobs.marker).finally(() => blobs.close());
        return restored;
      }).finally(close);
      output.json(result);
      output.line(`restored ${result.rows} rows and ${result.blobs} blobs as of ${result.createdAt}`);
    });
}
