// A made-up measurement for the tests of reports, in which every number is recognisable.

import type { Measurement } from '../../../src/cli/measurement.ts';
import type { Subject } from '../../../src/cli/subject.ts';
import { checkBlockFile } from '../../../src/file/block-file.ts';
import type { MetricName, Mismatch, Omission, Report } from '../../../src/types.ts';

const address = `0x${'ab'.repeat(20)}` as const;
const hash = `0x${'5545384cb54e39ad'.repeat(4)}` as const;

export function report(changes: Partial<Report> = {}): Report {
  return {
    threading: 'shared',
    workers: 2,
    totalDurationMs: 231,
    loadMs: 3.1,
    setupMs: 1,
    executionMs: 219.2,
    decodeMs: 8.7,
    executions: 214,
    reexecutions: 14,
    aborts: 5,
    suspensions: 9,
    counters: {} as Readonly<Record<MetricName, number>>,
    perWorker: [],
    conflicts: [
      { location: { kind: 'storage', address, slot: '0x8' }, count: 7 },
      { location: { kind: 'balance', address: '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2' }, count: 1 },
    ],
    bound: {
      t1Ms: 400.5,
      tInfinityMs: 120.25,
      boundMs: 205.25,
      efficiency: 0.936,
      speedup: 1.83,
      speedupBound: 1.95,
      criticalPath: [
        { index: 3, durationMs: 1 },
        { index: 9, durationMs: 1, location: { kind: 'storage', address, slot: '0x8' } },
      ],
    },
    drains: 0,
    workersLost: 0,
    loadRounds: 0,
    memoryBytes: 0,
    memory: { fixed: 0, transactions: 0, locations: 0, arena: 0, code: 0 },
    ...changes,
  };
}

export function measurement(
  changes: { mismatches?: Mismatch[]; omitted?: Omission[]; sequential?: boolean; report?: Partial<Report> } = {},
): Measurement {
  const outcome = { receipts: [], receiptsRoot: hash, gasUsed: 12_345_678n, logsBloom: hash, stateDiff: new Map() };
  const result = {
    ...outcome,
    number: 19_426_587n,
    transactions: [],
    transactionsStateDiff: new Map(),
    mismatches: [],
    stateRoot: undefined,
    requestsHash: undefined,
    executionGasUsed: outcome.gasUsed,
    stateGasUsed: 0n,
    blockAccessList: undefined,
    blockAccessListHash: undefined,
    omitted: changes.omitted ?? [],
    report: report(changes.report),
  };
  const sequential = {
    ...outcome,
    stateDiffOfTransactions: new Map(),
    durationsMs: [],
    executionMs: 400,
    requestsHash: undefined,
  };
  return {
    result,
    durationMs: 231,
    mismatches: changes.mismatches ?? [],
    ...(changes.sequential !== false && { sequential: { result: sequential, durationMs: 412.3 } }),
  };
}

export function subject(): Subject {
  const block = {
    number: '0x12873db',
    parentHash: hash,
    miner: address,
    gasLimit: '0x1c9c380',
    timestamp: '0x1',
    difficulty: '0x1',
    receiptsRoot: hash,
    transactions: [],
  };
  return {
    name: 'block.json',
    file: checkBlockFile({ chainId: 1, hardfork: 'byzantium', block, pre: {} }),
    describe: ({ slot }) => (slot === '0x8' ? 'pair: reserves' : undefined),
  };
}
