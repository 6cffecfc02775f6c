import type { StatementCounters } from '@callbay/testkit';
import type { Figures, PairsMeasurement } from './measure-pairs.ts';
import type { PeerCosts } from './peers.ts';
import { ROLES } from './process-tree.ts';

const STATEMENTS = Number(process.env.BENCH_STATEMENTS ?? 12);
const MAX_TEXT = 90;

const write = (line: string): void => void process.stderr.write(`${line}\n`);
const fixed = (value: number, digits = 2): string => value.toFixed(digits).padStart(10);

/** CPU by role, in milliseconds. */
export function printCpu({ cpuMs, totalCpuMs, postgresCpuMs }: Figures, unit: string): void {
  for (const role of ROLES)
    if (cpuMs[role] > 0.0005) write(`  ${role.padEnd(28)}${fixed(cpuMs[role])} ms CPU ${unit}`);
  write(`  ${'all of the product'.padEnd(28)}${fixed(totalCpuMs)} ms CPU ${unit}`);
  const shares = [...postgresCpuMs].filter(([, ms]) => ms > 0.005).sort(([, a], [, b]) => b - a);
  write(`  of postgres, with idle: ${shares.map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(', ')}`);
}

/** What Postgres counted, and context switches. */
export function printCounters({ counters, switches }: Figures, unit: string): void {
  const lines: [string, number][] = [
    ['statements', counters.statements],
    ['commits', counters.commits],
    ['rollbacks', counters.rollbacks],
    ['WAL bytes', counters.walBytes],
    ['WAL fsyncs', counters.walFsyncs],
    ['all fsyncs of Postgres', counters.fsyncs],
    ['buffers', counters.buffers],
    ['rows that scans returned', counters.rowsScanned],
    ['context switches', switches],
  ];
  for (const [name, value] of lines) write(`  ${name.padEnd(28)}${fixed(value, 1)} ${unit}`);
}

function printStatements(statements: readonly StatementCounters[]): void {
  if (STATEMENTS === 0) return;
  write(
    `  ${'calls'.padStart(7)}${'ms'.padStart(8)}${'buffers'.padStart(9)}${'WAL'.padStart(8)}  statement, each a pair`,
  );
  for (const { calls, elapsedMs, buffers, walBytes, text } of statements.slice(0, STATEMENTS)) {
    const figures = [calls.toFixed(2).padStart(7), elapsedMs.toFixed(3).padStart(8)];
    const sizes = [buffers.toFixed(1).padStart(9), walBytes.toFixed(0).padStart(8)];
    write(
      `  ${figures.join('')}${sizes.join('')}  ${text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_TEXT)}`,
    );
  }
}

export function printMeasurement(label: string, measured: PairsMeasurement): void {
  write(`${label}:`);
  printCpu(measured.perPair, 'a pair');
  write(`  ${'the clients, apart'.padEnd(28)}${fixed(measured.clientCpuMs)} ms CPU a pair`);
  printCounters(measured.perPair, 'a pair');
  write(`  ${'pairs surfaced'.padEnd(28)}${fixed(measured.pairsPerSecond, 1)} a second`);
  write(`  ${'last upload to last surfaced'.padEnd(28)}${fixed(measured.lagMs, 0)} ms`);
  write(`  idle, subtracted: ${(measured.idlePerSecond.totalCpuMs / 10).toFixed(2)}% of a core`);
  printStatements(measured.statements);
}

export function printPeers({ queue, insert, read }: PeerCosts): void {
  write(
    `  peers, CPU ms a pair: two empty BullMQ jobs ${queue.toFixed(2)}, INSERT of the same rows by unnest ` +
      `${insert.toFixed(2)}, JSON.parse and SHA-256 ${read.toFixed(2)}`,
  );
}
