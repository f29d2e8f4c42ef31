// The chain of ../shared/execution-apis, executed from its genesis on, with a tracer for each of its transactions.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RLP } from '@ethereumjs/rlp';
import { type Hex, numberFromBytes } from '../../src/base/hex.ts';
import type { BlockInput } from '../../src/block/block-input.ts';
import { parseBlockRlp } from '../../src/block/block-rlp.ts';
import { rulesOf } from '../../src/chain/rules.ts';
import type { EvmBlockInput } from '../../src/core/evm/evm-encode.ts';
import type { EvmTracer } from '../../src/core/evm/tracer.ts';
import { planEvmBlock } from '../../src/job/evm-block.ts';
import type { Tracer, TracerFactory } from '../../src/trace/tracer.ts';
import type { EvmRun } from './evm-host.ts';
import { hexText, PreState } from './evm-state.ts';
import type { TracedHost } from './evm-traces.ts';
import { forkOf } from './geth-config.ts';
import { sharedFolder } from './shared.ts';

export interface TracedChainTransaction {
  readonly hash: Hex;
  readonly block: { readonly number: number; readonly hash: Hex };
  readonly index: number;
  /** What the tracer said. */
  readonly result: unknown;
}

interface Genesis {
  config: Record<string, unknown>;
  alloc: Record<string, { balance: string; nonce?: string; code?: Hex; storage?: Record<string, Hex> }>;
}

/** A block of the chain, and what it left. */
export interface TracedChainBlock {
  readonly hash: Hex;
  readonly environment: EvmBlockInput;
  readonly stateAfter: PreState;
  readonly transactions: readonly TracedChainTransaction[];
}

/** Every block of the chain, in order. */
export function* tracedChain(traced: TracedHost, factory: TracerFactory): Generator<TracedChainBlock> {
  const folder = join(sharedFolder!, 'execution-apis');
  const genesis = JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8')) as Genesis;
  let state = PreState.fromJson(
    Object.fromEntries(
      Object.entries(genesis.alloc).map(([address, { balance, nonce = '0x0', code = '0x', storage = {} }]) => [
        address,
        { balance, nonce, code, storage },
      ]),
    ),
  );
  const chainId = Number(genesis.config.chainId);
  const blockHashes = new Map<bigint, Hex>();
  for (const encoded of blocksIn(new Uint8Array(readFileSync(join(folder, 'chain.rlp'))))) {
    const block = readChainBlock(encoded, genesis.config);
    blockHashes.set(BigInt(block.block.number) - 1n, block.block.parentHash);
    const context = { ...block, chainId, blockHashes, senders: 'recover' } as const;
    const plan = planEvmBlock(context);
    const { run, transactions } = traceBlock(traced, state, plan, block.block, factory);
    state = stateAfter(traced, state, run);
    yield { hash: block.block.hash!, environment: plan.environment, stateAfter: state, transactions };
  }
}

function* blocksIn(bytes: Uint8Array): Generator<Uint8Array> {
  while (bytes.length > 0) {
    const { data, remainder } = RLP.decode(bytes, true);
    yield RLP.encode(data);
    bytes = remainder;
  }
}

function readChainBlock(encoded: Uint8Array, config: Record<string, unknown>) {
  const [header] = RLP.decode(encoded) as [Uint8Array[]];
  const field = (at: number) => numberFromBytes(header[at]!);
  const isMerged = field(7) === 0n;
  const hardfork = forkOf({ ...config, terminalTotalDifficulty: isMerged ? 0 : 1 }, field(8), field(11));
  return { hardfork, block: parseBlockRlp(encoded, hardfork) };
}

function traceBlock(
  traced: TracedHost,
  state: PreState,
  plan: ReturnType<typeof planEvmBlock>,
  block: BlockInput,
  factory: TracerFactory,
): { run: EvmRun; transactions: TracedChainTransaction[] } {
  const results: unknown[] = [];
  let current: Tracer = { result: () => undefined };
  let logs = 0;
  const { environment, transactions, firstTransaction } = plan;
  const hash = block.hash!;
  const everything: EvmTracer = {
    transactionBegan(event) {
      const index = event.index - firstTransaction;
      current = { result: () => undefined };
      const transaction = block.transactions[index];
      if (transaction === undefined) return;
      const traceBlock = {
        number: environment.number,
        hash,
        beneficiary: block.miner,
        rules: rulesOf(environment.fork),
      };
      const state = traced.tracing.state;
      current = factory({ index, hash: transaction.hash, block: traceBlock, firstLog: logs, state });
      current.transactionBegan?.(event);
    },
    transactionEnded(result) {
      current.transactionEnded?.(result);
      results.push(current.result());
      logs += result?.logs.length ?? 0;
    },
    frameBegan: (event) => current.frameBegan?.(event),
    frameEnded: (event) => current.frameEnded?.(event),
    stepped: (event) => current.stepped?.(event),
    logged: (event) => current.logged?.(event),
    selfDestructed: (event) => current.selfDestructed?.(event),
  };
  const emptyAccounts = environment.emptyAccounts || state.emptyAccounts;
  const run = traced.runBlock({ ...environment, emptyAccounts }, transactions, state, everything);
  const place = { number: Number(block.number), hash };
  const traces = block.transactions.map((transaction, index) => {
    return { hash: transaction.hash!, block: place, index, result: results[firstTransaction + index] };
  });
  return { run, transactions: traces };
}

function stateAfter(traced: TracedHost, state: PreState, run: EvmRun): PreState {
  const codes = new Map(state.codes);
  const accounts = state.after(run);
  for (const [address, { codeHash, nonce, balance, exists }] of accounts) {
    if (codeHash === undefined && nonce === 0n && balance === 0n && !exists) accounts.delete(address);
    if (codeHash === undefined || codes.has(hexText(codeHash))) continue;
    codes.set(hexText(codeHash), { hash: codeHash, bytes: traced.host.codeOf(codeHash) });
  }
  return new PreState(accounts, codes);
}

/** The requests and responses of a case, one line behind the other. */
export function exchangesOf(
  text: string,
): { request: { method: string; params: unknown[] }; response: { result?: unknown } }[] {
  const lines = text.split('\n').filter((line) => line.startsWith('>> ') || line.startsWith('<< '));
  return lines.flatMap((line, at) =>
    line.startsWith('>> ')
      ? [{ request: JSON.parse(line.slice(3)), response: JSON.parse(lines[at + 1]!.slice(3)) }]
      : [],
  );
}
