import type { Config } from './config.ts';
import { describeS3 } from './s3-config.ts';

export interface ConfigLine {
  readonly variable: string;
  /** As text, secrets masked; null where it is not set and has no default. */
  readonly value: string | null;
  readonly note: string;
}

/** The same URL with its password masked. */
export function maskUrl(text: string): string {
  const url = URL.parse(text);
  if (!url) return '***';
  if (url.password) url.password = '***';
  for (const name of [...url.searchParams.keys()]) {
    if (/pass|secret|key|token/i.test(name)) url.searchParams.set(name, '***');
  }
  return url.href;
}

/** The effective configuration, one line per variable, with no secret in it. */
export function describeConfig(config: Config): readonly ConfigLine[] {
  const chosen = (isChosen: boolean): string => (isChosen ? 'as set' : 'default; another when taken');
  return [
    { variable: 'CALLBAY_HOME', value: config.home, note: 'where everything of ours rests' },
    { variable: 'CALLBAY_BIND', value: config.bind, note: 'address that both servers listen on' },
    { variable: 'CALLBAY_PUBLIC_HOST', value: config.publicHost, note: 'host name told to customers' },
    {
      variable: 'CALLBAY_PUBLIC_SFTP_PORT',
      value: String(config.sftp.publicPort),
      note: 'SFTP port told to customers; that of CALLBAY_SFTP_PORT unless set',
    },
    {
      variable: 'CALLBAY_HTTP_PORT',
      value: String(config.http.port),
      note: chosen(config.http.isPortChosen),
    },
    {
      variable: 'CALLBAY_SFTP_PORT',
      value: String(config.sftp.port),
      note: chosen(config.sftp.isPortChosen),
    },
    {
      variable: 'CALLBAY_TRUST_PROXY',
      value: config.http.trustProxy.join(',') || null,
      note: 'proxies whose forwarding headers are believed',
    },
    {
      variable: 'CALLBAY_PROXY_PROTOCOL_FROM',
      value: config.sftp.proxies.join(',') || null,
      note: 'load balancers before SFTP that say in the PROXY protocol whom they connect',
    },
    {
      variable: 'CALLBAY_TLS_CERT',
      value: config.http.tls?.certFile ?? null,
      note: config.http.tls ? 'HTTP is served over TLS with this certificate' : 'HTTP is served without TLS',
    },
    {
      variable: 'CALLBAY_TLS_KEY',
      value: config.http.tls?.keyFile ?? null,
      note: 'the private key of CALLBAY_TLS_CERT',
    },
    {
      variable: 'DATABASE_URL',
      value: config.databaseUrl && maskUrl(config.databaseUrl),
      note: config.databaseUrl ? 'a Postgres of yours' : 'embedded Postgres below CALLBAY_HOME',
    },
    {
      variable: 'CALLBAY_DATABASE_OWNER_URL',
      value: config.databaseOwnerUrl && maskUrl(config.databaseOwnerUrl),
      note: 'who migrates, backs up and restores, where DATABASE_URL may only read and write rows',
    },
    {
      variable: 'REDIS_URL',
      value: config.redisUrl && maskUrl(config.redisUrl),
      note: config.redisUrl ? 'the queue' : 'the queue rests in Postgres',
    },
    {
      variable: 'CALLBAY_SECRET_KEY',
      value: config.secretKey && '***',
      note: config.secretKey ? 'as set' : `in ${config.secretKeyFile}`,
    },
    { variable: 'CALLBAY_LOG_LEVEL', value: config.logLevel, note: 'least severe level that is written' },
    {
      variable: 'CALLBAY_METRICS_TOKEN',
      value: config.metricsToken && '***',
      note: config.metricsToken
        ? 'what scrapers of /metrics send'
        : '/metrics is for an operator’s key, and for this machine',
    },
    {
      variable: 'CALLBAY_ROLES',
      value: config.roles.join(','),
      note: 'what `callbay up` starts on this node',
    },
    {
      variable: 'CALLBAY_INTAKE_PROCESSES',
      value: String(config.intakeProcesses),
      note: 'SFTP server processes sharing the port',
    },
    {
      variable: 'CALLBAY_DISK_FLOOR_MIB',
      value: config.diskFloorBytes === null ? null : String(config.diskFloorBytes / 2 ** 20),
      note:
        config.diskFloorBytes === null
          ? 'uploads are refused while less than 2 GiB, or a tenth of a smaller disk, is free'
          : 'uploads are refused while less is free',
    },
    {
      variable: 'CALLBAY_BLOBS',
      value: config.blobs === null ? 'disk' : `s3://${config.blobs.bucket}/${config.blobs.prefix}`,
      note:
        config.blobs === null
          ? `stored bytes rest in ${config.blobsFolder}`
          : 'stored bytes rest in this bucket',
    },
    {
      variable: 'CALLBAY_FOLDER_ROOT',
      value: config.folders?.root ?? null,
      note: config.folders
        ? 'where folders of tenants are scanned for files'
        : 'no folder is scanned for files',
    },
    {
      variable: 'CALLBAY_FOLDER_SCAN_SECONDS',
      value: config.folders && String(config.folders.scanMs / 1_000),
      note: 'how often a folder is scanned at least',
    },
    {
      variable: 'CALLBAY_FOLDER_SETTLE_SECONDS',
      value: config.folders && String(config.folders.settleMs / 1_000),
      note: 'how long a file must not change before it counts as whole',
    },
    ...describeS3(config.s3),
    {
      variable: 'CALLBAY_SMTP_URL',
      value: config.mail && maskUrl(config.mail.smtpUrl),
      note: config.mail ? 'where alerts go out by e-mail' : 'no alert goes out by e-mail',
    },
    { variable: 'CALLBAY_MAIL_FROM', value: config.mail?.from ?? null, note: 'who alerts come from' },
    {
      variable: 'CALLBAY_WEBHOOK_ALLOW',
      value: config.webhookAllow.join(',') || null,
      note: 'ranges that webhooks may go to although they are not public',
    },
  ];
}
