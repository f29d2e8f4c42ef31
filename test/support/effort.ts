// How much a randomised test does: little in CI, much in `npm run test:long`, any number by environment variable.

/** Whether this is the long run (`npm run test:long`). */
export const long = process.env.PEVM_LONG === '1';

/**
 * The number of cases to try.
 *
 * @param name of the count; `PEVM_COUNT_<NAME>` overrides it, as in `PEVM_COUNT_BLOCKS=50 npx vitest run …`
 */
export function count(name: string, counts: { ci: number; long: number }): number {
  const variable = `PEVM_COUNT_${name.toUpperCase().replaceAll('-', '_')}`;
  const text = process.env[variable];
  if (text === undefined) return long ? counts.long : counts.ci;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${variable}: not a count: ${text}`);
  return value;
}
