// Blocks made out of Ethereum's state tests: the transactions of one folder, sent by a few funded accounts, over the merged
// states of their tests. They call the same contracts again and again, so most of them depend on others.

import { bytesFromHex, type Hex, keyFromBytes, quantityFromNumber, sameBytes } from '../../src/base/hex.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import type { BlockInput, Hardfork, MemoryAccount, MemoryState, TransactionInput } from '../../src/index.ts';
import { EMPTY_CODE_HASH, isEmptyAccount, stateOfAccounts } from '../../src/state/memory.ts';
import type { StateCase } from '../conformance/state-case.ts';

/** A block for the engine and for the oracle. */
export interface StateTestBlock {
  readonly chainId: number;
  readonly hardfork: Hardfork;
  readonly block: BlockInput;
  readonly state: MemoryState;
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
}

const TRANSACTIONS = 32;
const SENDERS: readonly Hex[] = Array.from({ length: 6 }, (_, i): Hex => `0x${'5e'.repeat(19)}0${i}`);
/** One in so many transactions is a plain transfer between the senders. */
const TRANSFER_EVERY = 10;
/** Gas of one transaction at most: those that burn all they have shall not take seconds in the oracle. */
const MOST_GAS = 3_000_000n;
const BLOCK_GAS = 1_000_000_000n;
/** Fees and values are cut to what the senders can pay. */
const WEALTH = 10n ** 30n;
const MOST_FEE = 10n ** 12n;
const MOST_VALUE = 10n ** 18n;
/** Blobs that a block of any fork may have. */
const MOST_BLOBS = 6;

/**
 * A block of the cases of one folder, all of the same fork and none of them to be refused. The first that is drawn gives
 * the environment; cases whose states contradict those drawn before are passed over.
 */
export function stateTestBlock(cases: readonly StateCase[], dice: Dice): StateTestBlock {
  const merged = new MergedState();
  const drawn = dice.shuffled(cases).filter(({ request }) => merged.add(request.state as MemoryState));
  const [first] = drawn;
  if (first === undefined) throw new Error('no cases');
  const { hardfork, request } = first;
  const originals = drawn.slice(0, TRANSACTIONS).map((found) => found.request.block.transactions[0]!);
  const once = originals.length;
  // Once more in any order: these find what the first ones have left.
  while (originals.length < TRANSACTIONS) originals.push(originals[dice.roll(once)]!);
  const transactions: TransactionInput[] = [];
  let blobs = 0;
  for (const original of dice.shuffled(originals)) {
    const more = original.blobVersionedHashes?.length ?? 0;
    if (blobs + more > MOST_BLOBS) continue;
    blobs += more;
    const from = dice.pick(SENDERS);
    const transfer = dice.roll(TRANSFER_EVERY) === 0;
    transactions.push(
      transfer ? transferOf(from, dice.pick(SENDERS), request.block) : sentBy(from, original, request.block),
    );
  }
  // Fees are conflicts where the miner is a part of what goes on.
  const miner = dice.pick([
    request.block.miner,
    request.block.miner,
    SENDERS[0]!,
    originals[0]?.to ?? request.block.miner,
  ]);
  return {
    chainId: Number(request.chainId ?? 1),
    hardfork,
    blockHashes: request.blockHashes ?? new Map(),
    block: renumbered({ ...request.block, miner, gasLimit: quantityFromNumber(BLOCK_GAS), transactions }),
    state: merged.finish(hardfork),
  };
}

/** The block without one of its transactions. */
export function without({ block, ...rest }: StateTestBlock, index: number): StateTestBlock {
  const transactions = block.transactions.filter((_, at) => at !== index);
  return { ...rest, block: renumbered({ ...block, transactions }) };
}

/** Every sender's nonces count from 0. */
function renumbered(block: BlockInput): BlockInput {
  const next = new Map<string, number>();
  const transactions = block.transactions.map((transaction) => {
    const from = transaction.from ?? '';
    const nonce = next.get(from) ?? 0;
    next.set(from, nonce + 1);
    return { ...transaction, nonce: quantityFromNumber(nonce) };
  });
  return { ...block, transactions };
}

function transferOf(from: Hex, to: Hex, block: BlockInput): TransactionInput {
  const gasPrice = block.baseFeePerGas ?? '0x0';
  return {
    type: '0x0',
    from,
    to,
    nonce: '0x0',
    value: '0x1',
    gas: '0x5208',
    gasPrice,
    input: '0x',
  } as TransactionInput;
}

/** The transaction from another sender, at fees that the block accepts and the sender can pay. */
function sentBy(from: Hex, original: TransactionInput, block: BlockInput): TransactionInput {
  const baseFee = BigInt(block.baseFeePerGas ?? '0x0');
  const most = baseFee > MOST_FEE ? baseFee : MOST_FEE;
  const between = (quantity: Hex, least: bigint, limit: bigint): bigint => {
    const value = BigInt(quantity);
    return value < least ? least : value > limit ? limit : value;
  };
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = original;
  const fee = between(maxFeePerGas ?? gasPrice ?? '0x0', baseFee, most);
  return {
    ...original,
    from,
    gas: quantityFromNumber(between(original.gas, 0n, MOST_GAS)),
    value: quantityFromNumber(between(original.value, 0n, MOST_VALUE)),
    ...(gasPrice === undefined ? {} : { gasPrice: quantityFromNumber(fee) }),
    ...(maxFeePerGas === undefined ? {} : { maxFeePerGas: quantityFromNumber(fee) }),
    ...(maxPriorityFeePerGas === undefined
      ? {}
      : { maxPriorityFeePerGas: quantityFromNumber(between(maxPriorityFeePerGas, 0n, fee)) }),
    ...(original.maxFeePerBlobGas === undefined ? {} : { maxFeePerBlobGas: quantityFromNumber(MOST_FEE) }),
  };
}

/** States put together, as long as they agree in the code and the slots that they list. */
class MergedState {
  readonly #accounts = new Map<string, MemoryAccount>();

  /** False, and nothing is added, where the state contradicts those before it. */
  add(state: MemoryState): boolean {
    for (const [key, account] of state.accounts) {
      const known = this.#accounts.get(key);
      if (known !== undefined && known !== account && contradicts(known, account)) return false;
    }
    for (const [key, account] of state.accounts) {
      const known = this.#accounts.get(key);
      this.#accounts.set(key, known === undefined || known === account ? account : union(known, account));
    }
    return true;
  }

  /** With the senders' wealth. Empty accounts of old forks are left out: the oracle knows none after EIP-161. */
  finish(hardfork: Hardfork): MemoryState {
    for (const sender of SENDERS) {
      const address = bytesFromHex(sender);
      this.#accounts.set(keyFromBytes(address), {
        address,
        balance: WEALTH,
        nonce: 0n,
        code: new Uint8Array(0),
        codeHash: EMPTY_CODE_HASH,
        storage: new Map(),
      });
    }
    if (isAtLeast(hardfork, 'spuriousDragon')) {
      for (const [key, account] of this.#accounts) if (isEmptyAccount(account)) this.#accounts.delete(key);
    }
    return stateOfAccounts(this.#accounts, new Map());
  }
}

function contradicts(left: MemoryAccount, right: MemoryAccount): boolean {
  if (!sameBytes(left.codeHash, right.codeHash)) return true;
  for (const [key, { value }] of right.storage) {
    const other = left.storage.get(key)?.value;
    if (other !== undefined && !sameBytes(value, other)) return true;
  }
  return false;
}

function union(left: MemoryAccount, right: MemoryAccount): MemoryAccount {
  return {
    ...left,
    balance: left.balance > right.balance ? left.balance : right.balance,
    nonce: left.nonce > right.nonce ? left.nonce : right.nonce,
    storage: right.storage.size === 0 ? left.storage : new Map([...left.storage, ...right.storage]),
  };
}

/** Numbers from a seed: the same seed gives the same block. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }

  /** From 0 to `below` - 1 (mulberry32). */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.roll(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.roll(last + 1);
      [result[last], result[other]] = [result[other]!, result[last]!];
    }
    return result;
  }
}
