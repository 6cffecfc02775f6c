/**
 * What every process of ours stands on: configuration, secrets, logs, metrics and an orderly end. It knows
 * nothing of calls or tenants and never grows a feature that only one app needs: the list below is closed. The apps
 * call it, and hand what it makes to the packages; no package reads the environment by itself.
 */
export {
  type Config,
  ConfigError,
  type ConfigProblem,
  type LogLevel,
  loadConfig,
  readEnv,
} from './config.ts';
export {
  connectionBudget,
  type ProcessCounts,
  processesOf,
  ROLE_CONNECTIONS,
  type RoleConnections,
} from './connection-budget.ts';
export { type ConfigLine, describeConfig } from './describe-config.ts';
export { DRAIN_MS } from './drain.ts';
export { createFile, makeFolder, readFileIfThere, replaceFile } from './durable-file.ts';
export { homeMode, makeHome } from './home.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { createMetrics, type Metrics, type ProcessLabels, processLabels } from './metrics.ts';
export { exitWithParent, type ReadyReport, reportReady } from './parent.ts';
export { ROLES, type RoleName } from './roles.ts';
export type { S3Config } from './s3-config.ts';
export { loadSecretKey } from './secret-key.ts';
export { createSealer, decryptSecret, deriveKey, encryptSecret, SecretError } from './secrets.ts';
export { explainPostgres, explainRedis, ServiceError } from './service-error.ts';
export { readAllMetrics, type SnapshotStore, shareMetrics } from './shared-metrics.ts';
export { onShutdown, type Shutdown, type ShutdownOptions } from './shutdown.ts';
export { readTlsIdentity, type TlsFiles, type TlsIdentity, watchTlsIdentity } from './tls.ts';
