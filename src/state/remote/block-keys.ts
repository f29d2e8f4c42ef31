// What a block says by itself about the state it will touch: before anything of it is executed.

import { bytes32FromNumber, type Hex, hexFromBytes } from '../../base/hex.ts';
import type { BlockInput, TransactionInput } from '../../block/block-input.ts';
import {
  BEACON_ROOTS,
  BLOCK_HASHES,
  BUILDER_DEPOSIT_REQUESTS,
  BUILDER_EXIT_REQUESTS,
  CONSOLIDATION_REQUESTS,
  HISTORY_LENGTH,
  WITHDRAWAL_REQUESTS,
} from '../../chain/system-contracts.ts';
import type { StateKey } from '../state-source.ts';
import { addressOf } from './code-facts.ts';

/** One call of a contract from outside, as far as it says what its code may look for. */
export interface CallContext {
  readonly from: Hex;
  readonly to: Hex | undefined;
  /** The words of the call's data behind the selector. */
  readonly words: readonly bigint[];
  /** Those of them that look like addresses. */
  readonly addresses: readonly Hex[];
}

/** Words of call data that are looked at. */
const MOST_WORDS = 64;
/** Excess, count, head and tail of a queue of requests (EIP-7002, EIP-7251). */
const QUEUE_SLOTS = [0n, 1n, 2n, 3n];

/** What a block touches for sure, or nearly so: parties, access lists, beneficiary, the protocol's own contracts. */
export function keysOf(block: BlockInput): StateKey[] {
  const keys = new Map<string, StateKey>();
  const account = (address: Hex | undefined) => {
    if (address !== undefined) keys.set(address, { kind: 'account', address });
  };
  const storage = (address: Hex, slot: Hex) => keys.set(`${address}${slot}`, { kind: 'storage', address, slot });
  account(block.miner);
  for (const { from, to, accessList, authorizationList } of block.transactions) {
    account(from);
    account(to);
    for (const entry of accessList ?? []) {
      account(entry.address);
      for (const slot of entry.storageKeys) storage(entry.address, slot);
    }
    for (const { address } of authorizationList ?? []) account(address);
  }
  for (const { address } of block.withdrawals ?? []) account(address);
  for (const [address, slots] of systemSlots(block)) {
    account(address);
    for (const slot of slots) storage(address, wordOf(slot));
  }
  return [...keys.values()];
}

const BUILDER_QUEUES: [Hex, bigint[]][] = [
  [BUILDER_DEPOSIT_REQUESTS, QUEUE_SLOTS],
  [BUILDER_EXIT_REQUESTS, QUEUE_SLOTS],
];

/** What the protocol's contracts are called for at the beginning and the end of the block. */
function systemSlots(block: BlockInput): [Hex, bigint[]][] {
  // A header with it is one of Cancun; whether it is one of Prague too, only the requests' hash says, which may be missing.
  if (block.parentBeaconBlockRoot === undefined) return [];
  const at = BigInt(block.timestamp) % HISTORY_LENGTH;
  return [
    [BEACON_ROOTS, [at, at + HISTORY_LENGTH]],
    [BLOCK_HASHES, [(BigInt(block.number) - 1n) % HISTORY_LENGTH]],
    [WITHDRAWAL_REQUESTS, QUEUE_SLOTS],
    [CONSOLIDATION_REQUESTS, QUEUE_SLOTS],
    ...(block.slotNumber === undefined ? [] : BUILDER_QUEUES),
  ];
}

/** @returns `undefined` for a transaction whose sender is not known yet */
export function contextOf({ from, to, input }: TransactionInput): CallContext | undefined {
  if (from === undefined) return undefined;
  const words: bigint[] = [];
  // Behind a selector; data without one has its words at the beginning.
  const start = (input.length - 2) % 64 === 8 ? 10 : 2;
  for (let at = start; at + 64 <= input.length && words.length < MOST_WORDS; at += 64) {
    words.push(BigInt(`0x${input.slice(at, at + 64)}`));
  }
  const addresses = new Set<Hex>();
  for (const word of words) {
    const address = addressOf(word);
    if (address !== undefined) addresses.add(address);
  }
  return { from, to, words, addresses: [...addresses] };
}

/** A number as a slot is named. */
export function wordOf(value: bigint): Hex {
  return hexFromBytes(bytes32FromNumber(value));
}
