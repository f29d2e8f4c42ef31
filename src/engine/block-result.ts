// From the results of a block's tasks to the block's result: transactions, receipts, comparison with what is expected.

import type { BlockInput } from '../block/block-input.ts';
import type { Expected } from '../block/expected.ts';
import { hexFromBytes } from '../block/hex.ts';
import { type BlockOutput, decodeOutput } from '../block/receipts.ts';
import { compareWithExpected, type StateDiff } from '../block/state-diff.ts';
import { verifyBlock } from '../block/verify.ts';
import type { RawResult } from '../core/outcome.ts';
import type { Mismatch, TransactionResult, VerifyOptions } from '../types.ts';

/** Makes transaction results one after the other, in order. */
export class TransactionDecoder {
  readonly #block: BlockInput;
  #index = 0;
  #cumulativeGasUsed = 0n;

  constructor(block: BlockInput) {
    this.#block = block;
  }

  next(raw: RawResult): TransactionResult {
    const index = this.#index++;
    const output = decodeOutput(raw.output);
    this.#cumulativeGasUsed += output.gasUsed;
    const hash = this.#block.transactions[index]?.hash;
    return {
      index,
      ...(hash === undefined ? {} : { hash }),
      success: output.success,
      gasUsed: output.gasUsed,
      cumulativeGasUsed: this.#cumulativeGasUsed,
      logs: output.logs.map(({ address, topics, data }) => ({
        address: hexFromBytes(address),
        topics: topics.map(hexFromBytes),
        data: hexFromBytes(data),
      })),
      returnValue: hexFromBytes(output.returnData),
      ...(output.createdAddress === undefined ? {} : { createdAddress: hexFromBytes(output.createdAddress) }),
      ...(raw.error === undefined ? {} : { error: raw.error }),
    };
  }
}

export interface Findings {
  readonly output: BlockOutput;
  readonly transactions: readonly TransactionResult[];
  readonly transactionsStateDiff: StateDiff;
  readonly emptyIsAbsent: boolean;
}

/** What differs from the header and from what a trusted execution found, as far as that was asked for. */
export function mismatchesOf(
  block: BlockInput,
  expected: Expected | undefined,
  verify: boolean | VerifyOptions | undefined,
  { output, transactions, transactionsStateDiff, emptyIsAbsent }: Findings,
): Mismatch[] {
  if (verify === undefined || verify === false) return [];
  const wanted = (name: keyof VerifyOptions): boolean => verify === true || verify[name] === true;
  const mismatches: Mismatch[] = verifyBlock(block, output, {
    gasUsed: wanted('gasUsed'),
    logsBloom: wanted('logsBloom'),
    receiptsRoot: wanted('receiptsRoot'),
    requestsHash: wanted('requestsHash'),
  });
  if (expected === undefined || !wanted('expected')) return mismatches;
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
