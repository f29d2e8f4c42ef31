// P256VERIFY (256): known answers, edges, and mcl against noble on random inputs.
import { p256 } from '@noble/curves/nist.js';
import { expect, test } from 'vitest';
import { count } from '../../support/effort.ts';
import { answer, bytesOf, Inputs, joined, numberBytes, patience } from './precompile-comparison.ts';

const VERIFY = 256;

const { Point } = p256;
const prime = Point.Fp.ORDER;
const order = Point.Fn.ORDER;
const yes = '1'.padStart(64, '0');

interface Signed {
  hash: bigint;
  r: bigint;
  s: bigint;
  x: bigint;
  y: bigint;
}

function input({ hash, r, s, x, y }: Signed): Uint8Array {
  return joined(...[hash, r, s, x, y].map((value) => numberBytes(value)));
}

/** A signature of `hash` by `key` with `nonce`, by the book (FIPS 186-5, 6.4.1). */
function sign(hash: bigint, key: bigint, nonce: bigint): Signed {
  const r = Point.BASE.multiply(nonce).toAffine().x % order;
  const s = (Point.Fn.inv(nonce) * ((hash + r * key) % order)) % order;
  return { hash, r, s, ...Point.BASE.multiply(key).toAffine() };
}

const known: Signed = {
  hash: 0xbb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023n,
  r: 0x2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18n,
  s: 0x4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76n,
  x: 0x2927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838n,
  y: 0xc7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513en,
};

test('a known answer, and its other s (EIP-7951, Wycheproof: signature malleability)', () => {
  expect(answer(VERIFY, input(known))).toBe(yes);
  expect(answer(VERIFY, input({ ...known, s: order - known.s }))).toBe(yes);
});

test('all but 160 bytes is no signature', () => {
  for (const length of [0, 1, 128, 159]) expect(answer(VERIFY, input(known).subarray(0, length))).toBe('');
  expect(answer(VERIFY, joined(input(known), bytesOf('00')))).toBe('');
});

test('r and s are from 1 to the order - 1, and are not reduced', () => {
  for (const wrong of [0n, order, order + 1n, 2n ** 256n - 1n]) {
    expect(answer(VERIFY, input({ ...known, r: wrong }))).toBe('');
    expect(answer(VERIFY, input({ ...known, s: wrong }))).toBe('');
  }
  const short = sign(5n, 7n, 11n);
  for (const right of [1n, 2n, order - 1n]) {
    expect(answer(VERIFY, input({ ...short, r: right }))).toBe('');
    expect(answer(VERIFY, input({ ...short, s: right }))).toBe('');
  }
});

test('the key is a point on the curve with coordinates below the prime', () => {
  const wrong: [bigint, bigint][] = [
    [0n, 0n],
    [known.x, known.y + 1n],
    [known.x + 1n, known.y],
    [known.y, known.x],
    [prime, known.y],
    [known.x, prime],
    [2n ** 256n - 1n, 2n ** 256n - 1n],
  ];
  for (const [x, y] of wrong) expect(answer(VERIFY, input({ ...known, x, y }))).toBe('');
  // Points with so small an x or y that adding the prime still fits in 32 bytes.
  for (let x = 0n, found = 0; found < 3; x++) {
    const y = root(x);
    if (y === undefined) continue;
    found++;
    answer(VERIFY, input({ ...known, x, y }));
    expect(answer(VERIFY, input({ ...known, x: x + prime, y }))).toBe('');
  }
});

function root(x: bigint): bigint | undefined {
  try {
    return Point.fromBytes(joined(bytesOf('02'), numberBytes(x))).toAffine().y;
  } catch {
    return undefined;
  }
}

test('r stands for an x above the order, too', () => {
  let found = 0;
  for (let r = 1n; found < 5; r++) {
    const x = r + order;
    const y = root(x);
    if (y === undefined) continue;
    found++;
    // The key to which the sum comes out as (x, y): (s · R - hash · G) / r.
    const [hash, s] = [1000n + r, 77n];
    const sum = Point.fromAffine({ x, y }).multiply(s).subtract(Point.BASE.multiply(hash));
    const key = sum.multiply(Point.Fn.inv(r)).toAffine();
    expect(answer(VERIFY, input({ hash, r, s, ...key }))).toBe(yes);
    expect(answer(VERIFY, input({ hash, r: r + 1n, s, ...key }))).toBe('');
  }
});

test('the hash is reduced', () => {
  for (const hash of [0n, 1n, order - 1n, order, order + 1n, 2n ** 256n - 1n]) {
    const signed = sign(hash, 77n, 99n);
    expect(answer(VERIFY, input(signed))).toBe(yes);
    if (hash < 2n ** 256n - order) expect(answer(VERIFY, input({ ...signed, hash: hash + order }))).toBe(yes);
  }
});

test('sums of equal, opposite and cancelling points', () => {
  // With the key 1 both multiples are of the generator; with -1, opposite.
  for (const key of [1n, order - 1n, 2n, order - 2n]) {
    for (const [hash, nonce] of [
      [3n, 5n],
      [0n, 1n],
      [order - 1n, 2n],
    ] as const)
      expect(answer(VERIFY, input(sign(hash, key, nonce)))).toBe(yes);
  }
  // hash + r · key = 0: the sum is the point at infinity, whatever s is.
  const key = 1234567n;
  const r = Point.BASE.multiply(5n).toAffine().x % order;
  const cancelled = { hash: order - ((r * key) % order), r, s: 17n, ...Point.BASE.multiply(key).toAffine() };
  expect(answer(VERIFY, input(cancelled))).toBe('');
});

test(
  'random signatures agree, true and false ones',
  () => {
    const inputs = new Inputs('p256');
    for (let index = 0; index < count('precompiles', { ci: 300, long: 5_000 }); index++) {
      const signed = sign(inputs.scalar(order), inputs.nonZero(order), inputs.nonZero(order));
      expect(answer(VERIFY, input(signed))).toBe(yes);
      expect(answer(VERIFY, input({ ...signed, hash: signed.hash ^ 1n }))).toBe('');
      answer(VERIFY, inputs.damaged(input(signed)));
    }
  },
  patience,
);
