// A state that stays from run to run, as a conductor sees it.

import type { ChangeRecords } from '../core/host/change-records.ts';
import type { KeptRecords } from '../core/host/kept-state.ts';

/** A state that stays from run to run, in the memory that the crew prepares. */
export interface StayingState {
  /** Transactions from which on the workers fold together; fewer are folded by the host alone. */
  readonly foldTogether: number;
  /** Another number as soon as locations may have other numbers. */
  readonly layout: number;
  /** Takes what the run has written held before it: what takes the run back. */
  keep(records: KeptRecords): void;
  /** Takes what the run has changed, as it is in the memory. */
  changed(records: ChangeRecords): void;
}
