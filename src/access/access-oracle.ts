// What a transaction or a task will probably read and write, who says so, and several of those as one.

import type { Hex } from '../base/hex.ts';
import type { BlockInput, TransactionInput } from '../block/block-input.ts';
import type { Task } from '../task/executor.ts';

/** A place in the state. `slot` has 32 bytes; free-form keys (`data`, `number`) are those of a `StateView`. */
export type AccessKey =
  | { readonly kind: 'balance' | 'nonce' | 'code'; readonly address: Hex }
  | { readonly kind: 'storage'; readonly address: Hex; readonly slot: Hex }
  | { readonly kind: 'data' | 'number'; readonly key: string };

/**
 * A place that is written, with what will be there afterwards, where that is known: wei of a balance, a nonce, a word of
 * storage or a free-form number as a bigint; code or free-form data as bytes.
 */
export type AccessWrite = AccessKey & { readonly value?: bigint | Uint8Array };

/** What one transaction will probably touch. Any of it may be wrong or missing: that costs time, never the result. */
export interface AccessPrediction {
  readonly reads?: readonly AccessKey[];
  readonly writes?: readonly AccessWrite[];
  /** Balances and numbers that are added to without being read: such writes do not make each other wait. */
  readonly credits?: readonly AccessKey[];
  /** Read, or written, or both: nobody knows. */
  readonly touches?: readonly AccessKey[];
  /** Lower transactions, or tasks, that it should not begin before, by index. */
  readonly after?: readonly number[];
  /** Gas that it will use, or any other measure of its work. */
  readonly gas?: bigint;
}

/** A transaction in its block. */
export interface TransactionContext {
  readonly block: BlockInput;
  readonly transaction: TransactionInput;
  /** Of the transaction in the block, from 0. */
  readonly index: number;
  /** A fast one: a microsecond for a mapping's key. */
  readonly keccak256: (bytes: Uint8Array) => Uint8Array;
}

/**
 * Says what will be touched. Asked once per transaction, in order, before the run. What it throws, and what is no
 * prediction, is named in the report (`planning.problems`), and the run goes on as if it had said nothing.
 */
export interface AccessOracle {
  /** Of a transaction of a block. */
  transactionAccess?(context: TransactionContext): AccessPrediction | undefined;
  /** Of a task, where an engine executes tasks. */
  taskAccess?(task: Task): AccessPrediction | undefined;
}

/**
 * Several oracles as one: the predictions of all, and where they differ (what a place will hold, how much gas it takes),
 * that of the first who says anything. So the most certain comes first: a block access list, hints, EIP-2930 lists, what
 * was learned, static analysis.
 */
export function combineOracles(...oracles: readonly AccessOracle[]): AccessOracle {
  const all = (ask: (oracle: AccessOracle) => AccessPrediction | undefined) => joinPredictions(oracles.map(ask));
  return {
    transactionAccess: (context) => all((oracle) => oracle.transactionAccess?.(context)),
    taskAccess: (task) => all((oracle) => oracle.taskAccess?.(task)),
  };
}

function joinPredictions(given: readonly (AccessPrediction | undefined)[]): AccessPrediction | undefined {
  const known = given.filter((prediction) => prediction !== undefined);
  if (known.length < 2) return known[0];
  const join = <T>(listOf: (prediction: AccessPrediction) => readonly T[] | undefined) =>
    known.flatMap((prediction) => listOf(prediction) ?? []);
  const gas = known.find((prediction) => prediction.gas !== undefined)?.gas;
  return {
    reads: join(({ reads }) => reads),
    writes: join(({ writes }) => writes),
    credits: join(({ credits }) => credits),
    touches: join(({ touches }) => touches),
    after: join(({ after }) => after),
    ...(gas === undefined ? {} : { gas }),
  };
}

/** What the caller knows of a block's transactions, or of tasks, by index. */
export function fromHints(hints: ReadonlyMap<number, AccessPrediction>): AccessOracle {
  return {
    transactionAccess: ({ index }) => hints.get(index),
    taskAccess: ({ id }) => hints.get(id),
  };
}

/**
 * The access lists that transactions carry (EIP-2930). They say what is touched, not how: what only a few transactions
 * of the block name counts as written by each of them, see {@link Planner}.
 */
export function fromEIP2930(): AccessOracle {
  return {
    transactionAccess({ transaction }) {
      if (transaction.accessList === undefined || transaction.accessList.length === 0) return undefined;
      const touches = transaction.accessList.flatMap(({ address, storageKeys }) =>
        storageKeys.map((slot): AccessKey => ({ kind: 'storage', address, slot })),
      );
      return { touches };
    },
  };
}
