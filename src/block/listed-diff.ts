// What a block leaves behind, by its access list alone (EIP-7928): known before anything of the block has run.

import { bytes32FromNumber, type Hex, hexFromBytes } from '../base/hex.ts';
import type { BlockAccessList } from './block-access-list.ts';
import type { AccountDiff, StateDiff } from './state-diff.ts';

/**
 * The last value of everything that the list says was changed; what came back to what it was is among them. No list can say that a
 * storage goes as a whole: from Cancun on none does.
 */
export function diffOfList(list: BlockAccessList): StateDiff {
  const diff: StateDiff = new Map();
  for (const { address, storageChanges, balanceChanges, nonceChanges, codeChanges } of list) {
    const balance = balanceChanges.at(-1)?.postBalance;
    const nonce = nonceChanges.at(-1)?.postNonce;
    const code = codeChanges.at(-1)?.newCode;
    const storage = new Map<Hex, Hex>();
    for (const { slot, slotChanges } of storageChanges) {
      const value = slotChanges.at(-1)?.postValue;
      if (value !== undefined) storage.set(wordOf(slot), wordOf(value));
    }
    if (balance === undefined && nonce === undefined && code === undefined && storage.size === 0) continue;
    const account: AccountDiff = { storage };
    if (balance !== undefined) account.balance = BigInt(balance);
    if (nonce !== undefined) account.nonce = BigInt(nonce);
    if (code !== undefined) account.code = code;
    diff.set(address, account);
  }
  return diff;
}

/** Whether whoever applies `diff` leaves all that `found` says is another now: what it has more was the same before. */
export function holdsAll(diff: StateDiff, found: StateDiff): boolean {
  for (const [address, account] of found) {
    const listed = diff.get(address);
    // That an account goes follows from its fields, or from nothing that a list could say.
    if (account === null || account.destroyed || !listed) return false;
    // Of an account that is new the diff has all fields, the list those that are not zero.
    if (account.balance !== undefined && account.balance !== (listed.balance ?? 0n)) return false;
    if (account.nonce !== undefined && account.nonce !== (listed.nonce ?? 0n)) return false;
    if (account.code !== undefined && account.code !== listed.code) return false;
    for (const [slot, value] of account.storage) if (listed.storage.get(slot) !== value) return false;
  }
  return true;
}

function wordOf(quantity: Hex): Hex {
  return hexFromBytes(bytes32FromNumber(BigInt(quantity)));
}
