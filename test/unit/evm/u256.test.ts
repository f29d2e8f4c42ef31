// The core's 256-bit arithmetic against BigInt: all pairs of edge cases, and random operands of random lengths.
import { beforeAll, describe, expect, test } from 'vitest';
import { instantiateProbe } from '../../support/assembly.ts';
import { count } from '../../support/effort.ts';

interface Arithmetic {
  scratchSize(): number;
  prepare(memory: number): void;
  apply(operation: number, words: number, count: number): void;
}

const SIZE = 1n << 256n;
const MASK = SIZE - 1n;
const signed = (a: bigint) => BigInt.asIntN(256, a);
const word = (a: bigint) => BigInt.asUintN(256, a);
const bit = (a: boolean) => (a ? 1n : 0n);

function bytesReversed(a: bigint): bigint {
  return BigInt(`0x${a.toString(16).padStart(64, '0').match(/../g)!.reverse().join('')}`);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) & MASK;
    base = (base * base) & MASK;
  }
  return result;
}

function signExtend(size: bigint, a: bigint): bigint {
  return size > 30n ? a : word(BigInt.asIntN(Number(size + 1n) * 8, a));
}

/** In the order of the probe's `applyOne`. */
const operations: [name: string, oracle: (a: bigint, b: bigint, c: bigint) => bigint][] = [
  ['add', (a, b) => word(a + b)],
  ['subtract', (a, b) => word(a - b)],
  ['multiply', (a, b) => word(a * b)],
  ['divide', (a, b) => (b === 0n ? 0n : a / b)],
  ['modulo', (a, b) => (b === 0n ? 0n : a % b)],
  ['divideSigned', (a, b) => (b === 0n ? 0n : word(signed(a) / signed(b)))],
  ['moduloSigned', (a, b) => (b === 0n ? 0n : word(signed(a) % signed(b)))],
  ['addModulo', (a, b, c) => (c === 0n ? 0n : (a + b) % c)],
  ['multiplyModulo', (a, b, c) => (c === 0n ? 0n : (a * b) % c)],
  ['power', (a, b) => power(a, b)],
  ['shiftLeft', (a, b) => (a > 255n ? 0n : word(b << a))],
  ['shiftRight', (a, b) => (a > 255n ? 0n : b >> a)],
  ['shiftRightSigned', (a, b) => word(signed(b) >> (a > 255n ? 255n : a))],
  ['less', (a, b) => bit(a < b)],
  ['lessSigned', (a, b) => bit(signed(a) < signed(b))],
  ['equal', (a, b) => bit(a === b)],
  ['byteAt', (a, b) => (a > 31n ? 0n : (b >> (8n * (31n - a))) & 0xffn)],
  ['signExtend', (a, b) => signExtend(a, b)],
  ['leadingZeros', (a) => BigInt(256 - (a === 0n ? 0 : a.toString(2).length))],
  ['and', (a, b) => a & b],
  ['or', (a, b) => a | b],
  ['xor', (a, b) => a ^ b],
  ['not', (a) => a ^ MASK],
  ['loadBigEndian', (a) => bytesReversed(a)],
  ['storeBigEndian', (a) => bytesReversed(a)],
  ['negate', (a) => word(-a)],
  ['addWithCarry', (a, b) => (a + b) >> 256n],
  ['isZero', (a) => bit(a === 0n)],
  ['clamped', (a) => (a < 1n << 40n ? a : 1n << 40n)],
  ['storeAddress and loadAddress', (a) => a & ((1n << 160n) - 1n)],
];
const slow = new Set(['power', 'leadingZeros', 'loadBigEndian', 'storeBigEndian']);

const edges = [
  ...[0n, 1n, 2n, 3n, 31n, 32n, 63n, 64n, 65n, 127n, 128n, 255n, 256n, 257n],
  ...[32n, 64n, 96n, 128n, 160n, 192n, 224n, 255n].flatMap((bits) => [
    (1n << bits) - 1n,
    1n << bits,
    (1n << bits) + 1n,
  ]),
  ...[MASK, MASK - 1n, SIZE - (1n << 64n), SIZE - (1n << 128n), SIZE - (1n << 192n), SIZE - (1n << 192n) - 1n],
  ...[(1n << 255n) + (1n << 192n), (1n << 255n) | ((1n << 192n) - 1n), 0xffffffff00000000ffffffffn, 10n ** 18n],
];

/** A fixed stream of random 32-bit numbers (mulberry32). */
function generator(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Words of random length whose 32-bit pieces are often all zeros or all ones: where carries and quotient digits go wrong. */
function randomWord(random: () => number): bigint {
  let value = 0n;
  const pieces = 1 + (random() % 8);
  for (let piece = 0; piece < pieces; piece++) {
    const choice = random() % 8;
    const digit = choice === 0 ? 0 : choice === 1 ? 0xffffffff : choice === 2 ? 1 << (random() % 32) : random();
    value = (value << 32n) | BigInt(digit >>> 0);
  }
  return random() % 4 === 0 ? (value << BigInt(random() % 256)) & MASK : value;
}

/** Dividends that are a multiple of the divisor, or miss it by one: where a guessed digit of the quotient is one too large. */
function nearMultiple(random: () => number): [bigint, bigint, bigint] {
  let divisor = randomWord(random);
  if (random() % 3 === 0) divisor |= 1n << BigInt(64 * (1 + (random() % 4)) - 1);
  const quotient = random() % 2 === 0 ? randomWord(random) : BigInt(random());
  const remainder = [0n, 1n, -1n, divisor >> 1n, divisor - 1n][random() % 5]!;
  return [word(divisor * quotient + remainder), word(divisor), 0n];
}

describe('256-bit arithmetic', () => {
  let core: Arithmetic;
  let view: BigUint64Array;
  let base = 0;
  const batch = 4096;

  beforeAll(async () => {
    const probe = await instantiateProbe<Arithmetic>('assembly/probe/arithmetic.ts', 64);
    core = probe.exports;
    core.prepare(65536);
    base = (65536 + core.scratchSize() + 63) & ~63;
    view = new BigUint64Array(probe.memory.buffer, base, batch * 12);
  });

  function put(at: number, value: bigint): void {
    for (let limb = 0; limb < 4; limb++) view[at + limb] = BigInt.asUintN(64, value >> BigInt(64 * limb));
  }

  function take(at: number): bigint {
    return view[at]! | (view[at + 1]! << 64n) | (view[at + 2]! << 128n) | (view[at + 3]! << 192n);
  }

  function check(operation: number, triples: [bigint, bigint, bigint][]): void {
    const [name, oracle] = operations[operation]!;
    for (let start = 0; start < triples.length; start += batch) {
      const part = triples.slice(start, start + batch);
      part.forEach((triple, at) => {
        triple.forEach((value, index) => {
          put(at * 12 + index * 4, value);
        });
      });
      core.apply(operation, base, part.length);
      part.forEach(([a, b, c], at) => {
        const expected = oracle(a, b, c);
        const found = take(at * 12);
        if (found !== expected) {
          const hex = [a, b, c, found, expected].map((value) => value.toString(16));
          throw new Error(`${name}(${hex[0]}, ${hex[1]}, ${hex[2]}) is ${hex[3]}, not ${hex[4]}`);
        }
      });
    }
  }

  test.each(operations.map(([name], index) => [name, index] as const))('%s agrees on edge cases', (_, index) => {
    const triples = edges.flatMap((a) =>
      edges.map((b, at) => [a, b, edges[(at * 7 + 3) % edges.length]!] as [bigint, bigint, bigint]),
    );
    check(index, triples);
    expect(triples.length).toBeGreaterThan(1000);
  });

  test.each(['addModulo', 'multiplyModulo'])('%s agrees on edge cases in all three places', (name) => {
    const index = operations.findIndex(([known]) => known === name);
    for (const a of edges)
      check(
        index,
        edges.flatMap((b) => edges.map((c): [bigint, bigint, bigint] => [a, b, c])),
      );
  });

  test.each(['divide', 'modulo', 'divideSigned', 'moduloSigned'])(
    '%s agrees next to multiples of the divisor',
    (name) => {
      const index = operations.findIndex(([known]) => known === name);
      const random = generator(index);
      const total = count('u256', { ci: 4_000, long: 1_000_000 });
      for (let done = 0; done < total; done += batch) {
        check(
          index,
          Array.from({ length: batch }, () => nearMultiple(random)),
        );
      }
    },
  );

  test('products modulo the largest word, which contracts take for the upper half of a product', () => {
    const index = operations.findIndex(([name]) => name === 'multiplyModulo');
    const total = count('u256', { ci: 4_000, long: 1_000_000 });
    const random = generator(77);
    for (let done = 0; done < total; done += batch) {
      check(
        index,
        Array.from({ length: batch }, (): [bigint, bigint, bigint] => [randomWord(random), randomWord(random), MASK]),
      );
    }
  });

  test('exponents and bases where powers of two wrap around', () => {
    const index = operations.findIndex(([name]) => name === 'power');
    const bases = [
      0n,
      1n,
      2n,
      3n,
      4n,
      255n,
      256n,
      1n << 16n,
      1n << 128n,
      (1n << 128n) + 1n,
      1n << 255n,
      MASK,
      MASK - 1n,
    ];
    const exponents = [
      ...Array.from({ length: 260 }, (_, at) => BigInt(at)),
      1n << 64n,
      (1n << 64n) + 1n,
      1n << 255n,
      MASK,
    ];
    check(
      index,
      bases.flatMap((base) => exponents.map((exponent): [bigint, bigint, bigint] => [base, exponent, 0n])),
    );
  });

  test.each(operations.map(([name], index) => [name, index] as const))('%s agrees on random words', (name, index) => {
    const total = count('u256', { ci: 4_000, long: 1_000_000 });
    const random = generator(index + 1);
    for (let done = 0; done < (slow.has(name) ? total / 10 : total); done += batch) {
      const triples = Array.from({ length: Math.min(batch, total) }, () => {
        const a = randomWord(random);
        // Shift counts, byte indices and sizes are interesting when small.
        const first = index >= 10 && index <= 17 && random() % 4 !== 0 ? BigInt(random() % 260) : a;
        return [first, randomWord(random), randomWord(random)] as [bigint, bigint, bigint];
      });
      check(index, triples);
    }
  });
});
