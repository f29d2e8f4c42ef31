// What a simulated block has met of the state so far: its access list (EIP-7928), which its header commits to.

import type { BlockAccessList } from '../block/block-access-list.ts';
import { MetAccounts } from '../job/access-list.ts';
import type { SandboxOutcome } from './sandbox.ts';

export class SimulatedAccesses {
  readonly #met = new MetAccounts();
  /** Balances before the block of those that it has changed: as they were when it did so for the first time. */
  readonly #balances = new Map<string, bigint>();

  /** `at`: index in the list of what was run, and folded. */
  add(at: number, { met, changes }: SandboxOutcome): void {
    this.#met.add(at, met);
    for (const [key, { before }] of changes?.accounts ?? []) {
      if (!this.#balances.has(key)) this.#balances.set(key, before.balance);
    }
  }

  list(): BlockAccessList {
    return this.#met.list((key) => this.#balances.get(key));
  }
}
