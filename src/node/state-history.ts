// The states after each block of a chain: what each block changed, over the state that the chain is known from.

import { StateSourceError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { changedState } from '../state/changed-state.ts';
import { type MemoryState, stateOfAccounts } from '../state/memory.ts';
import { stateAfter } from '../state/state-after.ts';
import type { DescribedStateSource, StateSource } from '../state/state-source.ts';
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

/** A state that is known as a whole, or a source that is asked. */
export type FirstState =
  | { readonly whole: MemoryState; readonly source?: undefined }
  | { readonly whole?: undefined; readonly source: StateSource };

/** States as nodes read them. */
export class StateHistory {
  /** Of which not all is known. */
  readonly #source: StateSource | undefined;
  readonly #steps: StateStep[] = [];
  /** By how many steps lead to them; the first one is always there. */
  readonly #kept = new Map<number, MemoryState>();
  readonly #recent = new Map<number, DescribedStateSource>();
  readonly #archive: Promise<TrieArchive> | undefined;
  readonly #roots: Promise<Hex>[] = [];

  /** `whole`: what there is to know; or a source that is asked. */
  constructor({ whole, source }: FirstState) {
    this.#source = source;
    if (whole === undefined) return;
    this.#kept.set(0, whole);
    const archive = import('../state/trie-archive.ts').then(({ TrieArchive }) => TrieArchive.open());
    this.#archive = archive;
    this.#pushRoot(archive.then((opened) => opened.begin(whole.accounts.values())));
  }

  /** How many steps there are. */
  get length(): number {
    return this.#steps.length;
  }

  append(step: StateStep): void {
    this.#steps.push(step);
    const archive = this.#archive;
    if (archive === undefined) return;
    const before = this.#roots.at(-1)!;
    this.#pushRoot(before.then(async (known) => (await archive).after(known, step.diff, step)));
    if (this.length % KEPT_EVERY === 0) this.#kept.set(this.length, this.#wholeAt(this.length));
  }

  #pushRoot(root: Promise<Hex>): void {
    // What fails is told to whoever asks for it.
    root.catch(() => {});
    this.#roots.push(root);
  }

  /** Takes back all but the first `length` steps. */
  truncate(length: number): void {
    this.#steps.length = Math.min(length, this.#steps.length);
    for (const root of this.#roots.splice(this.#steps.length + 1)) this.#forget(root);
    for (const states of [this.#kept, this.#recent]) {
      for (const at of states.keys()) if (at > this.length) states.delete(at);
    }
  }

  #forget(root: Promise<Hex>): void {
    Promise.all([this.#archive, root]).then(
      ([archive, known]) => archive?.forget(known),
      () => {},
    );
  }

  /** The state after so many steps. */
  stateAt(steps: number): DescribedStateSource {
    const recent = this.#recent.get(steps) ?? this.#kept.get(steps);
    if (recent !== undefined) return recent;
    const source = this.#source;
    const state =
      source === undefined
        ? this.#wholeAt(steps)
        : changedState(
            source,
            this.#steps.slice(0, steps).map(({ diff }) => diff),
          );
    this.#recent.set(steps, state);
    for (const at of this.#recent.keys()) if (this.#recent.size > RECENT) this.#recent.delete(at);
    return state;
  }

  #wholeAt(steps: number): MemoryState {
    const known = (at: number) => this.#kept.get(at) ?? this.#recent.get(at);
    const from = Math.max(...[...this.#kept.keys(), ...this.#recent.keys()].filter((at) => at <= steps));
    let state = known(from) as MemoryState;
    for (const { diff, emptyIsAbsent } of this.#steps.slice(from, steps)) {
      state = stateAfter(state, diff, { emptyIsAbsent });
    }
    return stateOfAccounts(state.accounts, new Map());
  }

  /** Root of the state after so many steps. */
  rootAt(steps: number): Promise<Hex> {
    return this.#roots[steps] ?? Promise.reject(unknownRoot());
  }

  archive(): Promise<TrieArchive> {
    return this.#archive ?? Promise.reject(unknownRoot());
  }

  /** Whether its roots are known. */
  get hasRoots(): boolean {
    return this.#archive !== undefined;
  }
}

function unknownRoot(): StateSourceError {
  return new StateSourceError('the state is that of a node: not all of it is known, and it has no root here');
}
