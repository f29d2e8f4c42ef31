// Addition and multiplication on bn254 inside the core against noble's.
import { bn254 } from '@noble/curves/bn254.js';
import { beforeAll, expect, test } from 'vitest';
import { instantiateProbe } from '../../support/assembly.ts';
import { count, long } from '../../support/effort.ts';
import { Inputs, joined, numberBytes } from '../executor/precompile-comparison.ts';

interface Curve {
  scratchSize(): number;
  prepare(memory: number): void;
  bn254Scratch(): number;
  addPoints(out: number, left: number, right: number, memory: number): number;
  multiplyPoint(out: number, point: number, scalar: number, memory: number): number;
}

const G1 = bn254.G1.Point;
type Point = InstanceType<typeof G1>;
const { ORDER: prime } = bn254.fields.Fp;
const { ORDER: order } = bn254.fields.Fr;
const infinity = new Uint8Array(64);
const patience = { timeout: long ? undefined : 120_000 } as const;

let core: Curve;
let memory: Uint8Array;
let base = 0;

beforeAll(async () => {
  const probe = await instantiateProbe<Curve>('assembly/probe/arithmetic.ts', 64);
  core = probe.exports;
  core.prepare(65536);
  base = (65536 + core.scratchSize() + 63) & ~63;
  memory = new Uint8Array(probe.memory.buffer);
});

/** What the core answers to 128 or 96 bytes; undefined where it refuses them. */
function answer(operation: 'addPoints' | 'multiplyPoint', input: Uint8Array): string | undefined {
  memory.set(input, base + 64);
  const valid = core[operation](base, base + 64, base + 128, base + 192);
  return valid === 0 ? undefined : hexOf(memory.slice(base, base + 64));
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function bytesOf(point: Point): Uint8Array {
  if (point.is0()) return infinity;
  const { x, y } = point.toAffine();
  return joined(numberBytes(x), numberBytes(y));
}

const sum = (left: Point, right: Point) => answer('addPoints', joined(bytesOf(left), bytesOf(right)));
const product = (point: Point, scalar: bigint) => answer('multiplyPoint', joined(bytesOf(point), numberBytes(scalar)));
const expectedProduct = (point: Point, scalar: bigint) => {
  const reduced = scalar % order;
  return hexOf(bytesOf(reduced === 0n ? G1.ZERO : point.multiplyUnsafe(reduced)));
};

test('known answers (go-ethereum, bn256ScalarMul: chfast1; EIP-196)', () => {
  const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
  const point =
    '2bd3e6d0f3b142924f5ca7b49ce5b9d54c4703d7ae5648e61d02268b1a0a9fb7' +
    '21611ce0a6af85915e2f1d70300909ce2e49dfad4a4619c8390cae66cefdb204';
  expect(answer('multiplyPoint', joined(bytes(point), numberBytes(0x11138ce750fa15c2n)))).toBe(
    '070a8d6a982153cae4be29d434e8faef8a47b274a053f5a4ee2a6c9c13c31e5c' +
      '031b8ce914eba3a9ffb989f9cdd5b0f01943074bf4f0f315690ec3cec6981afc',
  );
  expect(sum(G1.BASE, G1.BASE)).toBe(
    '030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3' +
      '15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4',
  );
});

test('sums of random points are right, equal and opposite ones and the point at infinity among them', patience, () => {
  const inputs = new Inputs('bn254 sums');
  let left = G1.BASE;
  let right = G1.BASE.double();
  for (let at = 0; at < count('bn254-sums', { ci: 5_000, long: 1_000_000 }); at++) {
    const other = inputs.chance(0.1) ? inputs.pick([G1.ZERO, left, left.negate()]) : right;
    const expected = G1.fromAffine(left.add(other).toAffine());
    const found = sum(left, other);
    if (found !== hexOf(bytesOf(expected))) expect.fail(`${hexOf(bytesOf(left))} + ${hexOf(bytesOf(other))}: ${found}`);
    left = right;
    right = expected.is0() ? G1.BASE.multiplyUnsafe(inputs.nonZero(order)) : expected;
  }
});

test('random multiples of random points are right', patience, () => {
  const inputs = new Inputs('bn254 products');
  let point = G1.BASE;
  for (let at = 0; at < count('bn254-products', { ci: 1_500, long: 1_000_000 }); at++) {
    const scalar = inputs.scalar(order);
    const found = product(point, scalar);
    const expected = expectedProduct(point, scalar);
    if (found !== expected) expect.fail(`${scalar} times ${hexOf(bytesOf(point))}: ${found}, not ${expected}`);
    point = G1.fromAffine(point.double().add(G1.BASE).toAffine());
  }
});

test('multiples at the edges are right', patience, () => {
  const lambda = 0xb3c4d79d41a917585bfc41088d8daaa78b17ea66b99c90ddn;
  const scalars = [0n, 1n, 2n, 3n, 15n, 16n, 17n, lambda, lambda + 1n, order - lambda, order / 2n, prime, 2n * order];
  for (let bit = 0n; bit < 256n; bit++) scalars.push(1n << bit, (1n << bit) - 1n, 2n ** 256n - (1n << bit));
  for (let near = -20n; near <= 20n; near++) {
    for (const centre of [order, order * 2n, order * 5n, lambda, order - lambda, lambda * 2n])
      scalars.push(centre + near);
  }
  for (const point of [G1.BASE, G1.BASE.negate(), G1.BASE.multiplyUnsafe(lambda), G1.BASE.multiplyUnsafe(order / 3n)]) {
    for (const scalar of scalars) {
      if (scalar < 0n || scalar >= 2n ** 256n) continue;
      if (product(point, scalar) !== expectedProduct(point, scalar)) expect.fail(`${scalar}`);
    }
  }
  expect(product(G1.ZERO, 5n)).toBe(hexOf(infinity));
});

test('sums of multiples near each other are right', patience, () => {
  const points = [G1.ZERO];
  for (let at = 0; at < 24; at++) points.push(G1.fromAffine(points[at]!.add(G1.BASE).toAffine()));
  const all = [...points, ...points.map((point) => point.negate())];
  for (const left of all) for (const right of all) expect(sum(left, right)).toBe(hexOf(bytesOf(left.add(right))));
});

test('coordinates that are not below the prime, and points beside the curve, are refused', () => {
  const wrong = [
    [1n, 3n],
    [0n, 1n],
    [1n, 0n],
    [1n + prime, 2n],
    [1n, 2n + prime],
    [prime, 0n],
    [0n, prime],
    [prime, prime],
    [prime - 1n, prime - 1n],
    [2n ** 256n - 1n, 2n],
  ].map(([x, y]) => joined(numberBytes(x!), numberBytes(y!)));
  for (const point of wrong) {
    for (const good of [bytesOf(G1.BASE), infinity]) {
      expect(answer('addPoints', joined(point, good))).toBe(undefined);
      expect(answer('addPoints', joined(good, point))).toBe(undefined);
    }
    for (const scalar of [0n, 1n, order])
      expect(answer('multiplyPoint', joined(point, numberBytes(scalar)))).toBe(undefined);
  }
});

test('what is damaged is refused where noble refuses it', patience, () => {
  const inputs = new Inputs('bn254 damage');
  for (let at = 0; at < count('bn254-damage', { ci: 2_000, long: 200_000 }); at++) {
    const bytes = bytesOf(G1.BASE.multiplyUnsafe(BigInt(1 + inputs.below(1000)))).slice();
    bytes[inputs.below(64)]! ^= 1 << inputs.below(8);
    const [x, y] = [0, 32].map((from) => BigInt(`0x${hexOf(bytes.subarray(from, from + 32))}`)) as [bigint, bigint];
    const isPoint = x < prime && y < prime && (y * y - x * x * x - 3n) % prime === 0n;
    expect(answer('addPoints', joined(bytes, infinity))).toBe(isPoint ? hexOf(bytes) : undefined);
  }
});
