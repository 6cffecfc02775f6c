import { hostname } from 'node:os';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The numbers one process counts. No label ever names a tenant: names are theirs, and labels are kept for good. */
export interface Metrics {
  readonly registry: Registry;
  readonly filesReceived: Counter<'drop'>;
  readonly bytesReceived: Counter<'drop'>;
  readonly callsSurfaced: Counter;
  readonly callsUpdated: Counter;
  /** From the last byte received to the call being visible. */
  readonly surfaceSeconds: Histogram;
  readonly sftpSessions: Gauge;
  readonly sftpLogins: Counter<'result'>;
  readonly uploadsFailed: Counter;
  readonly descriptorsExhausted: Counter;
  readonly jobs: Counter<'job' | 'result'>;
  readonly jobSeconds: Histogram<'job'>;
  readonly sweepSeconds: Histogram<'sweep'>;
  readonly alertsOpen: Gauge<'kind'>;
  /** Until an answer begins: how long its body then takes is the client's doing. */
  readonly httpSeconds: Histogram<'method' | 'route' | 'status'>;
  /** Read by `callbay doctor`. */
  readonly httpUntrustedForwarded: Counter;
}

const SHORT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];

/** What tells one process's numbers from another's. */
export interface ProcessLabels {
  readonly role: string;
  /** Host and process id. */
  readonly process: string;
}

export const processLabels = (role: string): ProcessLabels => ({
  role,
  process: `${hostname()}:${process.pid}`,
});

/** A fresh registry with all our metrics, and Node's own when `withProcess`; every series has the `labels`. */
export function createMetrics(options: {
  readonly withProcess: boolean;
  readonly labels?: ProcessLabels;
}): Metrics {
  const registry = new Registry();
  if (options.labels) registry.setDefaultLabels({ ...options.labels });
  const registers = [registry];
  if (options.withProcess) collectDefaultMetrics({ register: registry });
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name: `callbay_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `callbay_${name}`, help, registers });
  const histogram = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Histogram<L>({ name: `callbay_${name}`, help, labelNames, buckets: SHORT_BUCKETS, registers });
  return {
    registry,
    filesReceived: counter('files_received_total', 'Files acknowledged to their sender', ['drop']),
    bytesReceived: counter('received_bytes_total', 'Bytes of acknowledged files', ['drop']),
    callsSurfaced: counter('calls_surfaced_total', 'Calls that became visible'),
    callsUpdated: counter('calls_updated_total', 'Revisions of visible calls'),
    surfaceSeconds: histogram('surface_seconds', 'From the last byte received to the call being visible'),
    sftpSessions: gauge('sftp_sessions', 'Open SFTP sessions'),
    sftpLogins: counter('sftp_logins_total', 'SFTP logins tried, by result', ['result']),
    uploadsFailed: counter('uploads_failed_total', 'Uploads that were refused or could not be kept'),
    descriptorsExhausted: counter(
      'sftp_descriptors_exhausted_total',
      'SFTP requests that failed since no more files may be opened: raise the limit (ulimit -n)',
    ),
    jobs: counter('jobs_total', 'Jobs that ended, by result', ['job', 'result']),
    jobSeconds: histogram('job_seconds', 'Time a job took', ['job']),
    sweepSeconds: histogram('sweep_seconds', 'Time a sweep took', ['sweep']),
    alertsOpen: new Gauge({
      name: 'callbay_alerts_open',
      help: 'Open alerts, by kind',
      labelNames: ['kind'],
      registers,
    }),
    httpSeconds: histogram('http_request_seconds', 'Time until an HTTP request is answered', [
      'method',
      'route',
      'status',
    ]),
    httpUntrustedForwarded: counter(
      'http_untrusted_forwarded_total',
      'Requests with X-Forwarded-For while no proxy is trusted',
    ),
  };
}
