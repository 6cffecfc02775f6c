import { join } from 'node:path';
import { isPortFree } from '@callbay/embedded';
import {
  type Config,
  connectionBudget,
  type Logger,
  loadSecretKey,
  processesOf,
  type RoleName,
  readEnv,
  type Shutdown,
} from '@callbay/runtime';
import { httpAddress } from '../own-server.ts';
import { type Addresses, lockHome, removeAddresses, writeAddresses } from './home.ts';
import { choosePorts, type Ports, reachableHost } from './ports.ts';
import { type KeptPostgres, keepPostgres } from './postgres.ts';
import { type KeptRole, keepRole, type RoleEnv, type RolePlan } from './role.ts';

export interface SuperviseDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  /** The processes to keep; ours unless a test says otherwise. */
  readonly roles?: readonly RolePlan[];
  /**
   * Brings the database up to date, as its owner, before anything uses it. Resolves to what the roles log in with; null:
   * as the owner.
   */
  readonly prepareDatabase: (connectionString: string) => Promise<RoleLogin | null>;
  /** The environment that the configuration was read from; this process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Chooses ports that are free just now; `choosePorts` unless a test says otherwise. */
  readonly choosePorts?: typeof choosePorts;
  readonly onRoleReady?: (name: string, pid: number) => void;
  readonly onPostgresRestarted?: () => void;
}

export interface RoleLogin {
  readonly user: string;
  readonly password: string;
}

/** The same database with another login. */
function withLogin(url: string, login: RoleLogin | null): string {
  if (login === null) return url;
  const own = new URL(url);
  own.username = encodeURIComponent(login.user);
  own.password = encodeURIComponent(login.password);
  return own.href;
}

export interface Supervised {
  readonly addresses: Addresses;
  /** Of the database that the roles use. */
  readonly connectionString: string;
  readonly postgresPid: number | null;
}

const appsFolder = join(import.meta.dirname, '../../..');
const START_ORDER: readonly RoleName[] = ['pipeline', 'intake', 'api'];
const scriptOf = (app: string): string => join(appsFolder, app, 'src', 'main.ts');

/** Of the roles of this node, one pipeline, one api, and as many intakes as configured, sharing the SFTP port. */
export function planRoles(config: Pick<Config, 'intakeProcesses' | 'roles' | 'redisUrl'>): RolePlan[] {
  const counts = processesOf(config);
  return START_ORDER.flatMap((role) =>
    Array.from({ length: counts[role] }, (_, index) => ({
      name: counts[role] === 1 ? role : `${role}-${index + 1}`,
      script: scriptOf(role),
    })),
  );
}

interface Effective {
  ports: Ports;
  readonly secretKey: Buffer;
}

/** The children read the same variables as everybody, with every choice made. */
function childEnv(
  { config, env = readEnv() }: Pick<SuperviseDeps, 'config' | 'env'>,
  { ports, secretKey }: Effective,
  databaseUrl: string,
): RoleEnv {
  const http = String(ports.http ?? config.http.port);
  const sftp = String(ports.sftp ?? config.sftp.port);
  return {
    ...env,
    CALLBAY_HOME: config.home,
    CALLBAY_BIND: config.bind,
    CALLBAY_PUBLIC_HOST: config.publicHost,
    CALLBAY_PUBLIC_SFTP_PORT: String(config.sftp.isPublicPortChosen ? config.sftp.publicPort : sftp),
    CALLBAY_HTTP_PORT: http,
    CALLBAY_SFTP_PORT: sftp,
    CALLBAY_LOG_LEVEL: config.logLevel,
    CALLBAY_SECRET_KEY: secretKey.toString('base64'),
    DATABASE_URL: databaseUrl,
    // The roles have no use for the owner's rights.
    CALLBAY_DATABASE_OWNER_URL: '',
    REDIS_URL: config.redisUrl ?? '',
  };
}

async function openDatabase(
  deps: SuperviseDeps,
  onMoved: (url: string) => void,
): Promise<{ url: string; postgres: KeptPostgres | null }> {
  const { config, logger, shutdown } = deps;
  if (config.databaseUrl) return { url: config.databaseUrl, postgres: null };
  const postgres = await keepPostgres({
    home: config.home,
    maxConnections: Math.max(120, connectionBudget(config) + 10),
    logger,
    onMoved,
    ...(deps.onPostgresRestarted ? { onRestarted: deps.onPostgresRestarted } : {}),
  });
  shutdown.add('embedded Postgres', () => postgres.stop());
  return { url: postgres.connectionString, postgres };
}

async function stopRoles(roles: KeptRole[]): Promise<void> {
  await Promise.all(roles.splice(0).map((role) => role.stop()));
}

const MAX_PORT_CHOICES = 3;

/**
 * Starts every role into `roles` and resolves when all serve. Between choosing a port and listening on it another
 * process may take it: then others are chosen, unless that very port was asked for.
 */
async function startRoles(
  deps: SuperviseDeps,
  roles: KeptRole[],
  effective: Effective,
  databaseUrl: () => string,
): Promise<void> {
  const { config, logger, shutdown } = deps;
  for (let choice = 1; ; choice += 1) {
    effective.ports = await (deps.choosePorts ?? choosePorts)(config);
    for (const plan of deps.roles ?? planRoles(config)) {
      if (shutdown.signal.aborted)
        throw new Error(`stopped while starting: ${String(shutdown.signal.reason)}`);
      const env = childEnv(deps, effective, databaseUrl());
      roles.push(keepRole(plan, { logger, env, ...(deps.onRoleReady ? { onReady: deps.onRoleReady } : {}) }));
    }
    try {
      await Promise.all(roles.map((role) => role.ready));
      return;
    } catch (error) {
      await stopRoles(roles);
      const { http, sftp } = effective.ports;
      const isFree = async (port: number | null) => port === null || (await isPortFree(port, config.bind));
      const areFree = (await isFree(http)) && (await isFree(sftp));
      if (areFree || choice === MAX_PORT_CHOICES || shutdown.signal.aborted) throw error;
      logger.warn({ http, sftp }, 'a port was taken in the meantime; choosing again');
    }
  }
}

/**
 * Starts everything one machine needs and resolves when all of it serves. What was started is stopped by `shutdown`,
 * Postgres last. Throws HomeInUseError, PortTakenError, EmbeddedPostgresError or whatever `prepareDatabase` throws.
 */
export async function supervise(deps: SuperviseDeps): Promise<Supervised> {
  const { config, shutdown } = deps;
  const lock = await lockHome(config);
  shutdown.add('home lock', () => lock.release());
  // A taken port that was asked for is reported at once, before anything is made.
  const effective: Effective = { ports: await choosePorts(config), secretKey: await loadSecretKey(config) };
  const roles: KeptRole[] = [];
  let login: RoleLogin | null = null;
  const { url, postgres } = await openDatabase(deps, (moved) => {
    for (const role of roles) role.restart(childEnv(deps, effective, withLogin(moved, login)));
  });
  login = await deps.prepareDatabase(config.databaseOwnerUrl ?? url);
  const roleUrl = (): string => withLogin(postgres?.connectionString ?? url, login);
  shutdown.add('addresses', () => removeAddresses(config.home));
  shutdown.add('child processes', () => stopRoles(roles));
  await startRoles(deps, roles, effective, roleUrl);
  const { http, sftp } = effective.ports;
  const addresses = {
    http: http === null ? null : httpAddress(config, http),
    sftp: sftp === null ? null : `${reachableHost(config.bind)}:${sftp}`,
  };
  await writeAddresses(config.home, addresses);
  return {
    addresses,
    get connectionString() {
      return roleUrl();
    },
    get postgresPid() {
      return postgres?.pid ?? null;
    },
  };
}
