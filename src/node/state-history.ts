// The states after each block of a chain: what each block changed, over the state that the chain is known from.

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { type MemoryState, stateOfAccounts } from '../state/memory.ts';
import { stateAfter } from '../state/state-after.ts';
import type { TrieArchive } from '../state/trie-archive.ts';

/** A change of the state: by a block, or from outside after one. */
export interface StateStep {
  readonly diff: StateDiff;
  /** From Spurious Dragon on (EIP-161). */
  readonly emptyIsAbsent: boolean;
}

/** Steps from one state that is kept to the next. */
const KEPT_EVERY = 64;
/** States that somebody asked for last. */
const RECENT = 8;

/** Of a state that is known as a whole. */
export class StateHistory {
  readonly #steps: StateStep[] = [];
  /** By how many steps lead to them; the first one is always there. */
  readonly #kept = new Map<number, MemoryState>();
  readonly #recent = new Map<number, MemoryState>();
  readonly #archive: Promise<TrieArchive>;
  readonly #roots: Promise<Hex>[] = [];

  constructor(first: MemoryState) {
    this.#kept.set(0, first);
    this.#archive = import('../state/trie-archive.ts').then((module) => new module.TrieArchive());
    this.#roots.push(this.#archive.then((archive) => archive.begin(first.accounts.values())));
  }

  /** How many steps there are. */
  get length(): number {
    return this.#steps.length;
  }

  append(step: StateStep): void {
    this.#steps.push(step);
    const before = this.#roots.at(-1)!;
    const root = before.then(async (known) => (await this.#archive).after(known, step.diff, step));
    // Whoever asks for it is told.
    root.catch(() => {});
    this.#roots.push(root);
    if (this.length % KEPT_EVERY === 0) this.#kept.set(this.length, this.stateAt(this.length));
  }

  /** Takes back all but the first `length` steps. */
  truncate(length: number): void {
    this.#steps.length = Math.min(length, this.#steps.length);
    this.#roots.length = this.#steps.length + 1;
    for (const states of [this.#kept, this.#recent]) {
      for (const at of states.keys()) if (at > this.length) states.delete(at);
    }
  }

  /** The state after so many steps. */
  stateAt(steps: number): MemoryState {
    const recent = this.#recent.get(steps) ?? this.#kept.get(steps);
    if (recent !== undefined) return recent;
    const from = Math.max(...[...this.#kept.keys(), ...this.#recent.keys()].filter((at) => at < steps));
    let state = (this.#recent.get(from) ?? this.#kept.get(from))!;
    for (const { diff, emptyIsAbsent } of this.#steps.slice(from, steps)) {
      state = stateAfter(state, diff, { emptyIsAbsent });
    }
    const whole = stateOfAccounts(state.accounts, new Map());
    this.#recent.set(steps, whole);
    for (const at of this.#recent.keys()) if (this.#recent.size > RECENT) this.#recent.delete(at);
    return whole;
  }

  /** Root of the state after so many steps. */
  rootAt(steps: number): Promise<Hex> {
    return this.#roots[steps]!;
  }

  archive(): Promise<TrieArchive> {
    return this.#archive;
  }
}
