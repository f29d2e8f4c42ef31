// From the results of a block's tasks to the block's result: transactions and receipts, read when somebody looks at them.

import type { BlockInput } from '../block/block-input.ts';
import type { Expected } from '../block/expected.ts';
import { isAtLeast } from '../block/hardfork.ts';
import { type Hex, hexFromBytes } from '../block/hex.ts';
import {
  checkGas,
  type ExecutedBlock,
  logsBloomOf,
  receiptsOf,
  receiptsRootOf,
  requestsHashOf,
  type TransactionOutput,
} from '../block/receipts.ts';
import { compareWithExpected } from '../block/state-diff.ts';
import { verifyBlock } from '../block/verify.ts';
import type { Keccak256 } from '../core/keccak256.ts';
import type { RawResult } from '../core/outcome.ts';
import type { BlockResult, Mismatch, Report, TransactionResult, VerifyOptions } from '../types.ts';
import type { BlockContext, BlockJob } from './block-job.ts';
import type { RunOutcome } from './conductor.ts';
import { stateDiffOf } from './state-diff.ts';

/** Makes transaction results one after the other, in order. */
export class TransactionDecoder {
  readonly #block: BlockInput;
  readonly #job: BlockJob;
  readonly transactions: TransactionResult[] = [];
  /** What each transaction's output says; decoded once. */
  readonly outputs: (() => TransactionOutput)[] = [];
  #cumulativeGasUsed = 0n;

  constructor(block: BlockInput, job: BlockJob) {
    this.#block = block;
    this.#job = job;
  }

  next(raw: RawResult): TransactionResult {
    const index = this.transactions.length;
    const output = lazy(() => this.#job.decode(raw.output));
    const logs = lazy(() =>
      output().logs.map(({ address, topics, data }) => ({
        address: hexFromBytes(address),
        topics: topics.map(hexFromBytes),
        data: hexFromBytes(data),
      })),
    );
    const returnValue = lazy(() => hexFromBytes(output().returnData));
    this.#cumulativeGasUsed += raw.gasUsed;
    const hash = this.#block.transactions[index]?.hash;
    const result: TransactionResult = {
      index,
      ...(hash === undefined ? {} : { hash }),
      success: raw.status === 'success',
      gasUsed: raw.gasUsed,
      cumulativeGasUsed: this.#cumulativeGasUsed,
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
      ...(raw.error === undefined ? {} : { error: raw.error }),
    };
    this.outputs.push(output);
    this.transactions.push(result);
    return result;
  }
}

/** A block that was run to its end. */
export interface FinishedBlock {
  readonly context: BlockContext;
  readonly job: BlockJob;
  readonly decoder: TransactionDecoder;
  readonly outcome: RunOutcome;
  readonly keccak256: Keccak256;
}

/**
 * Everything about the block but what its caller adds; what costs time is computed when it is first looked at.
 * @throws InvalidBlockError for a block that only its results show to be invalid
 */
export function resultOf(finished: FinishedBlock): Omit<BlockResult, 'mismatches' | 'report' | 'stateRoot'> {
  const { context, job, decoder, outcome, keccak256 } = finished;
  const { hardfork, block } = context;
  const gasUsed = checkGas(
    block,
    decoder.transactions.map((transaction) => transaction.gasUsed),
  );
  const requests = job.requestsOf(outcome.results);
  const executed = lazy((): ExecutedBlock => {
    const outputs = decoder.outputs.map((output) => output());
    return { hardfork, block, outputs, requests, keccak256 };
  });
  const receipts = lazy(() => receiptsOf(executed()));
  const logsBloom = lazy(() => logsBloomOf(executed()));
  const receiptsRoot = lazy(() => receiptsRootOf(executed()));
  const requestsHash = lazy(() => requestsHashOf(executed()));
  // A malformed deposit makes the block invalid: whoever has a deposit is not lazy.
  if (requests !== undefined && outcome.results.some(({ output }) => job.mayHoldDeposit(output))) requestsHash();
  const emptyIsAbsent = isAtLeast(hardfork, 'spuriousDragon');
  const stateDiff = lazy(() => stateDiffOf(outcome.changes, emptyIsAbsent));
  const { checkpoint } = outcome;
  const transactionsStateDiff =
    checkpoint === undefined ? stateDiff : lazy(() => stateDiffOf(checkpoint, emptyIsAbsent));
  return {
    number: BigInt(block.number),
    transactions: decoder.transactions,
    gasUsed,
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
    get stateDiff() {
      return stateDiff();
    },
    get transactionsStateDiff() {
      return transactionsStateDiff();
    },
  };
}

/** The result as its caller gets it, its lazy parts as they are. */
export function completed(
  result: ReturnType<typeof resultOf>,
  rest: { mismatches: readonly Mismatch[]; report: Report; stateRoot: BlockResult['stateRoot'] },
): BlockResult {
  return Object.defineProperties(result, Object.getOwnPropertyDescriptors(rest)) as BlockResult;
}

/** What differs from the header and from what a trusted execution found, as far as that was asked for. */
export function mismatchesOf(
  { hardfork, block }: BlockContext,
  expected: Expected | undefined,
  verify: boolean | VerifyOptions | undefined,
  result: ReturnType<typeof resultOf>,
  stateRoot: Hex | undefined,
): Mismatch[] {
  if (verify === undefined || verify === false) return [];
  const wanted = (name: keyof VerifyOptions): boolean => verify === true || verify[name] === true;
  const mismatches: Mismatch[] = verifyBlock(block, result, {
    gasUsed: wanted('gasUsed'),
    logsBloom: wanted('logsBloom'),
    receiptsRoot: wanted('receiptsRoot'),
    requestsHash: wanted('requestsHash'),
  });
  if (stateRoot !== undefined && block.stateRoot !== undefined && stateRoot !== block.stateRoot) {
    mismatches.push({ name: 'stateRoot', expected: block.stateRoot, actual: stateRoot });
  }
  if (expected === undefined || !wanted('expected')) return mismatches;
  const { transactions, transactionsStateDiff } = result;
  const emptyIsAbsent = isAtLeast(hardfork, 'spuriousDragon');
  expected.transactions.forEach((trusted, i) => {
    const found = transactions[i];
    const compare = (name: string, wantedValue: bigint | number, value: bigint | number | undefined): void => {
      if (wantedValue === value) return;
      mismatches.push({ name: `transactions[${i}].${name}`, expected: String(wantedValue), actual: String(value) });
    };
    compare('gasUsed', trusted.gasUsed, found?.gasUsed);
    compare('status', trusted.status, found === undefined ? undefined : Number(found.success));
    compare('logs', trusted.logs, found?.logs.length);
  });
  for (const { path, expected: trusted, actual } of compareWithExpected(
    transactionsStateDiff,
    expected,
    emptyIsAbsent,
  )) {
    mismatches.push({ name: `post.${path}`, expected: trusted, actual });
  }
  return mismatches;
}

/** Computes a value when it is first asked for, and keeps it. */
function lazy<T>(compute: () => T): () => T {
  let known: { value: T } | undefined;
  return () => {
    known ??= { value: compute() };
    return known.value;
  };
}
