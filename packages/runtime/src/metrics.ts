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
  readonly s3MessagesIgnored: Counter<'kind'>;
  readonly jobs: Counter<'job' | 'result'>;
  readonly jobSeconds: Histogram<'job'>;
  readonly sweepSeconds: Histogram<'sweep'>;
  readonly alertsOpen: Gauge<'kind'>;
  readonly openFiles: Gauge<'state'>;
  readonly recentFiles: Gauge<'code'>;
  readonly backlogAgeSeconds: Gauge;
  readonly storedBytes: Gauge;
  readonly diskFreeBytes: Gauge;
  readonly eventLagSeconds: Gauge<'consumer'>;
  readonly eventLagEvents: Gauge<'consumer'>;
  /** Until an answer begins: how long its body then takes is the client's doing. */
  readonly httpSeconds: Histogram<'method' | 'route' | 'status'>;
  /** Read by `callbay doctor`. */
  readonly httpUntrustedForwarded: Counter;
}

/** prom-client's metrics of a histogram that wakes the process 100 times a second, also where nothing happens. */
const LAG_HISTOGRAM = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (name) => `nodejs_eventloop_lag_${name}_seconds`,
);
/** The histogram cannot be left out: so long apart, its samples are none. */
const NO_SAMPLES_MS = 2 ** 31 - 1;

/** Node's own metrics, all read when they are asked for: an idle process does nothing for them. */
function collectProcess(registry: Registry): void {
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: NO_SAMPLES_MS,
    gcDurationBuckets: PAUSE_BUCKETS,
  });
  for (const name of LAG_HISTOGRAM) registry.removeSingleMetric(name);
  let last = performance.eventLoopUtilization();
  new Gauge({
    name: 'callbay_event_loop_utilization',
    help: 'Share of the time since the last reading in which the event loop was busy, from 0 to 1',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });
}

const SHORT_BUCKETS = [0.01, 0.05, 0.25, 1, 5, 30];
/** Node's own pauses: only long ones are anybody's business. */
const PAUSE_BUCKETS = [0.01, 0.1, 1];

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

export interface MetricsOptions {
  readonly withProcess: boolean;
  readonly labels?: ProcessLabels;
  readonly version?: string;
}

/**
 * A fresh registry with Node's own metrics when `withProcess`, and with those of ours that the role of `labels` counts: a
 * series that cannot move says nothing. Every series has the `labels`. Without labels all are there.
 */
export function createMetrics({ withProcess, labels, version }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (labels) registry.setDefaultLabels({ ...labels });
  if (withProcess) collectProcess(registry);
  const forRole = (role: string) => {
    const registers = labels === undefined || labels.role === role ? [registry] : [];
    return {
      counter: <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
        new Counter<L>({ name: `callbay_${name}`, help, labelNames, registers }),
      gauge: <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
        new Gauge<L>({ name: `callbay_${name}`, help, labelNames, registers }),
      histogram: <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
        new Histogram<L>({ name: `callbay_${name}`, help, labelNames, buckets: SHORT_BUCKETS, registers }),
    };
  };
  const [intake, pipeline, api] = [forRole('intake'), forRole('pipeline'), forRole('api')];
  if (version !== undefined) {
    const help = 'The version that runs';
    const labelNames = ['version', 'node'];
    new Gauge({ name: 'callbay_build_info', help, labelNames, registers: [registry] }).set(
      { version, node: process.versions.node },
      1,
    );
  }
  return {
    registry,
    filesReceived: intake.counter('files_received_total', 'Files acknowledged to their sender', ['drop']),
    bytesReceived: intake.counter('received_bytes_total', 'Bytes of acknowledged files', ['drop']),
    callsSurfaced: pipeline.counter('calls_surfaced_total', 'Calls that became visible'),
    callsUpdated: pipeline.counter('calls_updated_total', 'Revisions of visible calls'),
    surfaceSeconds: pipeline.histogram(
      'surface_seconds',
      'From the last byte received to the call being visible',
    ),
    sftpSessions: intake.gauge('sftp_sessions', 'Open SFTP sessions'),
    sftpLogins: intake.counter('sftp_logins_total', 'SFTP logins tried, by result', ['result']),
    uploadsFailed: intake.counter('uploads_failed_total', 'Uploads that were refused or could not be kept'),
    descriptorsExhausted: intake.counter(
      'sftp_descriptors_exhausted_total',
      'SFTP requests that failed since no more files may be opened: raise the limit (ulimit -n)',
    ),
    s3MessagesIgnored: intake.counter(
      's3_messages_ignored_total',
      'Events of buckets that say nothing of a file, by kind: test, junk, foreign',
      ['kind'],
    ),
    jobs: pipeline.counter('jobs_total', 'Jobs that ended, by result', ['job', 'result']),
    jobSeconds: pipeline.histogram('job_seconds', 'Time a job took', ['job']),
    sweepSeconds: pipeline.histogram('sweep_seconds', 'Time a sweep took', ['sweep']),
    alertsOpen: api.gauge('alerts_open', 'Open alerts, by kind', ['kind']),
    openFiles: api.gauge('open_files', 'Files that are received and not read, or held', ['state']),
    recentFiles: api.gauge('recent_files', 'Files received in the last hour, by the code of their outcome', [
      'code',
    ]),
    backlogAgeSeconds: api.gauge('backlog_age_seconds', 'Age of the oldest file that nobody has read'),
    storedBytes: api.gauge('stored_bytes', 'Bytes stored in all'),
    eventLagSeconds: api.gauge(
      'event_lag_seconds',
      'Age of the oldest event that a feed or webhook has not delivered',
      ['consumer'],
    ),
    eventLagEvents: api.gauge(
      'event_lag_events',
      'Events that feeds or webhooks have not delivered, at most',
      ['consumer'],
    ),
    diskFreeBytes: api.gauge('disk_free_bytes', 'Bytes free on the disk of the stored bytes'),
    httpSeconds: api.histogram('http_request_seconds', 'Time until an HTTP request is answered', [
      'method',
      'route',
      'status',
    ]),
    httpUntrustedForwarded: api.counter(
      'http_untrusted_forwarded_total',
      'Requests with X-Forwarded-For while no proxy is trusted',
    ),
  };
}
