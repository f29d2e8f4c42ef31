// What a run must know of states that are more than values: those that prove what they say, and those that note what they are asked.

import type { Hex } from '../../base/hex.ts';
import type { BlockAccessList } from '../../block/block-access-list.ts';
import type { BlockInput } from '../../block/block-input.ts';
import type { StateDiff } from '../../block/state-diff.ts';
import type {
  DescribedStateSource,
  SourceKey,
  StateDescription,
  StateKey,
  StateSource,
  StateValue,
} from '../state-source.ts';

/** How a block ended. */
export interface BlockEnd {
  /** What it met; `undefined`: nobody has recorded it, and what was asked for stands for it. */
  readonly accesses: BlockAccessList | undefined;
  readonly diff: StateDiff;
  readonly emptyIsAbsent: boolean;
}

/** A state of which a witness proves as much as a block takes. */
export abstract class ProvenState implements DescribedStateSource {
  abstract readonly description: StateDescription;
  abstract load(keys: readonly SourceKey[]): Promise<StateValue[]>;
  abstract blockHash(number: bigint): Promise<Hex>;

  /** What the block will surely touch, and what the witness says was hashed, as far as it proves them. */
  abstract keys(block: BlockInput): Promise<StateKey[]>;

  /**
   * Root of the state after the block. @throws WitnessError for a node that is missing for that, and for nodes and codes that
   * the block does not take
   */
  abstract rootAfter(end: BlockEnd): Promise<Hex>;
}

const recorded = new WeakSet<StateSource>();

/** From now on the state is asked for all code that a run takes. */
export function askForCode(state: StateSource): void {
  recorded.add(state);
}

/** Whether a state must be asked for all code that a run takes: which it takes is what matters. */
export function asksForCode(state: StateSource): boolean {
  return state instanceof ProvenState || recorded.has(state);
}
