// What a call touches that an access list may name.

import { RLP } from '@ethereumjs/rlp';
import { addressIn, bytesFromHex, bytesFromNumber, type Hex, hexFromBytes, ZERO_ADDRESS } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { AccessList } from '../call-types.ts';
import { numbersOf } from '../chain/opcodes.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import { precompilesOf } from './overrides.ts';
import type { ReadRequest } from './request.ts';
import type { Setting } from './setting.ts';

const SLOTS: ReadonlySet<number> = new Set(Object.values(numbersOf('SLOAD', 'SSTORE')));
const ACCOUNTS: ReadonlySet<number> = new Set(
  Object.values(numbersOf('EXTCODECOPY', 'EXTCODEHASH', 'EXTCODESIZE', 'BALANCE', 'SELFDESTRUCT')),
);
const CALLS: ReadonlySet<number> = new Set(Object.values(numbersOf('CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL')));
const TOUCHING: ReadonlySet<number> = new Set([...SLOTS, ...ACCOUNTS, ...CALLS]);
/** Operands of the shortest call that geth looks at. */
const CALL_OPERANDS = 5;

/** What a transaction touches whether it is listed or not: sender, recipient, precompiled contracts, those who delegate. */
export async function touchedAnyway(
  { state, ask }: Setting,
  { from = ZERO_ADDRESS, to, nonce, authorizationList = [] }: ReadRequest,
  { fork }: EvmBlockInput,
): Promise<AccountSet> {
  const target = to ?? createdBy(from, nonce ?? (await state.account(ask, bytesFromHex(from))).nonce);
  const others = new Set<Hex | undefined>([from, target, ...authorizationList.map(({ authority }) => authority)]);
  const precompiles = precompilesOf(fork);
  return { has: (address) => others.has(address) || precompiles.has(address) };
}

type AccountSet = Pick<ReadonlySet<Hex>, 'has'>;

/** What a transaction has touched, over what was listed before: it only grows. */
export class Touched implements EvmTracer {
  readonly opcodes = TOUCHING;
  readonly #excluded: AccountSet;
  readonly #slots = new Map<Hex, Set<Hex>>();
  size = 0;

  constructor(excluded: AccountSet, list: AccessList) {
    this.#excluded = excluded;
    for (const { address, storageKeys } of list) {
      if (excluded.has(address)) continue;
      this.#add(address);
      for (const key of storageKeys) this.#addSlot(address, key);
    }
  }

  stepped(step: Parameters<NonNullable<EvmTracer['stepped']>>[0]): void {
    const { opcode } = step;
    if (SLOTS.has(opcode)) {
      if (step.stackHeight >= 1) this.#addSlot(step.address, step.topWord(0));
    } else if (ACCOUNTS.has(opcode)) {
      if (step.stackHeight >= 1) this.#add(addressIn(step.topWord(0)));
    } else if (CALLS.has(opcode) && step.stackHeight >= CALL_OPERANDS) {
      this.#add(addressIn(step.topWord(1)));
    }
  }

  list(): AccessList {
    return sortedList(this.#slots);
  }

  #add(address: Hex): void {
    if (this.#excluded.has(address) || this.#slots.has(address)) return;
    this.#slots.set(address, new Set());
    this.size++;
  }

  #addSlot(address: Hex, slot: Hex): void {
    const slots = this.#slots.get(address) ?? new Set();
    this.#slots.set(address, slots);
    if (slots.size === 0) this.size++;
    if (slots.has(slot)) return;
    slots.add(slot);
    this.size++;
  }
}

/** By address, slots in order. */
export function sortedList(slots: ReadonlyMap<Hex, ReadonlySet<Hex>>): AccessList {
  return [...slots]
    .map(([address, keys]) => ({ address, storageKeys: [...keys].sort() }))
    .sort((left, right) => (left.address < right.address ? -1 : 1));
}

function createdBy(from: Hex, nonce: bigint): Hex {
  const encoded = RLP.encode([bytesFromHex(from), bytesFromNumber(nonce)]);
  return hexFromBytes(keccak256(encoded).subarray(12));
}
