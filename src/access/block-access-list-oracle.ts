// The access list of a block (EIP-7928) as an oracle: what each transaction will leave, with its value.

import { bytesFromHex, type Hex } from '../base/hex.ts';
import type { BlockAccessList } from '../block/block-access-list.ts';
import type { AccessOracle, AccessWrite } from './access-oracle.ts';
import { wordOf } from './listed-keys.ts';

/**
 * A block access list as predictions: all that a transaction leaves is announced, so that nobody waits, or runs again, for
 * what the list tells truly. A list that lies costs time. It may be of any fork, as `result.blockAccessList` makes it.
 */
export function fromBlockAccessList(list: BlockAccessList): AccessOracle {
  let writes: ReadonlyMap<number, readonly AccessWrite[]> | undefined;
  const oracle: AccessOracle = {
    transactionAccess({ index }) {
      writes ??= writesByIndex(list);
      const found = writes.get(index);
      return found === undefined ? undefined : { writes: found };
    },
  };
  lists.set(oracle, list);
  return oracle;
}

const lists = new WeakMap<AccessOracle, BlockAccessList>();

/** The list that an oracle is made of, and nothing else. */
export function listOfOracle(oracle: AccessOracle): BlockAccessList | undefined {
  return lists.get(oracle);
}

/** By index of the transaction: what is changed before all of them, and behind, is left out. */
function writesByIndex(list: BlockAccessList): ReadonlyMap<number, readonly AccessWrite[]> {
  const writes = new Map<number, AccessWrite[]>();
  const add = (blockAccessIndex: Hex, write: AccessWrite) => {
    const index = Number(blockAccessIndex) - 1;
    const known = writes.get(index);
    if (known === undefined) writes.set(index, [write]);
    else known.push(write);
  };
  for (const { address, storageChanges, balanceChanges, nonceChanges, codeChanges } of list) {
    for (const { slot: short, slotChanges } of storageChanges) {
      const slot = wordOf(short);
      for (const { blockAccessIndex, postValue } of slotChanges) {
        add(blockAccessIndex, { kind: 'storage', address, slot, value: BigInt(postValue) });
      }
    }
    for (const { blockAccessIndex, postBalance } of balanceChanges) {
      add(blockAccessIndex, { kind: 'balance', address, value: BigInt(postBalance) });
    }
    for (const { blockAccessIndex, postNonce } of nonceChanges) {
      add(blockAccessIndex, { kind: 'nonce', address, value: BigInt(postNonce) });
    }
    for (const { blockAccessIndex, newCode } of codeChanges) {
      add(blockAccessIndex, { kind: 'code', address, value: bytesFromHex(newCode) });
    }
  }
  return writes;
}
