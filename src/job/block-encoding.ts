// What an executor makes of a block: tasks for the core, work for the crew, and how to read what comes back.

import { bytesFromHex, type Hex } from '../base/hex.ts';
import type { BlockInput } from '../block/block-input.ts';
import { planBlock } from '../block/block-plan.ts';
import { decodeOutput, decodeRequests, type TransactionOutput } from '../block/receipts.ts';
import type { BlobRules } from '../chain/chain.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { hasLogBy, readEvmResult } from '../core/evm/evm-decode.ts';
import type { Results } from '../core/host/outcome.ts';
import type { PlannedTask, RunPlan } from '../run/run-plan.ts';
import type { Task } from '../task/executor.ts';
import { type EvmPlan, planEvmBlock } from './evm-block.ts';

/** A checked block and what it runs on. */
export interface BlockContext {
  readonly chainId: number;
  readonly hardfork: Hardfork;
  /** Where the chain has others than the fork. */
  readonly blobs?: BlobRules | undefined;
  readonly block: BlockInput;
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  readonly senders: 'trust' | 'recover';
  /** `null`: not known. */
  readonly depositContract: Hex | null;
  /** Whether the protocol rewards blocks of proof of work. */
  readonly blockReward: boolean;
  /** Whether what each transaction meets of the state is recorded (EIP-7928). */
  readonly recordAccess: boolean;
  /** Of the core, at most. */
  readonly memoryBytes: number;
}

export interface BlockEncoding {
  /** How many tasks there are, in order: steps before the transactions, the transactions, steps after them. */
  readonly count: number;
  /** See {@link RunPlan}. */
  readonly tasks: readonly PlannedTask[];
  /** For the EVM inside the core; `undefined`: `payloads` are for an executor outside, made with `options`. */
  readonly evm: RunPlan['evm'];
  /** What `evm` was made of. */
  readonly evmPlan: EvmPlan | undefined;
  readonly payloads: readonly Task[];
  readonly options: BlockContext | undefined;
  /** Where the block's first transaction is among the tasks. */
  readonly firstTransaction: number;
  readonly transactionCount: number;
  /** Where the first step after the transactions is; `undefined` where there is none. */
  readonly post: number | undefined;
  /** Reads a transaction's output. */
  decode(output: Uint8Array): TransactionOutput;
  /** The block's requests after the deposits, out of all results. */
  requestsOf(results: Results): Uint8Array[] | undefined;
  /** Whether there is a log of the deposit contract (EIP-6110); true where finding out takes decoding. */
  mayHoldDeposit(results: Results): boolean;
}

/** A block for the EVM inside the core. @throws InvalidTransactionError as planEvmBlock does */
export function encodeForCore(context: BlockContext): BlockEncoding {
  return encodingOf(planEvmBlock(context), context);
}

/** How a planned block is handed to the core, and its results are read; nothing is, of a draft. */
export function encodingOf(plan: EvmPlan, context: Pick<BlockContext, 'depositContract'>): BlockEncoding {
  const { environment, transactions, firstTransaction, post, requests, isDraft = false } = plan;
  const deposits = context.depositContract === null ? undefined : bytesFromHex(context.depositContract);
  const transactionCount = post - firstTransaction;
  const count = transactions.costs.length;
  return {
    count,
    tasks: [],
    evm: isDraft ? undefined : { environment, transactions },
    evmPlan: isDraft ? undefined : plan,
    payloads: [],
    options: undefined,
    firstTransaction,
    transactionCount,
    post: post === count ? undefined : post,
    decode(bytes) {
      const { status, halt, gasPrice, logsBloom = NO_BLOOM, created, ...rest } = readEvmResult(bytes, 0);
      return {
        success: status === 'success',
        gasUsed: rest.gasUsed,
        blockGas: rest.blockGas,
        stateGas: rest.stateGas,
        executionGas: rest.executionGas,
        refundCounter: rest.refundCounter,
        halt,
        effectiveGasPrice: gasPrice,
        logs: rest.logs,
        logsBloom,
        createdAddress: created,
        returnData: rest.returnData,
      };
    },
    requestsOf(results) {
      if (requests.length === 0) return undefined;
      return requests.flatMap(({ at, type }) => {
        const data = readEvmResult(results.output(at), 0).returnData;
        return data.length === 0 ? [] : [Uint8Array.of(type, ...data)];
      });
    },
    mayHoldDeposit(results) {
      if (deposits === undefined) return false;
      for (let at = 0; at < results.length; at++) if (hasLogBy(results.output(at), deposits)) return true;
      return false;
    },
  };
}

/** A block for an executor outside the core. */
export function encodeForModule(context: BlockContext): BlockEncoding {
  const { tasks, firstTransaction, transactionCount, post } = planBlock(context);
  return {
    count: tasks.length,
    tasks: tasks.map(plannedStep),
    evm: undefined,
    evmPlan: undefined,
    payloads: tasks,
    options: context,
    firstTransaction,
    transactionCount,
    post,
    decode: decodeOutput,
    requestsOf(results) {
      const output = post === undefined || post >= results.length ? undefined : results.at(post).output;
      return output === undefined || output.length === 0 ? undefined : decodeRequests(output);
    },
    mayHoldDeposit: (results) => results.length > 0,
  };
}

const NO_BLOOM = new Uint8Array(256);

function plannedStep({ estimatedGas = 0n, dependencies = [] }: Task): PlannedTask {
  return { cost: costOf(estimatedGas), dependencies };
}

/** Gas as the core takes it, 32 bits. */
export function costOf(gas: bigint): number {
  return Number(gas > 0xffffffffn ? 0xffffffffn : gas);
}
