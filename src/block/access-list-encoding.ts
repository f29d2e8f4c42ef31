// The bytes and the hash of a block's access list (EIP-7928).

import { RLP } from '@ethereumjs/rlp';
import { bytesFromHex, bytesFromNumber, type Hex, hexFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { BlockAccessList } from './block-access-list.ts';

type Encoded = Uint8Array | readonly Encoded[];

/** The list's bytes, whose hash a header holds. */
export function encodeBlockAccessList(given: BlockAccessList): Uint8Array {
  const number = (value: Hex) => bytesFromNumber(BigInt(value));
  const change = (at: Hex, value: Uint8Array): Encoded => [number(at), value];
  const encoded: Encoded = given.map((account) => [
    bytesFromHex(account.address),
    account.storageChanges.map(({ slot, slotChanges }) => [
      number(slot),
      slotChanges.map(({ blockAccessIndex, postValue }) => change(blockAccessIndex, number(postValue))),
    ]),
    account.storageReads.map(number),
    account.balanceChanges.map(({ blockAccessIndex, postBalance }) => change(blockAccessIndex, number(postBalance))),
    account.nonceChanges.map(({ blockAccessIndex, postNonce }) => change(blockAccessIndex, number(postNonce))),
    account.codeChanges.map(({ blockAccessIndex, newCode }) => change(blockAccessIndex, bytesFromHex(newCode))),
  ]);
  return RLP.encode(encoded as Parameters<typeof RLP.encode>[0]);
}

/** keccak256 of the list's bytes: `blockAccessListHash` of a header. */
export function blockAccessListHash(given: BlockAccessList): Hex {
  return hexFromBytes(keccak256(encodeBlockAccessList(given)));
}
