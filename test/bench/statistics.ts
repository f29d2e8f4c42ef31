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
