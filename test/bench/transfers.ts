// Blocks of plain transfers, where everything but the transfer itself is overhead: ns per transaction, and what it consists of.

import { createEngine } from '../../src/engine/engine.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import { type BlockFile, checkBlockFile } from '../../src/file/block-file.ts';
import type { BlockResult, Engine, Report } from '../../src/types.ts';
import type { CoreCosts } from './core.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { fixed, NONE, percent, table, times } from './table.ts';

const SHAPES = {
  'distinct accounts': (index: number) => ({ sender: index, recipient: index }),
  /** A chain: each transaction needs the nonce and the balance that the one before left. */
  'one sender': (index: number) => ({ sender: 0, recipient: index }),
  /** No chain: what comes in is added without looking. */
  'one recipient': (index: number) => ({ sender: index, recipient: 0 }),
} as const;

type Shape = keyof typeof SHAPES;

/** Nanoseconds per transaction of execution; counts per transaction. */
export interface TransferFigures {
  shape: Shape;
  transactions: number;
  oneWorkerNs: Spread;
  twoWorkersNs: Spread;
  /** From the call of `executeBlock` to its result. */
  oneWorkerWholeNs: Spread;
  twoWorkersWholeNs: Spread;
  /** Sequential ethereumjs, for the smaller blocks. */
  sequentialNs: number | undefined;
  /** Over execution, two workers: the best that the block's dependencies allow. */
  efficiency: number;
  reads: number;
  writes: number;
  /** Commits that had to look at their reads again, rather than at one clock; one worker and two. */
  validated: readonly [number, number];
  reexecutions: number;
}

export interface TransferOptions {
  sizes: readonly number[];
  rounds: number;
  warmUp: number;
  onProgress(text: string): void;
}

/** Blocks above this many transactions are not run by ethereumjs, and in a third of the rounds. */
const SEQUENTIAL_LIMIT = 2_000;
const TRANSFER_GAS = 21_000;

/** @throws Error where a result is not that of sequential execution */
export async function measureTransfers(options: TransferOptions): Promise<TransferFigures[]> {
  const memory = { maximumMiB: 512 };
  await using one = await createEngine({ executor: 'wasm', workers: 1, memory });
  await using two = await createEngine({ executor: 'wasm', workers: 2, memory });
  const figures: TransferFigures[] = [];
  for (const transactions of options.sizes) {
    for (const shape of Object.keys(SHAPES) as Shape[]) {
      options.onProgress(`${transactions} transfers, ${shape}`);
      figures.push(await measure(shape, transactions, { one, two }, options));
    }
  }
  return figures;
}

async function measure(
  shape: Shape,
  transactions: number,
  { one, two }: { one: Engine; two: Engine },
  { rounds, warmUp }: TransferOptions,
): Promise<TransferFigures> {
  const file = transferBlock(shape, transactions);
  const counted = transactions <= SEQUENTIAL_LIMIT ? rounds : Math.ceil(rounds / 3);
  const perTransaction = (ms: number) => (ms * 1e6) / transactions;
  const sequential = transactions <= SEQUENTIAL_LIMIT ? await runSequential(file) : undefined;
  const samples = { one: [] as number[], two: [] as number[], oneWhole: [] as number[], twoWhole: [] as number[] };
  let reports: [Report, Report] | undefined;
  for (let round = 0; round < warmUp + counted; round++) {
    const alone = await timed(one, file);
    const pair = await timed(two, file);
    const results = [alone.result, pair.result];
    checkTransfers(`${transactions} transfers, ${shape}`, transactions, results);
    // Hashing the receipts takes far longer than the transfers.
    if (round === 0) checkRoots(`${transactions} transfers, ${shape}`, results, sequential?.receiptsRoot);
    reports = [alone.result.report, pair.result.report];
    if (round < warmUp) continue;
    samples.one.push(perTransaction(alone.result.report.executionMs));
    samples.two.push(perTransaction(pair.result.report.executionMs));
    samples.oneWhole.push(perTransaction(alone.wholeMs));
    samples.twoWhole.push(perTransaction(pair.wholeMs));
  }
  const [alone, pair] = reports as [Report, Report];
  const share = (count: number) => count / transactions;
  const validated = ({ counters }: Report) => share(counters.commits - counters.stampedCommits);
  return {
    shape,
    transactions,
    oneWorkerNs: spreadOf(samples.one) as Spread,
    twoWorkersNs: spreadOf(samples.two) as Spread,
    oneWorkerWholeNs: spreadOf(samples.oneWhole) as Spread,
    twoWorkersWholeNs: spreadOf(samples.twoWhole) as Spread,
    sequentialNs: sequential && perTransaction(sequential.executionMs),
    efficiency: pair.bound.efficiency,
    reads: share(alone.counters.reads),
    writes: share(alone.counters.writes),
    validated: [validated(alone), validated(pair)],
    reexecutions: share(pair.reexecutions),
  };
}

async function timed(engine: Engine, file: BlockFile): Promise<{ result: BlockResult; wholeMs: number }> {
  const { block, chainId, hardfork, state } = file;
  const start = performance.now();
  const result = await engine.executeBlock({ block, chainId, hardfork, state, senders: 'trust' });
  return { result, wholeMs: performance.now() - start };
}

function checkTransfers(name: string, count: number, results: readonly BlockResult[]): void {
  for (const { gasUsed, transactions } of results) {
    if (gasUsed !== BigInt(TRANSFER_GAS * count)) throw new Error(`${name}: gasUsed is ${gasUsed}`);
    if (!transactions.every(({ success }) => success)) throw new Error(`${name}: a transfer failed`);
  }
}

/** Where there is no sequential run, both must at least agree. */
function checkRoots(name: string, results: readonly BlockResult[], sequential: string | undefined): void {
  const expected = sequential ?? results[0]?.receiptsRoot;
  for (const { receiptsRoot } of results) {
    if (receiptsRoot !== expected) throw new Error(`${name}: receiptsRoot is ${receiptsRoot}, not ${expected}`);
  }
}

/** Unsigned transfers with their senders; every account that takes part exists. */
function transferBlock(shape: Shape, count: number): BlockFile {
  const address = (group: string, index: number) => `0x${group}${index.toString(16).padStart(38, '0')}`;
  const hex = (value: number | bigint) => `0x${value.toString(16)}`;
  const word = `0x${'11'.repeat(32)}`;
  const nonces = new Map<number, number>();
  const pre: Record<string, { balance: string; nonce: string }> = {};
  const coinbase = address('cc', 0);
  pre[coinbase] = { balance: hex(1), nonce: '0x0' };
  const transactions = Array.from({ length: count }, (_, index) => {
    const { sender, recipient } = SHAPES[shape](index);
    const nonce = nonces.get(sender) ?? 0;
    nonces.set(sender, nonce + 1);
    const [from, to] = [address('aa', sender), address('bb', recipient)];
    pre[from] = { balance: hex(10n ** 24n), nonce: '0x0' };
    pre[to] = { balance: hex(1), nonce: '0x0' };
    return {
      type: '0x2',
      chainId: '0x1',
      nonce: hex(nonce),
      from,
      to,
      value: hex(index + 1),
      gas: hex(TRANSFER_GAS),
      maxFeePerGas: hex(20n * 10n ** 9n),
      maxPriorityFeePerGas: hex(10n ** 9n),
      input: '0x',
      accessList: [],
    };
  });
  const block = {
    parentHash: word,
    miner: coinbase,
    number: hex(18_000_000),
    gasLimit: hex(TRANSFER_GAS * count),
    timestamp: hex(1_700_000_000),
    baseFeePerGas: hex(10n ** 9n),
    mixHash: word,
    withdrawals: [],
    transactions,
  };
  return checkBlockFile({ chainId: 1, hardfork: 'shanghai', block, pre }, 'transfers');
}

export function transferTable(all: readonly TransferFigures[]): string {
  const columns = [
    ...['transfers', 'txs', '1w ns/tx', '2w ns/tx', '2w/1w', 'best 1w', 'best 2w', 'whole 1w', 'whole 2w'],
    ...['ethereumjs', '1w/ethereumjs', 'effic.', 'reads', 'writes', 'validated 1w', '2w', 're-ex'],
  ];
  const rows = all.map((figures) => {
    const { oneWorkerNs, twoWorkersNs, sequentialNs, validated } = figures;
    return [
      figures.shape,
      String(figures.transactions),
      fixed(oneWorkerNs.median, 0),
      fixed(twoWorkersNs.median, 0),
      times(oneWorkerNs.median / twoWorkersNs.median),
      fixed(oneWorkerNs.min, 0),
      fixed(twoWorkersNs.min, 0),
      fixed(figures.oneWorkerWholeNs.median, 0),
      fixed(figures.twoWorkersWholeNs.median, 0),
      fixed(sequentialNs, 0),
      times(sequentialNs && sequentialNs / oneWorkerNs.median),
      percent(figures.efficiency),
      fixed(figures.reads, 1),
      fixed(figures.writes, 1),
      percent(validated[0]),
      percent(validated[1]),
      percent(figures.reexecutions),
    ];
  });
  return table(columns, rows);
}

/** What the time of one transfer between distinct accounts goes into, one worker. */
export function transferParts(all: readonly TransferFigures[], core: CoreCosts): string {
  const found = all.filter(({ shape }) => shape === 'distinct accounts');
  const total = found[0]?.oneWorkerNs.median;
  if (total === undefined) return NONE;
  const share = (ns: number) => [`${ns.toFixed(0)} ns`, percent(ns / total)];
  return table(
    ['one transfer, one worker', 'time', 'share'],
    [
      ['scheduling: claim, publish, commit of nothing', ...share(core.schedulingNs)],
      [
        'store and validation: the same three changes without an EVM, less that',
        ...share(core.transferNs - core.schedulingNs),
      ],
      ['the rest: admission, fees, receipt', ...share(total - core.transferNs)],
      ['total', ...share(total)],
    ],
  );
}
