// What a source fetches and remembers, by name: an account with its code, a slot, a block's hash.

import type { Hex } from '../../base/hex.ts';
import type { SourceKey } from '../state-source.ts';

/** One thing to fetch. An account comes with its code: both are wanted sooner or later, and together cost one trip. */
export type Unit =
  | { readonly kind: 'account'; readonly address: Hex }
  | { readonly kind: 'storage'; readonly address: Hex; readonly slot: Hex }
  | { readonly kind: 'blockHash'; readonly number: bigint };

/** One name per unit, in lower case. */
export function nameOfUnit(unit: Unit): string {
  switch (unit.kind) {
    case 'account':
      return unit.address.toLowerCase();
    case 'storage':
      return `${unit.address}${unit.slot.slice(2)}`.toLowerCase();
    case 'blockHash':
      return String(unit.number);
  }
}

/** What has to be fetched to answer a key. */
export function unitOf(key: SourceKey): Unit {
  if (key.kind === 'blockHash') return { kind: 'blockHash', number: key.number };
  const address = key.address.toLowerCase() as Hex;
  if (key.kind === 'storage') return { kind: 'storage', address, slot: key.slot.toLowerCase() as Hex };
  return { kind: 'account', address };
}

/** An account as it was fetched. */
export interface FetchedAccount {
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly exists: boolean;
  readonly codeHash: Hex;
  readonly code: Hex;
  /** Of its storage, where it was proven: who has the same has the same slots. */
  readonly storageRoot?: Hex;
}
