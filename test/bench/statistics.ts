// The few figures that benchmarks quote.

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Several measurements of one thing: what usually came out, and the best, which noise can only have made worse. */
export interface Spread {
  median: number;
  min: number;
}

/** `undefined` for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  return values.length === 0 ? undefined : { median: median(values), min: Math.min(...values) };
}

/** The median of values, and between what it lies 95 times in 100, by drawing as many of them again and again. */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const DRAWS = 1_000;

/** Bootstrap interval of the median: of paired ratios, say, one for each round. */
export function intervalOf(values: readonly number[]): Interval {
  // The same draws for the same number of values, so that one run's figures give one interval.
  let state = 0x9e3779b9;
  const below = (count: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  const medians = Array.from({ length: DRAWS }, () => median(values.map(() => values[below(values.length)]!)));
  medians.sort((left, right) => left - right);
  const at = (part: number) => medians[Math.floor(part * (DRAWS - 1))]!;
  return { median: median(values), low: at(0.025), high: at(0.975) };
}
