// What a block's access list (EIP-7928) says is to be loaded first.

import { bytes32FromNumber, type Hex, hexFromBytes } from '../base/hex.ts';
import type { BlockAccessList } from '../block/block-access-list.ts';

/** A key of a state source: an account, its code, or a slot. */
type ListedKey = { kind: 'account' | 'code'; address: Hex } | { kind: 'storage'; address: Hex; slot: Hex };

/** All accounts and slots that a list names, and the code of those that are not known to have none. */
export function keysOfList(list: BlockAccessList, codeless: ReadonlySet<Hex> = new Set()): ListedKey[] {
  return list.flatMap(({ address, storageChanges, storageReads }): ListedKey[] => [
    { kind: 'account', address },
    ...(codeless.has(address) ? [] : [{ kind: 'code', address } as const]),
    ...[...storageChanges.map(({ slot }) => slot), ...storageReads].map(
      (slot) => ({ kind: 'storage', address, slot: wordOf(slot) }) as const,
    ),
  ]);
}

/** A slot's key, 32 bytes, of a number as lists have it. */
export function wordOf(quantity: Hex): Hex {
  return hexFromBytes(bytes32FromNumber(BigInt(quantity)));
}
