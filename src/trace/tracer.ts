// What a tracer is: somebody who watches one transaction, and says in the end what it saw.

import type { Hex } from '../base/hex.ts';
import type { Rules } from '../chain/rules.ts';
import type { TracedState } from '../core/evm/trace-state.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';

// What tracers are told.
export type {
  EvmInvalidReason,
  EvmLogOutput,
  EvmTransactionOutput,
  EvmTransferOutput,
} from '../core/evm/evm-decode.ts';
export type {
  FrameBegan,
  FrameEnded,
  FrameKind,
  Instruction,
  SelfDestructed,
  Step,
  TracedAuthorization,
  TransactionBegan,
} from '../core/evm/trace-events.ts';
export type { TracedState } from '../core/evm/trace-state.ts';
export type { Logged, ValueMoved } from '../core/evm/tracer.ts';

/** The block that a traced transaction is in. */
export interface TracedBlock {
  readonly number: bigint;
  /** Where it is known. */
  readonly hash: Hex | undefined;
  readonly beneficiary: Hex;
  readonly rules: Rules;
}

/** The transaction that a tracer is made for. */
export interface TracedTransaction {
  /** Its place in the block; `undefined` for a call that is in none. */
  readonly index: number | undefined;
  /** Where it is known. */
  readonly hash: Hex | undefined;
  readonly block: TracedBlock;
  /** Logs of the block before it. */
  readonly firstLog: number;
  /** What the transaction sees; only while a method of the tracer runs. */
  readonly state: TracedState;
}

/**
 * Watches one transaction. Only the events that it has methods for are told, and cost time. `result` is asked for once, after
 * `transactionEnded`; a transaction that has to begin again gets a new tracer.
 */
export interface Tracer<Result = unknown> extends EvmTracer {
  result(): Result;
}

export type TracerFactory<Result = unknown> = (transaction: TracedTransaction) => Tracer<Result>;
