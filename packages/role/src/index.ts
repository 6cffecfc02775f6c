/**
 * What every long-running process starts with: configuration, logs, an orderly shutdown, the database, the store of
 * bytes, shared metrics and the queue. It never holds what only one role needs. The main files of intake, pipeline and api call it first and
 * then wire their own parts.
 */
export {
  bindInstallation,
  type InstallationState,
  joinInstallation,
  judgeInstallation,
  readInstallationIds,
  refusalOf,
} from './installation.ts';
export { openRole, type Role } from './open-role.ts';
export { createProbes, type Probes } from './probes.ts';
