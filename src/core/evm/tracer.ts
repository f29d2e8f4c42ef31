// Who watches transactions run in the trace build, and what they are told beside records.

import type { Hex } from '../../base/hex.ts';
import type { EvmTransactionOutput, EvmTransferOutput } from './evm-decode.ts';
import type { FrameBegan, FrameEnded, SelfDestructed, Step, TransactionBegan } from './trace-events.ts';

/**
 * Somebody who watches transactions run; it hears of what it has methods for, and only that costs time. Events read the
 * core's memory when they are asked: take what you need before the method returns. An attempt may end without a result and
 * begin again; what it told then did not happen.
 */
export interface EvmTracer {
  transactionBegan?(event: TransactionBegan): void;
  /** `result` is missing when the attempt ended without one: everything since `transactionBegan` is void. */
  transactionEnded?(result: EvmTransactionOutput | undefined): void;
  frameBegan?(event: FrameBegan): void;
  frameEnded?(event: FrameEnded): void;
  /** Before each instruction, the STOP behind the end of code among them. */
  stepped?(event: Step): void;
  /** The only opcodes whose steps it has to be told; it may be told others. Missing: all. */
  readonly opcodes?: ReadonlySet<number>;
  /** Value moved. It moves back when the frame, or one around it, fails. */
  transferred?(event: ValueMoved): void;
  logged?(event: Logged): void;
  selfDestructed?(event: SelfDestructed): void;
}

/** Value that moved with a call, a creation or a SELFDESTRUCT. */
export interface ValueMoved {
  readonly from: Hex;
  /** `selfdestruct`: the account itself when the value is burnt. */
  readonly to: Hex;
  /** In wei. */
  readonly value: bigint;
  /** Of the frame that received it, 0 for the outermost; `selfdestruct`: of the frame that ended so. */
  readonly depth: number;
  readonly kind: EvmTransferOutput['kind'];
}

/** A log was written. It goes when the frame, or one around it, fails. */
export interface Logged {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}
