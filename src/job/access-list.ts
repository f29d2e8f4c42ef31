// The access list of an executed block, out of what each of its tasks has met of the state.

import { type Hex, hexFromBytes, keyFromBytes, quantityFromNumber } from '../base/hex.ts';
import type { AccountAccess, BlockAccessList } from '../block/block-access-list.ts';
import { type EvmMetOutput, readEvmMet } from '../core/evm/evm-decode.ts';
import type { Results } from '../core/host/outcome.ts';
import type { StateChanges } from '../core/host/state-changes.ts';

export { blockAccessListHash } from '../block/access-list-encoding.ts';

/** Where the transactions are among the tasks of a block. */
export interface TransactionPlace {
  readonly firstTransaction: number;
  readonly transactionCount: number;
}

/** What an account was met with: values by the index after which they stand. */
class MetAccount {
  readonly reads = new Set<bigint>();
  readonly slots = new Map<bigint, Map<number, Hex>>();
  readonly balances: { readonly at: number; readonly isAdded: boolean; readonly value: bigint }[] = [];
  readonly nonces = new Map<number, Hex>();
  readonly codes = new Map<number, Hex>();
}

/**
 * The list of a block whose results are all known. The last: what the whole block changed, for balances that nobody read.
 */
export function accessListOf(
  results: Results,
  { firstTransaction, transactionCount }: TransactionPlace,
  { accounts: before }: StateChanges,
): BlockAccessList {
  const met = new MetAccounts();
  for (let task = 0; task < results.length; task++) {
    // Steps of the protocol before the transactions share an index, and those behind them another.
    const at = Math.min(Math.max(task - firstTransaction + 1, 0), transactionCount + 1);
    met.add(at, readEvmMet(results.output(task)));
  }
  return met.list((key) => before.get(key)?.before.balance);
}

/** What the tasks of a block have met, one after the other. */
export class MetAccounts {
  readonly #accounts = new Map<string, { readonly address: Uint8Array; readonly met: MetAccount }>();

  /** `at`: the task's index in the list; they come in order. */
  add(at: number, items: readonly EvmMetOutput[]): void {
    for (const item of items) {
      const key = keyFromBytes(item.address);
      const known = this.#accounts.get(key) ?? { address: item.address, met: new MetAccount() };
      this.#accounts.set(key, known);
      note(known.met, at, item);
    }
  }

  /** `balanceBefore`: by account as `keyFromBytes` names it, that before the block; of one that is the same after it `undefined` will do. */
  list(balanceBefore: (key: string) => bigint | undefined): BlockAccessList {
    return [...this.#accounts]
      .map(([key, { address, met }]) => accessOf(address, met, balanceBefore(key)))
      .sort((left, right) => (left.address < right.address ? -1 : 1));
  }
}

/** What several steps leave at one index is what the last one left. */
function note(met: MetAccount, at: number, item: EvmMetOutput): void {
  switch (item.kind) {
    case 'account':
      break;
    case 'slot-read':
      met.reads.add(item.slot);
      break;
    case 'slot':
      met.slots.set(item.slot, (met.slots.get(item.slot) ?? new Map()).set(at, quantityFromNumber(item.value)));
      break;
    case 'balance':
    case 'credit':
      met.balances.push({ at, isAdded: item.kind === 'credit', value: item.value });
      break;
    case 'nonce':
      met.nonces.set(at, quantityFromNumber(item.value));
      break;
    case 'code':
      met.codes.set(at, hexFromBytes(item.code));
      break;
  }
}

/** `base`: the balance before the block; `undefined`: that after it. */
function accessOf(address: Uint8Array, met: MetAccount, base: bigint | undefined): AccountAccess {
  const reads = [...met.reads].filter((slot) => !met.slots.has(slot)).sort(ascending);
  const slots = [...met.slots].sort(([left], [right]) => ascending(left, right));
  return {
    address: hexFromBytes(address),
    storageChanges: slots.map(([slot, values]) => ({
      slot: quantityFromNumber(slot),
      slotChanges: inOrder(values).map(([blockAccessIndex, postValue]) => ({ blockAccessIndex, postValue })),
    })),
    storageReads: reads.map(quantityFromNumber),
    balanceChanges: inOrder(balancesOf(met, base)).map(([blockAccessIndex, postBalance]) => {
      return { blockAccessIndex, postBalance };
    }),
    nonceChanges: inOrder(met.nonces).map(([blockAccessIndex, postNonce]) => ({ blockAccessIndex, postNonce })),
    codeChanges: inOrder(met.codes).map(([blockAccessIndex, newCode]) => ({ blockAccessIndex, newCode })),
  };
}

/** The balance after each index that left another than it found. */
function balancesOf({ balances }: MetAccount, base: bigint | undefined): Map<number, Hex> {
  const sum = (from: bigint) => balances.reduce((held, { isAdded, value }) => (isAdded ? held + value : value), from);
  const found = new Map<number, { readonly before: bigint; readonly after: bigint }>();
  // What only grew would be another after the block: where it is the same, somebody has read it, and `sum` begins there.
  let balance = base ?? sum(0n);
  for (const { at, isAdded, value } of balances) {
    const before = found.get(at)?.before ?? balance;
    balance = isAdded ? balance + value : value;
    found.set(at, { before, after: balance });
  }
  const changed = [...found].filter(([, { before, after }]) => before !== after);
  return new Map(changed.map(([at, { after }]) => [at, quantityFromNumber(after)]));
}

/** Results come in the order of the block. */
function inOrder(values: ReadonlyMap<number, Hex>): [Hex, Hex][] {
  return [...values].map(([at, value]) => [quantityFromNumber(at), value]);
}

function ascending(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
