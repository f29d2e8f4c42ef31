// From the results of a block's tasks to the block's result: transactions and receipts, read when somebody looks at them.

import type { ReceiptCommitment } from '../base/hashing.ts';
import { bytesFromHex, type Hex, hexFromBytes } from '../base/hex.ts';
import { lazy } from '../base/lazy.ts';
import { showing } from '../base/shown.ts';
import { type BlockGas, gasOf, smallGasOf } from '../block/block-gas.ts';
import type { BlockInput } from '../block/block-input.ts';
import { lacksNoUncle } from '../block/block-plan.ts';
import { doubtfulWithdrawals, type Omission } from '../block/header-checks.ts';
import {
  type ExecutedBlock,
  hasDepositEvent,
  logsBloomOf,
  receiptsOf,
  receiptsRootOf,
  requestsHashOf,
  type TransactionOutput,
} from '../block/receipts.ts';
import { ownRulesOf } from '../chain/chains.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { decodeChanges, hashesBehind } from '../core/host/change-records.ts';
import { type RawResult, type ResultBatch, Results } from '../core/host/outcome.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { BlockResult, TransactionResult } from '../types.ts';
import type * as AccessLists from './access-list.ts';
import type { BlockContext, BlockEncoding } from './block-encoding.ts';
import { type Emptiness, stateDiffOf } from './changed-state.ts';
import { ReceiptCommitter } from './receipt-commitment.ts';

/** The transactions among the results of a block's tasks; each is decoded when it is first looked at. */
export class TransactionDecoder {
  readonly results = new Results();
  readonly #block: BlockInput;
  readonly #encoding: BlockEncoding;
  readonly #transactions: TransactionResult[] = [];
  readonly #outputs: TransactionOutput[] = [];
  /** Of the block before and after each transaction. */
  readonly #gas = [0n];
  #broken = Number.POSITIVE_INFINITY;

  constructor(block: BlockInput, encoding: BlockEncoding) {
    this.#block = block;
    this.#encoding = encoding;
  }

  /** Takes results; calls back for each task that failed, which ends the transactions. */
  push(batch: ResultBatch, failed: (task: number, result: RawResult) => void): void {
    const { results } = this;
    const from = results.length;
    results.push(batch);
    for (let task = from; task < results.length; task++) {
      if (results.status(task) !== 'failed') continue;
      this.#broken = Math.min(this.#broken, task);
      failed(task, results.at(task));
    }
  }

  /** Whether a task has failed. */
  get isBroken(): boolean {
    return this.#broken !== Number.POSITIVE_INFINITY;
  }

  /** Transactions there are by now. */
  get length(): number {
    const { firstTransaction, transactionCount } = this.#encoding;
    const come = Math.min(this.results.length, this.#broken) - firstTransaction;
    return Math.max(0, Math.min(come, transactionCount));
  }

  readonly at = (index: number): TransactionResult => {
    this.#transactions[index] ??= this.#decode(index);
    return this.#transactions[index];
  };

  /** All of them. */
  transactions(): TransactionResult[] {
    return Array.from({ length: this.length }, (_, index) => this.at(index));
  }

  /** What a transaction's output says. */
  output(index: number): TransactionOutput {
    this.#outputs[index] ??= this.#encoding.decode(this.results.at(this.#encoding.firstTransaction + index).output);
    return this.#outputs[index];
  }

  outputs(): TransactionOutput[] {
    return Array.from({ length: this.length }, (_, index) => this.output(index));
  }

  /** Gas of the block. @throws InvalidBlockError for a transaction whose gas limit exceeds what the block has left */
  gas(hardfork: Hardfork): BlockGas {
    const { results } = this;
    const { evm, firstTransaction } = this.#encoding;
    const used = Float64Array.from({ length: this.length }, (_, index) => results.gas(firstTransaction + index));
    const context = { hardfork, block: this.#block };
    const limits = evm?.transactions.costs.subarray(firstTransaction);
    return smallGasOf(context, used, limits) ?? gasOf({ ...context, outputs: this.outputs() });
  }

  #decode(index: number): TransactionResult {
    const { status, gasUsed, error } = this.results.at(this.#encoding.firstTransaction + index);
    const output = () => this.output(index);
    const logs = lazy(() =>
      output().logs.map(({ address, topics, data }) => ({
        address: hexFromBytes(address),
        topics: topics.map(hexFromBytes),
        data: hexFromBytes(data),
      })),
    );
    const returnValue = lazy(() => hexFromBytes(output().returnData));
    const hash = this.#block.transactions[index]?.hash;
    return showing({
      index,
      ...(hash === undefined ? {} : { hash }),
      success: status === 'success',
      gasUsed,
      cumulativeGasUsed: this.#gasAfter(index),
      get executionGas() {
        return output().executionGas;
      },
      get stateGas() {
        return output().stateGas;
      },
      get refundCounter() {
        return output().refundCounter;
      },
      get halt() {
        return output().halt;
      },
      get logs() {
        return logs();
      },
      get returnValue() {
        return returnValue();
      },
      get createdAddress() {
        const { createdAddress } = output();
        return createdAddress === undefined ? undefined : hexFromBytes(createdAddress);
      },
      ...(error === undefined ? {} : { error }),
    });
  }

  #gasAfter(index: number): bigint {
    const { firstTransaction } = this.#encoding;
    for (let next = this.#gas.length - 1; next <= index; next++) {
      this.#gas.push(this.#gas[next]! + this.results.at(firstTransaction + next).gasUsed);
    }
    return this.#gas[index + 1]!;
  }
}

/** A block that was run to its end. */
export interface FinishedBlock {
  readonly context: BlockContext;
  readonly encoding: BlockEncoding;
  readonly decoder: TransactionDecoder;
  readonly outcome: RunOutcome;
  /** What was executed. */
  readonly plan: Pick<RunPlan, 'image'>;
  /** Of the state after each transaction, where they were asked for. */
  readonly roots?: readonly Hex[] | undefined;
  /** What has taken all results as they came, where somebody will ask for the commitment to the receipts. */
  readonly receipts?: ReceiptCommitter | undefined;
  readonly emptiness: Emptiness;
  /** What makes its access list, where one is recorded. */
  readonly lists?: typeof AccessLists | undefined;
}

/** A block's result but for what its caller adds; `omitted`: without what a verification could not compare. */
export type BlockExecution = Omit<BlockResult, 'mismatches' | 'report' | 'stateRoot'>;

/**
 * Everything about the block but what its caller adds; what costs time is computed when it is first looked at.
 * @throws InvalidBlockError for a block that only its results show to be invalid
 */
export function resultOf(finished: FinishedBlock): BlockExecution {
  const { context, encoding, decoder, outcome, roots, emptiness, lists } = finished;
  const { hardfork, block, depositContract } = context;
  const gas = decoder.gas(hardfork);
  const transactions = lazy(() => decoder.transactions());
  const requests = encoding.requestsOf(decoder.results);
  const executed = lazy((): ExecutedBlock => {
    return { hardfork, block, outputs: decoder.outputs(), requests, roots, depositContract };
  });
  const receipts = lazy(() => receiptsOf(executed()));
  // What the core has left is read where it lies; decoding it takes longer than all the hashing.
  const commitment = lazy(() => (encoding.evm === undefined ? undefined : commitmentOf(finished)));
  const logsBloom = lazy(() => hexOr(commitment()?.bloom, () => logsBloomOf(executed())));
  const receiptsRoot = lazy(() => {
    const isKnown = rulesOf(hardfork).hasReceiptStatus || roots !== undefined;
    return isKnown ? hexOr(commitment()?.root, () => receiptsRootOf(executed())) : undefined;
  });
  // Decoding all logs takes longer than all the rest, and nearly no block has a deposit.
  const mayHoldDeposit = requests !== undefined && encoding.mayHoldDeposit(decoder.results);
  const isSearched = mayHoldDeposit || context.depositContract === null;
  const requestsHash = lazy(() =>
    requestsHashOf(isSearched ? executed() : { hardfork, block, outputs: [], requests, depositContract }),
  );
  // A malformed deposit makes the block invalid: whoever has a deposit is not lazy.
  if (mayHoldDeposit) requestsHash();
  const { checkpoint } = outcome;
  const hashes = hashesBehind([...outcome.changes, ...(checkpoint ?? [])], finished.plan.image.codes);
  const changes = lazy(() => decodeChanges(outcome.changes, hashes));
  const blockAccessList = lazy(() =>
    encoding.evm === undefined ? undefined : lists?.accessListOf(decoder.results, encoding, changes()),
  );
  const accessListHash = lazy(() => {
    const made = blockAccessList();
    return made && lists?.blockAccessListHash(made);
  });
  const omitted = lazy(() => omissionsOf(context, encoding.evm !== undefined, requests && executed));
  const stateDiff = lazy(() => stateDiffOf(changes(), emptiness));
  const transactionsStateDiff =
    checkpoint === undefined ? stateDiff : lazy(() => stateDiffOf(decodeChanges(checkpoint, hashes), emptiness));
  return {
    number: BigInt(block.number),
    get transactions() {
      return transactions();
    },
    gasUsed: gas.used,
    executionGasUsed: gas.execution,
    stateGasUsed: gas.state,
    get receipts() {
      return receipts();
    },
    get receiptsRoot() {
      return receiptsRoot();
    },
    get logsBloom() {
      return logsBloom();
    },
    get requestsHash() {
      return requestsHash();
    },
    get blockAccessList() {
      return blockAccessList();
    },
    get blockAccessListHash() {
      return accessListHash();
    },
    get omitted() {
      return omitted();
    },
    get stateDiff() {
      return stateDiff();
    },
    get transactionsStateDiff() {
      return transactionsStateDiff();
    },
  };
}

/** Root and bloom of the receipts; `undefined` where there is no WebAssembly for it on this thread. */
function commitmentOf({ context, decoder, encoding, roots, receipts }: FinishedBlock): ReceiptCommitment | undefined {
  if (receipts !== undefined) return receipts.finish();
  const hasRoots = !rulesOf(context.hardfork).hasReceiptStatus;
  const made = new ReceiptCommitter(context.block, encoding, hasRoots ? roots?.map(bytesFromHex) : undefined);
  for (const batch of decoder.results.batches) made.push(batch);
  return made.finish();
}

function hexOr<T>(bytes: Uint8Array | undefined, otherwise: () => T): Hex | T {
  return bytes === undefined ? otherwise() : hexFromBytes(bytes);
}

/** What the result lacks, because the request lacked what it takes. */
function omissionsOf(
  { chainId, hardfork, block, blockReward, depositContract, recordAccess }: BlockContext,
  isInCore: boolean,
  executed?: () => ExecutedBlock,
): Omission[] {
  const omitted = rulesOf(hardfork).hasWithdrawals ? doubtfulWithdrawals(block) : [];
  if (!rulesOf(hardfork).hasProofOfStake && blockReward && !lacksNoUncle(block)) {
    const message = 'the rewards of the block take block.uncleHeaders';
    omitted.push({ name: 'rewards', reason: 'not-in-block', message });
  }
  const ownRules = ownRulesOf(chainId);
  if (ownRules !== undefined) {
    const message = `chain ${chainId} has rules that are not known here, beside those of ${hardfork}: ${ownRules}`;
    omitted.push({ name: 'chain', reason: 'not-computed', message });
  }
  if (rulesOf(hardfork).hasBlockAccessList && !(recordAccess && isInCore)) {
    const message = isInCore
      ? 'the access list of the block is not recorded: request.blockAccessList is false'
      : 'the access list of the block (EIP-7928) is recorded by the EVM inside the core alone';
    omitted.push({ name: 'blockAccessListHash', reason: 'not-computed', message });
  }
  if (depositContract === null && executed !== undefined && hasDepositEvent(executed())) {
    const message = 'deposits take request.depositContract, which is not known of this chain';
    omitted.push({ name: 'requestsHash', reason: 'not-in-request', message });
  }
  return omitted;
}

/** The result as its caller gets it, its lazy parts as they are. */
export function completed(
  result: BlockExecution,
  rest: Pick<BlockResult, 'mismatches' | 'report' | 'stateRoot'> & Partial<Pick<BlockResult, 'omitted'>>,
): BlockResult {
  return showing(Object.defineProperties(result, Object.getOwnPropertyDescriptors(rest)) as BlockResult);
}
