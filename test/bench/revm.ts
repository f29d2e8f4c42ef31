// The honest yardstick: real blocks by native revm, execution alone, beside the EVM inside the core, in turns within one run.

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { root } from '../../scripts/fingerprint.mjs';
import { type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { blobBaseFee } from '../../src/block/blobs.ts';
import type { TransactionInput } from '../../src/block/block-input.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import { rulesOf } from '../../src/chain/rules.ts';
import {
  BEACON_ROOTS,
  BLOCK_HASHES,
  CONSOLIDATION_REQUESTS,
  WITHDRAWAL_REQUESTS,
} from '../../src/chain/system-contracts.ts';
import { createEngine } from '../../src/engine/engine.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import type { Engine } from '../../src/types.ts';
import { checkAgainstHeader, type Subject } from './mainnet.ts';
import { geometricMean, type Spread, spreadOf } from './statistics.ts';
import { fixed, table, times } from './table.ts';

/** Where the program is, and what Cargo makes of it. */
const MANIFEST = join(root, 'test/peers/revm/Cargo.toml');
const TARGET = join(root, 'build/peers/revm');
/** All of revm is compiled once, with optimisation across its crates. */
const BUILD_LIMIT_MS = 1_800_000;

/** Builds the peer where it is stale; the path of its program, or `undefined` where there is no Rust, or no crates. */
export function buildRevm(): string | undefined {
  const options = ['build', '--release', '--locked', '--manifest-path', MANIFEST, '--target-dir', TARGET];
  const { status } = spawnSync('cargo', options, { stdio: ['ignore', 'ignore', 'inherit'], timeout: BUILD_LIMIT_MS });
  return status === 0 ? join(TARGET, 'release/revm-peer') : undefined;
}

/** What it says of one execution. */
interface RevmRun {
  readonly ms: number;
  /** Used by each transaction. */
  readonly gas: readonly number[];
}

/** One process of the peer, which executes one block as often as wanted, always on the state before it. */
class RevmPeer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  constructor(program: string) {
    // It ends with its standard input, so with this process too.
    this.#child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#interface = createInterface({ input: this.#child.stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  async load(file: BlockFile): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'revm-peer-'));
    try {
      const path = join(folder, 'block.json');
      await writeFile(path, JSON.stringify(revmBlock(file)));
      await this.#ask(`load ${path}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  async run(): Promise<RevmRun> {
    return (await this.#ask('run')) as RevmRun;
  }

  async #ask(command: string): Promise<unknown> {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`revm has ended at "${command}"`);
    const answer = JSON.parse(value) as { error?: string };
    if (answer.error !== undefined) throw new Error(`revm: ${answer.error}`);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#interface.close();
  }
}

/** The forks by the names of revm's `SpecId`; forks that changed nothing but difficulty or blobs go by the one before. */
const SPECS: Partial<Record<Hardfork, string>> = {
  chainstart: 'Frontier',
  homestead: 'Homestead',
  dao: 'Homestead',
  tangerineWhistle: 'Tangerine',
  spuriousDragon: 'Spurious',
  byzantium: 'Byzantium',
  petersburg: 'Petersburg',
  istanbul: 'Istanbul',
  muirGlacier: 'Istanbul',
  berlin: 'Berlin',
  london: 'London',
  arrowGlacier: 'London',
  grayGlacier: 'London',
  mergeNetsplitBlock: 'Merge',
  paris: 'Merge',
  shanghai: 'Shanghai',
  cancun: 'Cancun',
  prague: 'Prague',
  osaka: 'Osaka',
  bpo1: 'Osaka',
  bpo2: 'Osaka',
};

/** A block with the state before it, as test/peers/revm reads it. */
function revmBlock({ block, state, hardfork, chainId, blockHashes }: BlockFile): unknown {
  const spec = SPECS[hardfork];
  if (spec === undefined) throw new Error(`revm has no name for ${hardfork} here`);
  const rules = rulesOf(hardfork);
  const accounts = [...state.accounts.values()].map(({ address, balance, nonce, code, storage }) => [
    hexFromBytes(address),
    {
      balance: quantityFromNumber(balance),
      nonce: quantityFromNumber(nonce),
      ...(code !== undefined && code.length > 0 && { code: hexFromBytes(code) }),
      storage: Object.fromEntries(
        [...storage.values()].map(({ slot, value }) => [hexFromBytes(slot), hexFromBytes(value)]),
      ),
    },
  ]);
  const call = (to: Hex, input: Hex = '0x') => ({ to, input });
  return {
    spec,
    chainId: quantityFromNumber(chainId),
    block: {
      number: block.number,
      beneficiary: block.miner,
      timestamp: block.timestamp,
      gasLimit: block.gasLimit,
      baseFee: block.baseFeePerGas,
      difficulty: rules.hasProofOfStake ? '0x0' : (block.difficulty ?? '0x0'),
      prevRandao: rules.hasProofOfStake ? block.mixHash : undefined,
      excessBlobGas: block.excessBlobGas,
      blobGasPrice: quantityFromNumber(blobBaseFee(hardfork, block.excessBlobGas)),
    },
    transactions: block.transactions.map(revmTransaction),
    before: [
      ...(rules.hasBeaconRoot ? [call(BEACON_ROOTS, block.parentBeaconBlockRoot)] : []),
      ...(rules.hasBlockHashContract ? [call(BLOCK_HASHES, block.parentHash)] : []),
    ],
    after: rules.hasRequests ? [call(WITHDRAWAL_REQUESTS), call(CONSOLIDATION_REQUESTS)] : [],
    accounts: Object.fromEntries(accounts),
    blockHashes: Object.fromEntries([...blockHashes].map(([number, hash]) => [String(number), hash])),
  };
}

function revmTransaction(transaction: TransactionInput): unknown {
  const { type = '0x0', from, to, gas, value, input, nonce, chainId, accessList } = transaction;
  return {
    ...{ type, from, to, gas, value, input, nonce, chainId, accessList },
    gasPrice: transaction.maxFeePerGas ?? transaction.gasPrice,
    priorityFee: transaction.maxPriorityFeePerGas,
    blobHashes: transaction.blobVersionedHashes,
    blobFee: transaction.maxFeePerBlobGas,
    authorizations: transaction.authorizationList,
  };
}

/** Milliseconds. */
export interface RevmFigures {
  name: string;
  transactions: number;
  gasUsed: bigint;
  /** From the first worker's start to the last commit. */
  oneWorker: Spread;
  twoWorkers: Spread;
  /** From the first transaction's start to the state after the last, sequential. */
  revm: Spread;
}

export interface RevmOptions {
  program: string;
  rounds: number;
  warmUp: number;
  onProgress(text: string): void;
}

/** @throws Error where either side uses another gas than the header, or the file, says */
export async function measureRevm(subjects: readonly Subject[], options: RevmOptions): Promise<RevmFigures[]> {
  await using one = await createEngine({ executor: 'wasm', workers: 1 });
  await using two = await createEngine({ executor: 'wasm', workers: 2 });
  const figures: RevmFigures[] = [];
  for (const { name, file } of subjects) {
    options.onProgress(`revm: block ${name}`);
    await using peer = new RevmPeer(options.program);
    await peer.load(file);
    const samples = { one: [] as number[], two: [] as number[], revm: [] as number[] };
    const ours = async (engine: Engine, kept: number[]) => {
      const result = await engine.executeBlock(file);
      checkAgainstHeader(name, file, result);
      kept.push(result.report.executionMs);
    };
    const sides = [
      () => ours(one, samples.one),
      () => ours(two, samples.two),
      async () => {
        const { ms, gas } = await peer.run();
        checkGas(name, file, gas);
        samples.revm.push(ms);
      },
    ];
    for (let round = 0; round < options.warmUp + options.rounds; round++) {
      if (round === options.warmUp) for (const kept of Object.values(samples)) kept.length = 0;
      for (let at = 0; at < sides.length; at++) await sides[(at + round) % sides.length]!();
    }
    figures.push({
      name,
      transactions: file.block.transactions.length,
      gasUsed: BigInt(file.block.gasUsed ?? '0x0'),
      oneWorker: spreadOf(samples.one)!,
      twoWorkers: spreadOf(samples.two)!,
      revm: spreadOf(samples.revm)!,
    });
  }
  return figures;
}

function checkGas(name: string, { block, expected }: BlockFile, gas: readonly number[]): void {
  const total = gas.reduce((sum, used) => sum + used, 0);
  if (BigInt(total) === BigInt(block.gasUsed ?? '0x0')) return;
  const wrong = gas.findIndex((used, index) => BigInt(used) !== expected?.transactions[index]?.gasUsed);
  throw new Error(`block ${name}: revm used ${total} gas; first other transaction: ${wrong}`);
}

export function revmTable(figures: readonly RevmFigures[]): string {
  const columns = [
    ...['block', 'txs', 'Mgas', 'revm', '1 worker', '2 workers', '1w/revm', '2w/revm'],
    ...['best revm', '1 worker', '2 workers', '1w/revm', '2w/revm'],
  ];
  const rows = figures.map(({ name, transactions, gasUsed, revm, oneWorker, twoWorkers }) => [
    ...[name, String(transactions), fixed(Number(gasUsed) / 1e6, 1)],
    ...[revm.median, oneWorker.median, twoWorkers.median].map((ms) => fixed(ms, 2)),
    ...[times(revm.median / oneWorker.median), times(revm.median / twoWorkers.median)],
    ...[revm.min, oneWorker.min, twoWorkers.min].map((ms) => fixed(ms, 2)),
    ...[times(revm.min / oneWorker.min), times(revm.min / twoWorkers.min)],
  ]);
  const mean = (figure: (one: RevmFigures) => number) => times(geometricMean(figures.map(figure)));
  const summary = [
    `Geometric means over ${figures.length} blocks, above 1 we are faster: one worker`,
    `${mean(({ revm, oneWorker }) => revm.median / oneWorker.median)} by medians,`,
    `${mean(({ revm, oneWorker }) => revm.min / oneWorker.min)} by minima; two workers`,
    `${mean(({ revm, twoWorkers }) => revm.median / twoWorkers.median)} and`,
    `${mean(({ revm, twoWorkers }) => revm.min / twoWorkers.min)}.`,
  ];
  return `${table(columns, rows)}\n\n${summary.join(' ')}`;
}
