// KZG point evaluation (10): a known answer, edges, and mcl against noble on random inputs.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { count } from '../../support/effort.ts';
import { answer, bytesOf, hexOf, Inputs, joined, numberBytes, patience } from './precompile-comparison.ts';

const EVALUATE = 10;

const { Fp, Fr } = bls12_381.fields;
const Point = bls12_381.G1.Point;
type Point = InstanceType<typeof Point>;

const order = Fr.ORDER;
const holds = hexOf(joined(numberBytes(4096n), numberBytes(order)));
const infinity = bytesOf('c0', '00'.repeat(47));

/** [τ]₁ of Ethereum's ceremony (EIP-4844, trusted_setup_4096.json, g1_monomial[1]). */
const tau = Point.fromHex(
  'ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81',
);

function input(z: bigint, y: bigint, commitment: Uint8Array, proof: Uint8Array): Uint8Array {
  const hash = sha256(commitment);
  hash[0] = 1;
  return joined(hash, numberBytes(z), numberBytes(y), commitment, proof);
}

function times(point: Point, scalar: bigint): Point {
  const reduced = scalar % order;
  return reduced === 0n ? Point.ZERO : point.multiplyUnsafe(reduced);
}

/** That the polynomial slope · x + offset takes its value at z. */
function evaluation(slope: bigint, offset: bigint, z: bigint): Uint8Array {
  const commitment = times(tau, slope).add(times(Point.BASE, offset));
  return input(z, (slope * z + offset) % order, commitment.toBytes(), times(Point.BASE, slope).toBytes());
}

test('a known answer (go-ethereum, pointEvaluation1)', () => {
  const known = bytesOf(
    '01e798154708fe7789429634053cbf9f99b619f9f084048927333fce637f549b',
    '564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306',
    '24d25032e67a7e6a4910df5834b8fe70e6bcfeeac0352434196bdf4b2485d5a1',
    '8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7',
    '873033e038326e87ed3e1276fd140253fa08e9fc25fb2d9a98527fc22a2c9612fbeafdad446cbc7bcdbdcd780af2c16a',
  );
  expect(answer(EVALUATE, known)).toBe(holds);
  for (let at = 0; at < known.length; at += 7) {
    const changed = known.slice();
    changed[at]! ^= 1;
    expect(answer(EVALUATE, changed)).toBe('failure');
  }
  for (const length of [0, 191]) expect(answer(EVALUATE, known.subarray(0, length))).toBe('failure');
  expect(answer(EVALUATE, joined(known, bytesOf('00')))).toBe('failure');
}, 60_000);

describe('edges', () => {
  test('constant polynomials have a proof at infinity', () => {
    expect(answer(EVALUATE, evaluation(0n, 0n, 5n))).toBe(holds);
    expect(answer(EVALUATE, evaluation(0n, 7n, 5n))).toBe(holds);
    expect(answer(EVALUATE, evaluation(0n, 7n, 0n))).toBe(holds);
    expect(answer(EVALUATE, input(5n, 8n, times(Point.BASE, 7n).toBytes(), infinity))).toBe('failure');
    expect(answer(EVALUATE, input(5n, 1n, infinity, infinity))).toBe('failure');
    expect(answer(EVALUATE, input(0n, 0n, infinity, Point.BASE.toBytes()))).toBe('failure');
  });

  test('the polynomial x, at 0 and elsewhere', () => {
    for (const z of [0n, 1n, order - 1n]) expect(answer(EVALUATE, evaluation(1n, 0n, z))).toBe(holds);
    expect(answer(EVALUATE, evaluation(order - 1n, order - 1n, order - 1n))).toBe(holds);
  });

  test('scalars must be below the order', () => {
    const known = evaluation(3n, 4n, 5n);
    for (const at of [32, 64]) {
      const value = BigInt(`0x${hexOf(known.subarray(at, at + 32))}`);
      for (const wrong of [value + order, order, 2n ** 256n - 1n]) {
        const changed = known.slice();
        changed.set(numberBytes(wrong), at);
        expect(answer(EVALUATE, changed)).toBe('failure');
      }
    }
  });

  test('the version of the hash must be 1', () => {
    const known = evaluation(3n, 4n, 5n);
    for (const version of [0, 2, 255]) {
      const changed = known.slice();
      changed[0] = version;
      expect(answer(EVALUATE, changed)).toBe('failure');
    }
  });

  test('points must be canonical, on the curve and in the subgroup', () => {
    const good = times(Point.BASE, 9n).toBytes();
    const flagged = (bits: number) => {
      const bytes = good.slice();
      bytes[0] = (bytes[0]! & 0x1f) | bits;
      return bytes;
    };
    const compressed = (x: bigint, bits: number) => {
      const bytes = numberBytes(x, 48);
      bytes[0]! |= bits;
      return bytes;
    };
    const small = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n].flatMap((x) => [compressed(x, 0x80), compressed(x, 0xa0)]);
    const wrong = [
      new Uint8Array(48),
      bytesOf('40', '00'.repeat(47)),
      bytesOf('e0', '00'.repeat(47)),
      bytesOf('60', '00'.repeat(47)),
      bytesOf('c0', '00'.repeat(46), '01'),
      bytesOf('c1', '00'.repeat(47)),
      compressed(0n, 0x80), // of order 3
      compressed(0n, 0xa0),
      compressed(Fp.ORDER, 0x80),
      compressed(Fp.ORDER + 4n, 0x80),
      compressed(2n ** 381n - 1n, 0x80),
      bytesOf('ff'.repeat(48)),
      ...[0x00, 0x20, 0x40, 0x60, 0xc0, 0xe0].map(flagged),
      ...small,
    ];
    for (const point of wrong) {
      expect(answer(EVALUATE, input(5n, 0n, infinity, point))).toBe('failure');
      expect(answer(EVALUATE, input(5n, 0n, point, infinity))).toBe('failure');
      expect(answer(EVALUATE, input(5n, 9n, times(Point.BASE, 9n).toBytes(), point))).toBe('failure');
    }
  }, 60_000);
});

test(
  'random evaluations agree, true and false ones',
  () => {
    const inputs = new Inputs('kzg');
    const scalar = () => inputs.scalar(order) % order;
    for (let index = 0; index < count('precompiles-kzg', { ci: 60, long: 1_000 }); index++) {
      const bytes = evaluation(scalar(), scalar(), scalar());
      expect(answer(EVALUATE, bytes)).toBe(holds);
      // Another value, and a point with another sign: both well-formed.
      const changed = bytes.slice();
      changed.set(numberBytes((BigInt(`0x${hexOf(bytes.subarray(64, 96))}`) + 1n) % order), 64);
      expect(answer(EVALUATE, changed)).toBe('failure');
      const negated = bytes.slice();
      negated[144]! ^= 0x20;
      answer(EVALUATE, negated);
      answer(EVALUATE, inputs.damaged(bytes));
    }
  },
  patience,
);
