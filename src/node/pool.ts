// Transactions that were sent and are in no block yet: by sender and nonce.

import { PevmError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { TransactionInput } from '../block/block-input.ts';

export interface PooledTransaction {
  readonly transaction: TransactionInput;
  readonly from: Hex;
  readonly nonce: bigint;
  /** Place in the order in which they came. */
  readonly arrival: number;
}

/** Of one pool; the chains that it is for have room for thousands in a block. */
const MAXIMUM_TRANSACTIONS = 16_384;
/** Of one sender that wait for a nonce in between. */
const MAXIMUM_GAP = 1024n;
/** One that takes the place of another offers a tenth more. */
const BUMP_PERCENT = 110n;
const REFUSED = -32000;

export class Pool {
  readonly #bySender = new Map<Hex, Map<bigint, PooledTransaction>>();
  readonly #byHash = new Map<Hex, PooledTransaction>();
  #arrivals = 0;

  get size(): number {
    return this.#byHash.size;
  }

  byHash(hash: Hex): PooledTransaction | undefined {
    return this.#byHash.get(hash);
  }

  /** Takes a transaction that was checked. `nonce`: of its sender. @throws PevmError where it may not come in */
  add(transaction: TransactionInput, from: Hex, nonce: bigint): PooledTransaction {
    const hash = transaction.hash!;
    if (this.#byHash.has(hash)) throw new PevmError(REFUSED, 'already known');
    const own = BigInt(transaction.nonce);
    if (own < nonce) throw new PevmError(REFUSED, `nonce too low: next nonce ${nonce}, tx nonce ${own}`);
    if (own > nonce + MAXIMUM_GAP) throw new PevmError(REFUSED, `nonce too high: next nonce ${nonce}, tx nonce ${own}`);
    const others = this.#bySender.get(from) ?? new Map<bigint, PooledTransaction>();
    const replaced = others.get(own);
    if (replaced !== undefined && !outbids(transaction, replaced.transaction)) {
      throw new PevmError(REFUSED, 'replacement transaction underpriced');
    }
    if (replaced === undefined && this.size >= MAXIMUM_TRANSACTIONS) throw new PevmError(REFUSED, 'txpool is full');
    if (replaced !== undefined) this.#byHash.delete(replaced.transaction.hash!);
    const added = { transaction, from, nonce: own, arrival: this.#arrivals++ };
    others.set(own, added);
    this.#bySender.set(from, others);
    this.#byHash.set(hash, added);
    return added;
  }

  remove({ transaction, from, nonce }: PooledTransaction): void {
    this.#byHash.delete(transaction.hash!);
    const others = this.#bySender.get(from);
    if (others?.get(nonce)?.transaction.hash === transaction.hash) others?.delete(nonce);
    if (others?.size === 0) this.#bySender.delete(from);
  }

  clear(): void {
    this.#byHash.clear();
    this.#bySender.clear();
  }

  /** The nonce behind those of a sender that follow on each other. */
  nextNonce(from: Hex, nonce: bigint): bigint {
    const own = this.#bySender.get(from);
    let next = nonce;
    while (own?.has(next)) next++;
    return next;
  }

  /** By sender, in the order of nonces. */
  *senders(): Generator<readonly [Hex, readonly PooledTransaction[]]> {
    for (const [from, own] of this.#bySender) {
      yield [from, [...own.values()].sort((left, right) => (left.nonce < right.nonce ? -1 : 1))];
    }
  }

  /**
   * Those that could be in the next block, in order: of each sender from its nonce on without a gap, the best tips first,
   * and of the same tips those that came first. `isPayable`: whether a fee reaches the block's.
   */
  executable(nonceOf: (from: Hex) => bigint, baseFee: bigint): PooledTransaction[] {
    const queues = [...this.senders()].map(([from, own]) => {
      let next = nonceOf(from);
      const ready: PooledTransaction[] = [];
      for (const pooled of own) {
        if (pooled.nonce < next) continue;
        if (pooled.nonce > next || feeCap(pooled.transaction) < baseFee) break;
        ready.push(pooled);
        next++;
      }
      return ready;
    });
    const ordered: PooledTransaction[] = [];
    while (true) {
      const heads = queues.filter(({ length }) => length > 0);
      if (heads.length === 0) return ordered;
      heads.sort(([left], [right]) => {
        const [a, b] = [tipOf(left!.transaction, baseFee), tipOf(right!.transaction, baseFee)];
        return a === b ? left!.arrival - right!.arrival : a > b ? -1 : 1;
      });
      ordered.push(heads[0]!.shift()!);
    }
  }
}

/** Most that a transaction pays for gas, in wei. */
export function feeCap({ gasPrice, maxFeePerGas }: TransactionInput): bigint {
  return BigInt(maxFeePerGas ?? gasPrice ?? '0x0');
}

/** What a transaction pays who makes the block, in wei per gas. */
export function tipOf(transaction: TransactionInput, baseFee: bigint): bigint {
  const room = feeCap(transaction) - baseFee;
  const { maxPriorityFeePerGas } = transaction;
  if (maxPriorityFeePerGas === undefined) return room;
  const wanted = BigInt(maxPriorityFeePerGas);
  return wanted < room ? wanted : room;
}

function outbids(transaction: TransactionInput, other: TransactionInput): boolean {
  const tip = (given: TransactionInput) => BigInt(given.maxPriorityFeePerGas ?? given.gasPrice ?? '0x0');
  const bumped = (value: bigint) => (value * BUMP_PERCENT) / 100n;
  return feeCap(transaction) >= bumped(feeCap(other)) && tip(transaction) >= bumped(tip(other));
}
