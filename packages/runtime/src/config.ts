import { isIP } from 'node:net';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { type BucketPlace, blobsPlace } from './blobs-config.ts';
import { whyHomeUnusable } from './check-home.ts';
import { ROLES, type RoleName } from './roles.ts';
import { S3_PAIRS, type S3Config, s3ConfigOf, s3Variables } from './s3-config.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** The effective configuration of one process, frozen. */
export interface Config {
  /** Absolute path of CALLBAY_HOME. */
  readonly home: string;
  readonly blobsFolder: string;
  /** Uploads in progress; on the same file system as the blobs, so that finishing one is a rename. */
  readonly spoolFolder: string;
  readonly operatorKeyFile: string;
  readonly secretKeyFile: string;
  /** The id of the installation that the home belongs to. */
  readonly installationFile: string;
  readonly bind: string;
  /** The name customers reach us by, shown with their SFTP credentials. */
  readonly publicHost: string;
  readonly http: {
    readonly port: number;
    /** False: the default, which gives way to another when taken. */
    readonly isPortChosen: boolean;
    /** Addresses and CIDR ranges whose X-Forwarded-* headers are believed. */
    readonly trustProxy: readonly string[];
    /** Where the certificate that HTTP is served with rests, and its key; null: without TLS. */
    readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  };
  readonly sftp: {
    readonly port: number;
    readonly isPortChosen: boolean;
    /** The port customers connect to, where something forwards it to ours. */
    readonly publicPort: number;
    readonly isPublicPortChosen: boolean;
    /** Addresses and CIDR ranges of load balancers that send PROXY headers. */
    readonly proxies: readonly string[];
  };
  /** Null: an embedded Postgres below the home. */
  readonly databaseUrl: string | null;
  /** Who owns the tables and migrates them, where the roles' own login does not; null: DATABASE_URL does both. */
  readonly databaseOwnerUrl: string | null;
  /** Null: the queue rests in Postgres. */
  readonly redisUrl: string | null;
  /** 32 bytes, or null where `loadSecretKey` takes them from the home. */
  readonly secretKey: Buffer | null;
  readonly logLevel: LogLevel;
  /** What scrapers of `/metrics` send as a bearer token; null: an operator's key, or nothing from the machine itself. */
  readonly metricsToken: string | null;
  /** What `callbay up` starts on this node; all but where nodes share the work. */
  readonly roles: readonly RoleName[];
  readonly intakeProcesses: number;
  /** Bytes that must stay free on the disk of the stored bytes; null for the default, which goes by its size. */
  readonly diskFloorBytes: number | null;
  /** Where tenants' folders are scanned for files that other programs leave there; null: nowhere. */
  readonly folders: { readonly root: string; readonly scanMs: number; readonly settleMs: number } | null;
  /** The server of buckets; null: none is used. */
  readonly s3: S3Config | null;
  /** The bucket that stored bytes rest in; null: they rest on disk, in `blobsFolder`. */
  readonly blobs: BucketPlace | null;
  /** Where e-mail goes out; null: none does. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | null;
  /** CIDR ranges that webhooks may go to although they are not public. */
  readonly webhookAllow: readonly string[];
  /** What looks like a misspelling and stops nothing: unknown CALLBAY_ variables. */
  readonly warnings: readonly string[];
}

export interface ConfigProblem {
  readonly variable: string;
  readonly message: string;
}

/** The environment cannot be used; `problems` are all there are, and no message repeats a secret. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(`the configuration has ${problems.length} problem(s):\n${problems.map(toLine).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const toLine = ({ variable, message }: ConfigProblem): string => `  ${variable}: ${message}`;

/** The process's environment; the one place that reads it. */
export const readEnv = (): Readonly<Record<string, string | undefined>> => process.env;

const portNumber = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number, 0 to 65535')
  .transform(Number)
  .refine((port) => port <= 65_535, 'must be a port number, 0 to 65535');

function urlOf(kind: string, protocols: readonly string[]) {
  return z.string().refine(
    (text) => {
      const url = URL.parse(text);
      return url !== null && protocols.includes(url.protocol);
    },
    `must be a ${kind} URL, starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );
}

/** 32 bytes in hex, base64 or base64url. */
export function parseSecretKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return null;
}

const secretKey = z
  .string()
  .transform(parseSecretKey)
  .refine(
    (key) => key !== null,
    'must be 32 bytes in base64 or hex: make one with `openssl rand -base64 32`',
  );

const host = z.string().regex(/^[\w.:-]+$/, 'must be a host name or an IP address');
const bindAddress = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || text === 'localhost',
    'must be an IP address of this machine, such as 127.0.0.1 or 0.0.0.0, or localhost',
  );
const hostList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const cidrList = hostList.refine(
  (ranges) => ranges.every((range) => cidr.safeParse(range).success),
  'must be CIDR ranges, such as 10.0.0.0/8,fd00::/8',
);
const addressList = hostList.refine(
  (ranges) => ranges.every((range) => isIP(range) !== 0 || cidr.safeParse(range).success),
  'must be IP addresses or CIDR ranges, such as 10.0.0.7,10.1.0.0/16',
);
const NAMED_RANGES = ['loopback', 'linklocal', 'uniquelocal'];
const proxyList = hostList.refine(
  (ranges) =>
    ranges.every(
      (range) => isIP(range) !== 0 || cidr.safeParse(range).success || NAMED_RANGES.includes(range),
    ),
  `must be IP addresses or CIDR ranges, such as 10.0.0.7,10.1.0.0/16, or ${NAMED_RANGES.join(', ')}`,
);
const roleList = hostList
  .transform((names) => (names.length === 1 && names[0] === 'all' ? [...ROLES] : names))
  .refine(
    (names): names is RoleName[] => names.every((name) => (ROLES as readonly string[]).includes(name)),
    `must be a choice of ${ROLES.join(', ')}`,
  )
  .transform((names) => ROLES.filter((role) => names.includes(role)));
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A number of seconds, as milliseconds. */
const secondsFrom1 = (fallbackMs: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'must be a number of seconds, 1 to 9999')
    .transform((text) => Number(text) * 1_000)
    .default(fallbackMs);

const DEFAULT_HOME = '.callbay';

const schema = z.object({
  CALLBAY_HOME: z.string().default(DEFAULT_HOME),
  CALLBAY_HTTP_PORT: portNumber.optional(),
  CALLBAY_SFTP_PORT: portNumber.optional(),
  CALLBAY_BIND: bindAddress.default('127.0.0.1'),
  CALLBAY_PUBLIC_HOST: host.optional(),
  CALLBAY_PUBLIC_SFTP_PORT: portNumber.optional(),
  CALLBAY_TRUST_PROXY: proxyList.default([]),
  CALLBAY_PROXY_PROTOCOL_FROM: addressList.default([]),
  CALLBAY_TLS_CERT: z.string().optional(),
  CALLBAY_TLS_KEY: z.string().optional(),
  DATABASE_URL: urlOf('Postgres', ['postgres:', 'postgresql:']).optional(),
  CALLBAY_DATABASE_OWNER_URL: urlOf('Postgres', ['postgres:', 'postgresql:']).optional(),
  REDIS_URL: urlOf('Redis', ['redis:', 'rediss:']).optional(),
  CALLBAY_SECRET_KEY: secretKey.optional(),
  CALLBAY_LOG_LEVEL: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
  CALLBAY_METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,256}$/, 'must be 16 to 256 printable characters without spaces')
    .optional(),
  CALLBAY_ROLES: roleList.default([...ROLES]),
  CALLBAY_INTAKE_PROCESSES: z
    .string()
    .regex(/^([1-9]|[1-5]\d|6[0-4])$/, 'must be a number from 1 to 64')
    .transform(Number)
    .default(1),
  CALLBAY_DISK_FLOOR_MIB: z
    .string()
    .regex(/^\d{1,8}$/, 'must be a number of MiB, 0 for no floor')
    .transform(Number)
    .optional(),
  CALLBAY_FOLDER_ROOT: z
    .string()
    .refine((path) => isAbsolute(path), 'must be an absolute path')
    .optional(),
  CALLBAY_FOLDER_SCAN_SECONDS: secondsFrom1(5_000),
  CALLBAY_FOLDER_SETTLE_SECONDS: secondsFrom1(10_000),
  ...s3Variables,
  CALLBAY_BLOBS: blobsPlace.default(null),
  CALLBAY_SMTP_URL: urlOf('SMTP', ['smtp:', 'smtps:']).optional(),
  CALLBAY_MAIL_FROM: z.email('must be an e-mail address').optional(),
  CALLBAY_WEBHOOK_ALLOW: cidrList.default([]),
});

/** Every variable that `loadConfig` reads. */
export const configVariables: readonly string[] = Object.keys(schema.shape);

const TLS_PARTS = [
  ['CALLBAY_TLS_CERT', 'CALLBAY_TLS_KEY', 'the file of its private key'],
  ['CALLBAY_TLS_KEY', 'CALLBAY_TLS_CERT', 'the file of the certificate and its chain'],
] as const;

/** An empty value in an env file means "not set". */
function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1].trim() !== '',
    ),
  );
}

function findProblems(
  parsed: ReturnType<typeof schema.safeParse>,
  env: Record<string, string>,
): ConfigProblem[] {
  const problems = (parsed.error?.issues ?? []).map(({ path, message }) => ({
    variable: path.join('.'),
    message,
  }));
  if (env.DATABASE_URL && !env.CALLBAY_SECRET_KEY) {
    const message =
      'is required with DATABASE_URL, so that every node reads the same secrets: `openssl rand -base64 32`';
    problems.push({ variable: 'CALLBAY_SECRET_KEY', message });
  }
  const roles = parsed.data?.CALLBAY_ROLES ?? ROLES;
  if (roles.length < ROLES.length && !env.DATABASE_URL) {
    const message =
      'is required where CALLBAY_ROLES leaves a role to another node: the database that they share';
    problems.push({ variable: 'DATABASE_URL', message });
  }
  if (env.CALLBAY_DATABASE_OWNER_URL && !env.DATABASE_URL) {
    const message = 'is required with CALLBAY_DATABASE_OWNER_URL: the login that the roles use';
    problems.push({ variable: 'DATABASE_URL', message });
  }
  for (const [set, missing, what] of [...TLS_PARTS, ...S3_PAIRS]) {
    if (env[set] && !env[missing]) {
      problems.push({ variable: missing, message: `is required with ${set}: ${what}` });
    }
  }
  if (parsed.data?.CALLBAY_BLOBS && !env.CALLBAY_S3_ENDPOINT && !env.CALLBAY_S3_REGION) {
    const message =
      'is required with CALLBAY_BLOBS=s3://…: the region of the bucket, or CALLBAY_S3_ENDPOINT for a server that is not AWS';
    problems.push({ variable: 'CALLBAY_S3_REGION', message });
  }
  if (env.CALLBAY_SMTP_URL && !env.CALLBAY_MAIL_FROM) {
    const message = 'is required with CALLBAY_SMTP_URL: the address that alerts come from';
    problems.push({ variable: 'CALLBAY_MAIL_FROM', message });
  }
  const { CALLBAY_HTTP_PORT: http, CALLBAY_SFTP_PORT: sftp } = env;
  if (http !== undefined && http === sftp && http !== '0') {
    problems.push({ variable: 'CALLBAY_SFTP_PORT', message: 'must differ from CALLBAY_HTTP_PORT' });
  }
  return problems;
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (part && typeof part === 'object' && !Buffer.isBuffer(part)) deepFreeze(part);
  }
  return Object.freeze(value);
}

/**
 * Reads the configuration out of an environment. Throws a ConfigError that names every problem at once; `usesHome`
 * includes a home that cannot be written.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = readEnv(),
  { usesHome = false }: { readonly usesHome?: boolean } = {},
): Config {
  const env = withoutEmpty(environment);
  const parsed = schema.safeParse(env);
  const problems = findProblems(parsed, env);
  const unusable = usesHome ? whyHomeUnusable(resolve(env.CALLBAY_HOME ?? DEFAULT_HOME)) : null;
  if (unusable !== null) problems.push({ variable: 'CALLBAY_HOME', message: unusable });
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const values = parsed.data;
  const home = resolve(values.CALLBAY_HOME);
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith('CALLBAY_') && !configVariables.includes(name),
  );
  return deepFreeze({
    home,
    blobsFolder: join(home, 'blobs'),
    spoolFolder: join(home, 'spool'),
    operatorKeyFile: join(home, 'operator.key'),
    secretKeyFile: join(home, 'secret.key'),
    installationFile: join(home, 'installation'),
    bind: values.CALLBAY_BIND,
    publicHost: values.CALLBAY_PUBLIC_HOST ?? values.CALLBAY_BIND,
    http: {
      port: values.CALLBAY_HTTP_PORT ?? 8080,
      isPortChosen: values.CALLBAY_HTTP_PORT !== undefined,
      trustProxy: values.CALLBAY_TRUST_PROXY,
      tls:
        values.CALLBAY_TLS_CERT === undefined || values.CALLBAY_TLS_KEY === undefined
          ? null
          : { certFile: resolve(values.CALLBAY_TLS_CERT), keyFile: resolve(values.CALLBAY_TLS_KEY) },
    },
    sftp: {
      port: values.CALLBAY_SFTP_PORT ?? 2222,
      isPortChosen: values.CALLBAY_SFTP_PORT !== undefined,
      publicPort: values.CALLBAY_PUBLIC_SFTP_PORT ?? values.CALLBAY_SFTP_PORT ?? 2222,
      isPublicPortChosen: values.CALLBAY_PUBLIC_SFTP_PORT !== undefined,
      proxies: values.CALLBAY_PROXY_PROTOCOL_FROM,
    },
    databaseUrl: values.DATABASE_URL ?? null,
    databaseOwnerUrl: values.CALLBAY_DATABASE_OWNER_URL ?? null,
    redisUrl: values.REDIS_URL ?? null,
    secretKey: values.CALLBAY_SECRET_KEY ?? null,
    logLevel: values.CALLBAY_LOG_LEVEL,
    metricsToken: values.CALLBAY_METRICS_TOKEN ?? null,
    roles: values.CALLBAY_ROLES,
    intakeProcesses: values.CALLBAY_INTAKE_PROCESSES,
    diskFloorBytes:
      values.CALLBAY_DISK_FLOOR_MIB === undefined ? null : values.CALLBAY_DISK_FLOOR_MIB * 2 ** 20,
    folders:
      values.CALLBAY_FOLDER_ROOT === undefined
        ? null
        : {
            root: resolve(values.CALLBAY_FOLDER_ROOT),
            scanMs: values.CALLBAY_FOLDER_SCAN_SECONDS,
            settleMs: values.CALLBAY_FOLDER_SETTLE_SECONDS,
          },
    s3: s3ConfigOf(values),
    blobs: values.CALLBAY_BLOBS,
    mail:
      values.CALLBAY_SMTP_URL === undefined || values.CALLBAY_MAIL_FROM === undefined
        ? null
        : { smtpUrl: values.CALLBAY_SMTP_URL, from: values.CALLBAY_MAIL_FROM },
    webhookAllow: values.CALLBAY_WEBHOOK_ALLOW,
    warnings: unknown.map((name) => `${name} is not a variable of ours: it has no effect`),
  });
}
