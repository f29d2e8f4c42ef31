// Those who execute, as a conductor sees them: memories, and rounds in them.

import type { BlockHost } from '../core/host/block-host.ts';

/**
 * How a round ended. `spent`: more workers were lost than this memory has ids for; what is committed stands, the rest needs
 * another. `paused`: what is committed is to be told, and then the block goes on.
 */
export type RoundAnswer = 'over' | 'spent' | 'paused';

/** Those who execute, and the memory they do it in. */
export interface Crew {
  /** A host over a memory that nobody else touches. */
  prepare(): Promise<BlockHost>;
  /** One round: until the block is done or halted, or to be told of, and no live worker is inside. */
  round(host: BlockHost, options: RoundOptions): Promise<RoundAnswer>;
  /** Whether it leaves this thread alone while it works. */
  readonly isElsewhere?: boolean;
  /** When the first worker of the last round began to execute, on the memory's clock; unknown where nothing is posted. */
  readonly beganMs?: number | undefined;
  /** When the last round was over, on the same clock. */
  readonly endedMs?: number | undefined;
}

export interface RoundOptions {
  /** Number of the block's first task in the plan. */
  readonly first: number;
  /** One worker only. */
  readonly sequential: boolean;
  /** The block is committed; what is left is to fold it. */
  readonly folding?: boolean;
}
