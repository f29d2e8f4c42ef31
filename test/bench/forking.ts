// Cold runs on a fork: what a swap, and a block of 150 transactions, cost over a node that is 50 ms away, here and elsewhere.

import { createCustomCommon, type Hardfork as LibraryFork, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { RPCStateManager } from '@ethereumjs/statemanager';
import { createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { createEngine, type TracingEngine } from '../../src/engine/engine.ts';
import { type BlockFile, checkBlockFile } from '../../src/file/block-file.ts';
import { type RpcStateOptions, rpcState } from '../../src/state/remote/rpc-state.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import type { Engine } from '../../src/types.ts';
import { LatencyProxy } from '../support/latency-proxy.ts';
import { uniswapSwap } from '../support/tokens/uniswap-swap.ts';
import { Anvil, originOf } from './anvil.ts';
import { fixed, NONE, table, times } from './table.ts';
import { forkWithTevm } from './tevm.ts';

/** One cold run, from the state's block being known to the result. */
export interface ForkFigures {
  readonly job: string;
  readonly who: string;
  /** Messages one after the other, each after an answer that came before it. */
  readonly rounds: number;
  /** Those of them that somebody waited for, by our own report; of the others all are. */
  readonly waitedFor: number;
  readonly messages: number;
  /** Questions in all messages. */
  readonly requests: number;
  /** Keys that were fetched and nobody asked for; of the others nobody knows. */
  readonly inVain: number | undefined;
  readonly bytes: number;
  readonly ms: number;
}

const LATENCY_MS = 50;
const READS_ONLY = "pevm, prefetch: 'guess'";

type Run = () => Promise<{ inVain?: number; waitedFor?: number }>;

export async function measureForking(binary: string, onProgress: (text: string) => void): Promise<ForkFigures[]> {
  const engine = await createEngine({ workers: 2 });
  const figures: ForkFigures[] = [];
  try {
    const traffic = await createTraffic({ transactions: 150 });
    const jobs = [
      ['Uniswap v3 swap', await uniswapSwap(engine)],
      ['150 transactions', { json: traffic.file, file: checkBlockFile(traffic.file) }],
    ] as const;
    for (const [job, { json, file }] of jobs) {
      await using node = await Anvil.start(originOf(file, json), binary);
      const proxy = await LatencyProxy.start(node.port, LATENCY_MS);
      try {
        const measure = async (who: string, run: Run) => {
          onProgress(`${job}: ${who}`);
          proxy.forget();
          const start = performance.now();
          const { inVain, waitedFor } = await run();
          const ms = performance.now() - start;
          const { rounds, messages, requests, bytes } = proxy;
          figures.push({ job, who, rounds, waitedFor: waitedFor ?? rounds, messages, requests, inVain, bytes, ms });
        };
        await ours(engine, file, proxy.url, measure);
        if (file.block.transactions.length === 1) {
          await previews(engine, file, proxy.url, measure);
          await others(file, proxy, binary, measure);
        }
      } finally {
        await proxy.stop();
      }
    }
  } finally {
    await engine.dispose();
  }
  return figures;
}

type Measure = (who: string, run: Run) => Promise<void>;

async function ours(engine: Engine, file: BlockFile, url: string, measure: Measure): Promise<void> {
  const { block, chainId, hardfork, blockHashes } = file;
  const { hash: parentHash } = await rpcState({ transport: url }).pinned();
  const request = { block: { ...block, parentHash }, chainId, hardfork, blockHashes };
  const { receiptsRoot } = await engine.executeBlock({ ...request, state: file.state });
  for (const prefetch of ['none', 'guess', 'accessList', 'auto'] as const satisfies RpcStateOptions['prefetch'][]) {
    let state = rpcState({ transport: url, prefetch });
    const run = async () => {
      const before = state.statistics();
      const result = await engine.executeBlock({ ...request, state });
      if (result.receiptsRoot !== receiptsRoot) throw new Error(`${prefetch}: another result`);
      const after = state.statistics();
      return { inVain: after.wasted - before.wasted, waitedFor: after.rounds - before.rounds };
    };
    await state.pinned();
    await measure(`pevm, prefetch: '${prefetch}'`, run);
    if (prefetch !== 'guess') continue;
    state = state.at('latest');
    await state.pinned();
    await measure(`pevm, '${prefetch}', second cold run`, run);
  }
}

/** The first transaction as a preview, with what it moves and what its tokens are called. */
async function previews(engine: TracingEngine, file: BlockFile, url: string, measure: Measure): Promise<void> {
  const { from, to, input, value } = file.block.transactions[0]!;
  const request = { from: from!, to: to!, data: input, value };
  for (const prefetch of ['none', 'guess', 'accessList', 'auto'] as const) {
    let state = rpcState({ transport: url, prefetch });
    const run = async () => {
      await using world = await engine.openWorld({ state });
      const { status, report } = await world.preview(request);
      if (status !== 'success') throw new Error(`${prefetch}: the preview ends with ${status}`);
      return { inVain: report.source!.wasted, waitedFor: report.source!.rounds };
    };
    await state.pinned();
    await measure(`preview, prefetch: '${prefetch}'`, run);
    if (prefetch !== 'guess') continue;
    state = state.at('latest');
    await state.pinned();
    await measure(`preview, '${prefetch}', second cold one`, run);
  }
}

/** The same call on the same state, as a call: what none of them pays for is what the block adds to it. */
async function others(file: BlockFile, proxy: LatencyProxy, binary: string, measure: Measure): Promise<void> {
  const { block, chainId, hardfork } = file;
  const [transaction] = block.transactions;
  if (transaction?.from === undefined || transaction.to === undefined) throw new Error('the block holds one call');
  const { from, to, input, value } = transaction;
  await using fork = await Anvil.fork(proxy.url, hardfork, binary);
  await measure('anvil --fork-url', async () => {
    await fork.call('eth_call', { from, to, data: input, value }, 'latest');
    return {};
  });
  const name = hardfork as LibraryFork;
  const common = createCustomCommon({ chainId }, Mainnet, { hardfork: name });
  const stateManager = new RPCStateManager({ provider: proxy.url, blockTag: BigInt(block.number) - 1n, common });
  const evm = await createEVM({ common, stateManager });
  await measure('ethereumjs RPCStateManager', async () => {
    const { execResult } = await evm.runCall({
      caller: createAddressFromString(from),
      to: createAddressFromString(to),
      data: hexToBytes(input),
      value: BigInt(value),
      gasLimit: 5_000_000n,
    });
    if (execResult.exceptionError !== undefined) throw new Error(`ethereumjs: ${execResult.exceptionError.error}`);
    return {};
  });
  const tevm = await forkWithTevm(proxy.url, BigInt(block.number) - 1n);
  if (tevm === undefined) return;
  await measure('tevm', async () => {
    await tevm.call({ from, to, data: input, value: BigInt(value) });
    return {};
  });
}

export function forkingTable(figures: readonly ForkFigures[]): string {
  return table(
    ['cold', 'rounds', 'waited for', 'messages', 'requests', 'in vain', 'kB', 'ms', 'of reads only'],
    figures.map(({ job, who, rounds, waitedFor, messages, requests, inVain, bytes, ms }) => [
      `${job}, ${who}`,
      ...[String(rounds), String(waitedFor), String(messages), String(requests)],
      inVain === undefined ? NONE : String(inVain),
      ...[fixed(bytes / 1000, 0), fixed(ms, 0), times(ms / (readsOnly(job, figures)?.ms ?? Number.NaN))],
    ]),
  );
}

/** Our own cold run with nothing but reads of values, which the others are measured by. */
function readsOnly(job: string, figures: readonly ForkFigures[]): ForkFigures | undefined {
  return figures.find((figure) => figure.job === job && figure.who === READS_ONLY);
}
