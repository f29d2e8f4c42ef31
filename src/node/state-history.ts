// The states after each block of a chain: what each block changed, over the state that the chain is known from.

import { StateSourceError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { lazy } from '../base/lazy.ts';
import { ChangeHistory, type StateStep } from '../state/change-history.ts';
import { type LayerLoad, layerState } from '../state/layers.ts';
import { type MemoryState, stateOfAccounts } from '../state/memory.ts';
import type { DescribedStateSource, StateSource } from '../state/state-source.ts';
import type { TrieArchive } from '../state/trie-archive.ts';

/** States that somebody asked for last: each has all accounts, once somebody has asked for those. */
const RECENT = 8;

/** A state that is known as a whole, or a source that is asked. */
export type FirstState =
  | { readonly whole: MemoryState; readonly source?: undefined }
  | { readonly whole?: undefined; readonly source: StateSource };

/** States as nodes read them. */
export class StateHistory {
  readonly #first: StateSource;
  /** The first state, where all of it is known. */
  readonly #whole: MemoryState | undefined;
  readonly #changes: ChangeHistory;
  /** By how many steps lead to them. */
  readonly #recent = new Map<number, DescribedStateSource>();
  readonly #recentValues = new Map<number, DescribedStateSource>();
  readonly #archive: Promise<TrieArchive> | undefined;
  readonly #roots: Promise<Hex>[] = [];

  /** `whole`: what there is to know; or a source that is asked. */
  constructor({ whole, source }: FirstState) {
    this.#changes = new ChangeHistory(whole?.accounts);
    // Hashes of blocks are asked of the chain.
    this.#whole = whole && stateOfAccounts(whole.accounts, new Map());
    this.#first = this.#whole ?? source!;
    if (whole === undefined) return;
    const archive = import('../state/trie-archive.ts').then(({ TrieArchive }) => TrieArchive.open());
    this.#archive = archive;
    this.#pushRoot(archive.then((opened) => opened.begin(whole.accounts.values())));
  }

  /** How many steps there are. */
  get length(): number {
    return this.#changes.length;
  }

  append(step: StateStep): void {
    this.#changes.append(step);
    const archive = this.#archive;
    if (archive === undefined) return;
    const before = this.#roots.at(-1)!;
    this.#pushRoot(before.then(async (known) => (await archive).after(known, step.diff, step)));
  }

  #pushRoot(root: Promise<Hex>): void {
    // What fails is told to whoever asks for it.
    root.catch(() => {});
    this.#roots.push(root);
  }

  /** Takes back all but the first `length` steps. */
  truncate(length: number): void {
    this.#changes.truncate(length);
    for (const root of this.#roots.splice(this.length + 1)) this.#forget(root);
    for (const states of [this.#recent, this.#recentValues]) {
      for (const at of states.keys()) if (at > this.length) states.delete(at);
    }
  }

  #forget(root: Promise<Hex>): void {
    Promise.all([this.#archive, root]).then(
      ([archive, known]) => archive?.forget(known),
      () => {},
    );
  }

  /** The state after so many steps, as long as they are not taken back. */
  stateAt(steps: number): DescribedStateSource {
    const whole = this.#whole;
    return this.#recently(this.#recent, steps, () => {
      const values = this.valuesAt(steps);
      if (whole === undefined) return values;
      const check = this.#checkOf(steps);
      const describe = lazy(() => {
        check();
        return stateOfAccounts(this.#changes.accountsAfter(whole.accounts, steps), new Map()).description;
      });
      return {
        ...values,
        get description() {
          return describe();
        },
      };
    });
  }

  /** The same, without a list of its accounts, which takes as long as there are accounts. */
  valuesAt(steps: number): DescribedStateSource {
    return this.#recently(this.#recentValues, steps, () => {
      const changes = this.#changes;
      const check = this.#checkOf(steps);
      const load: LayerLoad = async (keys, below, options) => {
        check();
        const known = keys.map((key) => changes.valueOf(key, steps));
        const asked = keys.filter((_, at) => known[at] === undefined);
        const answers = asked.length === 0 ? [] : await below.load(asked, options);
        check();
        let next = 0;
        return keys.map((key, at) => known[at] ?? changes.changed(key, answers[next++]!, steps));
      };
      return layerState(this.#first, load, ({ accounts: _, ...below }) => ({
        ...below,
        ...(below.emptyAccounts === false && { emptyAccounts: changes.mayHaveEmptied(steps) }),
      }));
    });
  }

  /** Whether {@link valuesAt} says all that there is to say without the accounts. */
  get isDescribed(): boolean {
    return this.#whole?.storageOnly.length === 0 && !this.#changes.hasStorageAlone;
  }

  /** Throws where the state's block was taken back. */
  #checkOf(steps: number): () => void {
    const changes = this.#changes;
    const last = changes.step(steps);
    return () => {
      if (changes.step(steps) !== last) throw new StateSourceError('the block of this state was taken back');
    };
  }

  #recently(
    recent: Map<number, DescribedStateSource>,
    steps: number,
    make: () => DescribedStateSource,
  ): DescribedStateSource {
    const known = recent.get(steps);
    if (known !== undefined) return known;
    const state = make();
    recent.set(steps, state);
    for (const at of recent.keys()) if (recent.size > RECENT) recent.delete(at);
    return state;
  }

  /** Accounts that the steps behind the first `from` have changed, up to the step `to`. */
  changedBetween(from: number, to: number): Set<Hex> {
    const changed = new Set<Hex>();
    for (let at = from + 1; at <= to; at++) {
      for (const address of this.#changes.step(at)?.diff.keys() ?? []) changed.add(address);
    }
    return changed;
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
