// Reproducible randomness for the traffic block: the same seed gives the same sequence everywhere.
import { keccak_256 } from '@noble/hashes/sha3.js';

/** The generator xoshiro128** of Blackman and Vigna, seeded through keccak256. Not for secrets. */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: string) {
    const view = new DataView(keccak_256(new TextEncoder().encode(seed)).buffer);
    this.#state = Uint32Array.from({ length: 4 }, (_, index) => view.getUint32(index * 4));
  }

  /** A 32-bit number. */
  next(): number {
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = this.#state;
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const [t2, t3] = [s2 ^ s0, s3 ^ s1];
    this.#state.set([s0 ^ t3, s1 ^ t2, t2 ^ (s1 << 9), rotate(t3, 11)]);
    return result;
  }

  /** Whether something of this probability happens: never at 0, always at 1. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** A number from `lowest` up to, but without, `limit`. */
  between(lowest: bigint, limit: bigint): bigint {
    return lowest + ((limit - lowest) * BigInt(this.next())) / 2n ** 32n;
  }

  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [result[last], result[other]] = [result[other] as T, result[last] as T];
    }
    return result;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
