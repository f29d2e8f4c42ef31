// What a header says of receipts, reckoned as their transactions are committed: behind the last of them little is left to do.

import { type ReceiptCommitment, ReceiptHashes } from '../base/hashing.ts';
import type { BlockInput } from '../block/block-input.ts';
import { HEAD, type ResultBatch } from '../core/host/outcome.ts';
import type { BlockEncoding } from './block-encoding.ts';

/** Takes the results of a block's tasks for the EVM inside the core, in order. */
export class ReceiptCommitter {
  readonly #hashes: ReceiptHashes;
  readonly #first: number;
  readonly #end: number;
  /** Tasks whose results have come. */
  #taken = 0;

  /** `roots`: of the states after the transactions, where receipts hold them. */
  constructor(
    { transactions }: Pick<BlockInput, 'transactions'>,
    { firstTransaction, transactionCount }: Pick<BlockEncoding, 'firstTransaction' | 'transactionCount'>,
    roots?: readonly Uint8Array[],
  ) {
    this.#first = firstTransaction;
    this.#end = firstTransaction + transactionCount;
    this.#hashes = new ReceiptHashes(
      transactions.map(({ type }) => (type === undefined ? 0 : Number(type))),
      roots,
    );
  }

  push({ heads, outputs }: ResultBatch): void {
    const before = this.#taken;
    this.#taken += heads.length / HEAD.SIZE;
    const endOf = (task: number) => heads[(task - before) * HEAD.SIZE + HEAD.END]!;
    const from = Math.max(before, this.#first);
    const ends: number[] = [];
    for (let task = from; task < Math.min(this.#taken, this.#end); task++) ends.push(endOf(task));
    this.#hashes.add(outputs, from === before ? 0 : endOf(from - 1), ends);
  }

  /** Root and bloom; `undefined` where results are missing, or there is no WebAssembly for it on this thread. */
  finish(): ReceiptCommitment | undefined {
    return this.#hashes.finish();
  }
}
