// What steps have changed of a state, kept so that each of its values is found as it was after any step: memory grows with what
// changes, and neither a step nor a question costs more where the state is large or the steps are many.

import { bytesFromHex, type Hex, hexFromBytes, isZero, keyFromBytes, NO_CODE_HASH } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { AccountDiff, StateDiff } from '../block/state-diff.ts';
import { type MemoryAccount, NO_STORAGE } from './memory-account.ts';
import type { SourceKey, StateKey, StateValue } from './state-source.ts';

/** A change of the state: by a block, or from outside after one. */
export interface StateStep {
  readonly diff: StateDiff;
  /** From Spurious Dragon on (EIP-161). */
  readonly emptyIsAbsent: boolean;
}

/** All accounts of the state before, by `keyFromBytes(address)`. */
type Accounts = ReadonlyMap<string, MemoryAccount>;

/** An account from a step on; what is missing is as it was before all steps. */
interface AccountSince {
  readonly step: number;
  readonly balance: bigint | undefined;
  readonly nonce: bigint | undefined;
  readonly code: Hex | undefined;
  readonly codeHash: Hex | undefined;
  readonly exists: boolean;
  /** The step that left it without storage; what was written in that step comes after. 0: none. */
  readonly emptied: number;
}

interface SlotSince {
  readonly step: number;
  readonly value: Hex;
}

/** Oldest first. */
interface AccountHistory {
  readonly fields: AccountSince[];
  readonly slots: Map<Hex, SlotSince[]>;
}

type Fields = Pick<AccountSince, 'balance' | 'nonce' | 'code' | 'codeHash'>;

const ZERO: Hex = `0x${'00'.repeat(32)}`;

export class ChangeHistory {
  readonly #before: Accounts | undefined;
  readonly #steps: StateStep[] = [];
  readonly #accounts = new Map<Hex, AccountHistory>();
  /** The first step that may have left an account that is empty. */
  #firstLax = Number.POSITIVE_INFINITY;
  /** Whether storage was written where there was neither nonce nor code. */
  #hasStorageAlone = false;

  /** @param before the state before all steps, where all of it is known */
  constructor(before: Accounts | undefined) {
    this.#before = before;
  }

  /** How many steps there are. */
  get length(): number {
    return this.#steps.length;
  }

  /** The step with a number: the first one is 1. */
  step(number: number): StateStep | undefined {
    return this.#steps[number - 1];
  }

  append(step: StateStep): void {
    this.#steps.push(step);
    if (!step.emptyIsAbsent) this.#firstLax = Math.min(this.#firstLax, this.length);
    for (const [address, change] of step.diff) {
      const history: AccountHistory = this.#accounts.get(address) ?? { fields: [], slots: new Map() };
      this.#accounts.set(address, history);
      const last = history.fields.at(-1);
      const since = this.#since(address, last, change, step.emptyIsAbsent);
      history.fields.push(since);
      if (!since.exists) continue;
      const mayHaveStorage = change!.storage.size > 0 || !isPlain(last ?? this.#fieldsBefore(address));
      if (mayHaveStorage && isPlain(since)) this.#hasStorageAlone = true;
      for (const [slot, value] of change!.storage) {
        const values = history.slots.get(slot);
        if (values === undefined) history.slots.set(slot, [{ step: this.length, value }]);
        else values.push({ step: this.length, value });
      }
    }
  }

  /** Forgets all but the first `length` steps. */
  truncate(length: number): void {
    for (const { diff } of this.#steps.splice(length)) {
      for (const [address, change] of diff) {
        const history = this.#accounts.get(address);
        if (history === undefined) continue;
        dropAfter(history.fields, length);
        for (const slot of change?.storage.keys() ?? []) {
          const values = history.slots.get(slot) ?? [];
          dropAfter(values, length);
          if (values.length === 0) history.slots.delete(slot);
        }
        if (history.fields.length === 0) this.#accounts.delete(address);
      }
    }
  }

  /** Whether the first `steps` steps may have left empty accounts in the state. */
  mayHaveEmptied(steps: number): boolean {
    return this.#firstLax <= steps;
  }

  /** Whether there may be accounts that have storage alone, beside those from before. */
  get hasStorageAlone(): boolean {
    return this.#hasStorageAlone;
  }

  /** What the first `steps` steps say of a value; `undefined`: it is as before, and of an account perhaps something. */
  valueOf(key: SourceKey, steps: number): StateValue | undefined {
    if (key.kind === 'blockHash') return undefined;
    const since = this.#sinceOf(key, steps);
    if (since === undefined) return undefined;
    const { balance, nonce, code, codeHash, exists, emptied } = since;
    if (key.kind === 'code') return code === undefined ? undefined : { kind: 'code', code };
    if (key.kind === 'storage') {
      const slot = key.slot.toLowerCase() as Hex;
      const written = latest(this.#accounts.get(addressOf(key))!.slots.get(slot) ?? [], steps);
      if (written !== undefined && written.step >= emptied) return { kind: 'storage', value: written.value };
      return emptied > 0 ? { kind: 'storage', value: ZERO } : undefined;
    }
    if (balance === undefined || nonce === undefined || codeHash === undefined) return undefined;
    return { kind: 'account', balance, nonce, codeHash, exists };
  }

  /** A value as it was before all steps, with what the first `steps` have changed of it. */
  changed(key: SourceKey, before: StateValue, steps: number): StateValue {
    if (key.kind !== 'account' || before.kind !== 'account') return before;
    const since = this.#sinceOf(key, steps);
    if (since === undefined) return before;
    const { balance = before.balance, nonce = before.nonce, codeHash = before.codeHash, exists } = since;
    return { kind: 'account', balance, nonce, codeHash, exists };
  }

  /** All accounts after the first `steps` steps: takes as long as there are accounts. */
  accountsAfter(before: Accounts, steps: number): Map<string, MemoryAccount> {
    const accounts = new Map(before);
    for (const [name, { fields, slots }] of this.#accounts) {
      const since = latest(fields, steps);
      if (since === undefined) continue;
      const address = bytesFromHex(name);
      const key = keyFromBytes(address);
      if (!since.exists) accounts.delete(key);
      else accounts.set(key, accountAfter(address, before.get(key), since, storageAfter(slots, since, steps)));
    }
    return accounts;
  }

  #sinceOf(key: StateKey, steps: number): AccountSince | undefined {
    const history = this.#accounts.get(addressOf(key));
    return history && latest(history.fields, steps);
  }

  /** The account after the newest step. */
  #since(
    address: Hex,
    last: AccountSince | undefined,
    change: AccountDiff | null,
    emptyIsAbsent: boolean,
  ): AccountSince {
    const step = this.length;
    const gone = { balance: 0n, nonce: 0n, code: '0x', codeHash: NO_CODE_HASH, exists: false } as const;
    if (change === null) return { step, ...gone, emptied: step };
    const known = last ?? this.#fieldsBefore(address);
    const { balance = known.balance, nonce = known.nonce, code = known.code, destroyed } = change;
    const codeHash = change.code === undefined ? known.codeHash : hashOf(change.code);
    if (emptyIsAbsent && balance === 0n && nonce === 0n && codeHash === NO_CODE_HASH) {
      return { step, ...gone, emptied: step };
    }
    return { step, balance, nonce, code, codeHash, exists: true, emptied: destroyed ? step : (last?.emptied ?? 0) };
  }

  #fieldsBefore(address: Hex): Partial<Fields> {
    if (this.#before === undefined) return {};
    const account = this.#before.get(keyFromBytes(bytesFromHex(address)));
    if (account === undefined) return { balance: 0n, nonce: 0n, code: '0x', codeHash: NO_CODE_HASH };
    return { balance: account.balance, nonce: account.nonce, codeHash: hexFromBytes(account.codeHash) };
  }
}

/** Whether there is neither nonce nor code, as far as that is known. */
function isPlain({ nonce = 0n, codeHash = NO_CODE_HASH }: Partial<Fields>): boolean {
  return nonce === 0n && codeHash === NO_CODE_HASH;
}

/** The newest of those that are of a step or of one before it. */
function latest<T extends { readonly step: number }>(all: readonly T[], step: number): T | undefined {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (all[middle]!.step <= step) low = middle + 1;
    else high = middle;
  }
  return all[low - 1];
}

function dropAfter(all: { readonly step: number }[], step: number): void {
  while (all.length > 0 && all.at(-1)!.step > step) all.pop();
}

function accountAfter(
  address: Uint8Array,
  before: MemoryAccount | undefined,
  { balance, nonce, code, codeHash, emptied }: AccountSince,
  written: readonly (readonly [Hex, Hex])[],
): MemoryAccount {
  return {
    address,
    balance: balance!,
    nonce: nonce!,
    code: code === undefined ? before?.code : bytesFromHex(code),
    codeHash: bytesFromHex(codeHash!),
    storage: withSlots(emptied > 0 || before === undefined ? NO_STORAGE : before.storage, written),
  };
}

/** Slots that were written last in one of these steps, and not before the storage was emptied. */
function storageAfter(
  slots: ReadonlyMap<Hex, readonly SlotSince[]>,
  { emptied }: AccountSince,
  steps: number,
): (readonly [Hex, Hex])[] {
  const written: (readonly [Hex, Hex])[] = [];
  for (const [slot, values] of slots) {
    const value = latest(values, steps);
    if (value !== undefined && value.step >= emptied) written.push([slot, value.value]);
  }
  return written;
}

function withSlots(before: MemoryAccount['storage'], written: readonly (readonly [Hex, Hex])[]) {
  if (written.length === 0) return before;
  const storage = new Map(before);
  for (const [name, word] of written) {
    const slot = bytesFromHex(name);
    const value = bytesFromHex(word);
    if (isZero(value)) storage.delete(keyFromBytes(slot));
    else storage.set(keyFromBytes(slot), { slot, value });
  }
  return storage;
}

function addressOf({ address }: StateKey): Hex {
  return address.toLowerCase() as Hex;
}

function hashOf(code: Hex): Hex {
  return code === '0x' ? NO_CODE_HASH : hexFromBytes(keccak256(bytesFromHex(code)));
}
