// What is asked of a traced block, and what comes back.

import type { Hex } from '../base/hex.ts';
import type { BlockRequest, Run } from '../types.ts';

/** A block to be traced: the block and its state as for `executeBlock`; a tracer and its options stand beside them. */
export interface BlockTraceRequest
  extends Pick<
    BlockRequest,
    | 'block'
    | 'chainId'
    | 'chain'
    | 'hardfork'
    | 'state'
    | 'blockHashes'
    | 'depositContract'
    | 'blockReward'
    | 'senders'
    | 'signal'
    | 'executionTimeoutMs'
  > {
  /** The only transaction to be traced, by its place in the block; those behind it do not run. Default: all. */
  readonly index?: number;
}

/** What a tracer said of a transaction. */
export interface TransactionTrace<Result = unknown> {
  readonly index: number;
  /** Where the block has it. */
  readonly hash: Hex | undefined;
  readonly result: Result;
}

export type TraceRun<Result> = Run<TransactionTrace<Result>, readonly TransactionTrace<Result>[]>;
