// What a run tells and asks those who started it.

import type { BlockHost } from '../core/host/block-host.ts';
import type { ResultBatch } from '../core/host/outcome.ts';
import type { AccountFields } from '../core/host/state-changes.ts';
import type { StateImage } from '../core/host/state-image.ts';
import type { SourceKey } from '../state/state-source.ts';
import type { RunPrefix } from './run-outcome.ts';

/** What a conductor tells and asks those who started it. */
export interface RunHooks {
  /**
   * Loads state; `emptied`: accounts whose storage is gone by now, lower-case hex. `inOrder`: the keys are missed by one transaction, on a
   * state that holds; only the first that it has missed is needed for certain, the others are guesses, and what does not exist of them may
   * be left out.
   */
  load(keys: readonly SourceKey[], emptied: ReadonlySet<string>, inOrder: boolean): Promise<LoadedState>;
  /** New results, in order. */
  committed(results: ResultBatch): void;
  drain(from: number): void;
  /** Workers have begun, while this thread has nothing to do. Each round anew. */
  working?(): void;
  /** What is committed at a pause of the crew, and the results since the last one. */
  paused?(prefix: RunPrefix, results: readonly ResultBatch[]): void;
  /** Looks at what is committed while its versions are still in the memory; `first`: number of the block's first task. */
  examine?(host: BlockHost, first: number): Promise<void>;
}

export interface LoadedState {
  readonly image: StateImage;
  /** By `keyFromBytes(address)`: the accounts among what was asked for. */
  readonly accounts: ReadonlyMap<string, AccountFields>;
  /** What was left out. */
  readonly left?: readonly SourceKey[];
}
