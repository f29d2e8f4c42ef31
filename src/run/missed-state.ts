// State that a run finds missing: what is loaded of it, and what that means for memories to come.

import { StateSourceError } from '../base/errors.ts';
import { type Hex, hexFromBytes } from '../base/hex.ts';
import { decodeChanges, type SegmentChanges } from '../core/host/change-records.ts';
import { nameOfKey } from '../core/host/missing-keys.ts';
import type { AccountFields } from '../core/host/state-changes.ts';
import type { SourceKey } from '../state/state-source.ts';
import type { LoadedState, RunHooks } from './run-hooks.ts';

interface LoadFigures {
  loadMs: number;
  loadRounds: number;
}

export class MissedState {
  /** Accounts whose storage is gone by now, lower-case hex. */
  readonly emptied: Set<string>;
  /** Accounts that were loaded after something had been credited to them. */
  readonly unseen = new Map<string, AccountFields>();
  /** What the present memory was given. */
  readonly #loaded = new Set<string>();
  readonly #hooks: RunHooks;
  readonly #figures: LoadFigures;

  /** `figures`: where rounds and time are counted. */
  constructor(hooks: RunHooks, figures: LoadFigures, emptied: readonly string[] = []) {
    this.#hooks = hooks;
    this.#figures = figures;
    this.emptied = new Set(emptied);
  }

  /** Batches that were loaded so far. */
  get rounds(): number {
    return this.#figures.loadRounds;
  }

  /** `inOrder`: the first thing that is missed is needed, and what is missed behind it need not be there. @throws StateSourceError where all of it was loaded before */
  async load(keys: readonly SourceKey[], inOrder = false): Promise<LoadedState> {
    const start = performance.now();
    // A terminated worker may ask late for what is there by now.
    const wanted = keys.filter((key) => !this.#loaded.has(nameOfKey(key)));
    const [first] = keys;
    if (wanted.length === 0 && first !== undefined) {
      throw new StateSourceError(`the state source did not give what it was asked for: ${nameOfKey(first)}`);
    }
    for (const key of wanted) this.#loaded.add(nameOfKey(key));
    this.#figures.loadRounds++;
    const loaded = await this.#hooks.load(wanted, this.emptied, inOrder);
    for (const key of loaded.left ?? []) this.#loaded.delete(nameOfKey(key));
    this.#figures.loadMs += performance.now() - start;
    return loaded;
  }

  /** Notes accounts that were loaded after something had been credited to them. */
  addUnseen(accounts: LoadedState['accounts']): void {
    for (const [address, fields] of accounts) this.unseen.set(address, fields);
  }

  /** Loads accounts that nobody has asked for, but that something was credited to. */
  async loadUnseen(addresses: readonly Uint8Array[]): Promise<void> {
    if (addresses.length === 0) return;
    const keys = addresses.map((address) => ({ kind: 'account', address: hexFromBytes(address) }) as const);
    this.addUnseen((await this.load(keys)).accounts);
  }

  /** The storage that these changes have emptied is gone for those to come. */
  addEmptied(changes: SegmentChanges | undefined): void {
    for (const address of emptiedIn(changes)) this.emptied.add(address);
  }

  /** The rest of the run has another memory, which is given all that it misses. */
  forgetMemory(): void {
    this.unseen.clear();
    this.#loaded.clear();
  }
}

/** Accounts whose storage was emptied as a whole, lower-case hex. */
export function emptiedIn(changes: SegmentChanges | undefined): Hex[] {
  if (changes === undefined) return [];
  const accounts = [...decodeChanges([changes]).accounts.values()];
  return accounts.filter(({ emptied }) => emptied).map(({ address }) => hexFromBytes(address));
}
