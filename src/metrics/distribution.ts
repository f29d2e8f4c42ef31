// How long something took, over many times: counts by powers of two, each cut in eight, from which quantiles are read.

import type { Distribution } from '../types.ts';

/** Buckets from one power of two to the next: a quantile is right to 4.5 %. */
const CUTS = 8;
/** A thousandth of a millisecond; shorter is the same. */
const LEAST_MS = 1e-3;
/** Up to 2^40 thousandths, twelve days. */
const BUCKETS = 40 * CUTS;

export class Durations {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = 0;

  /** Adds one, in milliseconds. */
  add(ms: number): void {
    const value = Math.max(0, ms);
    this.#count++;
    this.#sum += value;
    this.#minimum = Math.min(this.#minimum, value);
    this.#maximum = Math.max(this.#maximum, value);
    const bucket = value <= LEAST_MS ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(value / LEAST_MS) * CUTS));
    this.#buckets[bucket]!++;
  }

  /** As it is now; what is added later is not in it. */
  snapshot(): Distribution {
    const [count, sum, minimum, maximum] = [this.#count, this.#sum, this.#minimum, this.#maximum];
    const buckets = this.#buckets.slice();
    const quantile = (q: number) => {
      if (q === 0 || q === 1) return q === 0 ? minimum : maximum;
      return Math.min(maximum, Math.max(minimum, quantileOf(buckets, q * count)));
    };
    return {
      count,
      sum,
      minimum: count === 0 ? 0 : minimum,
      maximum,
      mean: count === 0 ? 0 : sum / count,
      quantile(q) {
        if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is from 0 to 1, not ${q}`);
        return count === 0 ? 0 : quantile(q);
      },
    };
  }
}

/** The middle, by logarithm, of the bucket in which the value of that rank is. */
function quantileOf(buckets: Float64Array, rank: number): number {
  let seen = 0;
  for (let i = 0; i < buckets.length; i++) {
    seen += buckets[i]!;
    if (seen > 0 && seen >= rank) return LEAST_MS * 2 ** ((i + 0.5) / CUTS);
  }
  return Number.POSITIVE_INFINITY;
}
