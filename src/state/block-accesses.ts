// What an executed block has left of each of its transactions: enough to begin any of them as if those before it had just run.

import type { DescribedStateSource, StateKey, StateSource } from './state-source.ts';

/** Where a transaction of an executed block begins. */
export interface TransactionStart {
  /** As the transactions before it have left it. */
  readonly state: DescribedStateSource;
  /** What the transaction has asked of it. */
  readonly keys: readonly StateKey[];
  /** Logs of the block before it. */
  readonly firstLog: number;
}

/** What the transactions of a block have read and written, kept beside the block. */
export interface BlockAccesses {
  /** What it takes of memory. */
  readonly bytes: number;
  /** `below`: the state before the block; `index`: the transaction's place in it. */
  startOf(index: number, below: StateSource): TransactionStart;
}
