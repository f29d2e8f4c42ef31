// The pairing check over bn254 (8): known answers, edges, and mcl against noble on random inputs. Addition and multiplication:
// test/unit/evm/bn254.test.ts.
import { bn254 } from '@noble/curves/bn254.js';
import { describe, expect, test } from 'vitest';
import { count } from '../../support/effort.ts';
import { answer, bytesOf, hexOf, Inputs, joined, numberBytes, patience } from './precompile-comparison.ts';

const PAIRING = 8;

const { Fp, Fp2, Fr } = bn254.fields;
const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;
type Point1 = InstanceType<typeof G1>;
type Point2 = InstanceType<typeof G2>;

const prime = Fp.ORDER;
const order = Fr.ORDER;
const infinity1 = new Uint8Array(64);
const infinity2 = new Uint8Array(128);
const generator1 = bytes1(G1.BASE);
const generator2 = bytes2(G2.BASE);
const yes = '1'.padStart(64, '0');
const no = '0'.repeat(64);

function bytes1(point: Point1): Uint8Array {
  if (point.is0()) return infinity1;
  const { x, y } = point.toAffine();
  return joined(numberBytes(x), numberBytes(y));
}

function bytes2(point: Point2): Uint8Array {
  if (point.is0()) return infinity2;
  const { x, y } = point.toAffine();
  return joined(...[x.c1, x.c0, y.c1, y.c0].map((value) => numberBytes(value)));
}

/** The sum of a point on the twisted curve taken `times`, of any order. */
function times2(point: Point2, times: bigint): Point2 {
  let sum = G2.ZERO;
  for (const bit of times.toString(2)) {
    sum = sum.double();
    if (bit === '1') sum = sum.add(point);
  }
  return sum;
}

/** A point of the twisted curve that is most likely not in the subgroup. */
function twistPoint(inputs: Inputs): Point2 {
  for (;;) {
    const x = { c0: inputs.nonZero(prime), c1: inputs.chance(0.2) ? 0n : inputs.nonZero(prime) };
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.div({ c0: 3n, c1: 0n }, { c0: 9n, c1: 1n }));
    try {
      return G2.fromAffine({ x, y: Fp2.sqrt(square) });
    } catch {
      // no square
    }
  }
}

const cofactor = 2n * prime - order;

describe('known answers', () => {
  test('pairing check (go-ethereum, bn256Pairing: jeff1)', () => {
    const input = bytesOf(
      '1c76476f4def4bb94541d57ebba1193381ffa7aa76ada664dd31c16024c43f59',
      '3034dd2920f673e204fee2811c678745fc819b55d3e9d294e45c9b03a76aef41',
      '209dd15ebff5d46c4bd888e51a93cf99a7329636c63514396b4a452003a35bf7',
      '04bf11ca01483bfa8b34b43561848d28905960114c8ac04049af4b6315a41678',
      '2bb8324af6cfc93537a2ad1a445cfd0ca2a71acd7ac41fadbf933c2a51be344d',
      '120a2a4cf30c1bf9845f20c6fe39e07ea2cce61f0c9bb048165fe5e4de877550',
      '111e129f1cf1097710d41c4ac70fcdfa5ba2023c6ff1cbeac322de49d1b6df7c',
      '2032c61a830e3c17286de9462bf242fca2883585b93870a73853face6a6bf411',
      hexOf(generator2),
    );
    expect(answer(PAIRING, input)).toBe(yes);
    input[63]! ^= 1;
    expect(answer(PAIRING, input)).toBe('failure');
  });
});

describe('the pairing check', () => {
  test('refuses first points that are none of the curve, and coordinates that are not below the prime', () => {
    const wrong = [
      [1n, 3n],
      [0n, 1n],
      [1n, 0n],
      [1n + prime, 2n],
      [1n, 2n + prime],
      [prime, 0n],
      [0n, prime],
      [prime, prime],
      [2n ** 256n - 1n, 2n],
    ].map(([x, y]) => joined(numberBytes(x!), numberBytes(y!)));
    for (const point of wrong) expect(answer(PAIRING, joined(point, infinity2))).toBe('failure');
  });

  test('of nothing, and with points at infinity, holds', () => {
    expect(answer(PAIRING, new Uint8Array(0))).toBe(yes);
    expect(answer(PAIRING, joined(infinity1, infinity2))).toBe(yes);
    expect(answer(PAIRING, joined(generator1, infinity2))).toBe(yes);
    expect(answer(PAIRING, joined(infinity1, generator2))).toBe(yes);
    expect(answer(PAIRING, joined(generator1, generator2))).toBe(no);
    expect(answer(PAIRING, joined(generator1, infinity2, generator1, generator2))).toBe(no);
  });

  test('refuses inputs that are not whole pairs', () => {
    const pair = joined(generator1, generator2);
    for (const length of [1, 64, 191, 193, 383]) {
      expect(answer(PAIRING, joined(pair, pair).subarray(0, length))).toBe('failure');
    }
  });

  test('refuses coordinates of the second point that are not below the prime or not on the twisted curve', () => {
    for (let coordinate = 0; coordinate < 4; coordinate++) {
      const at = coordinate * 32;
      const value = BigInt(`0x${hexOf(generator2.subarray(at, at + 32))}`);
      for (const wrong of [value + prime, prime, value + 1n, 2n ** 256n - 1n]) {
        const point = generator2.slice();
        point.set(numberBytes(wrong), at);
        expect(answer(PAIRING, joined(generator1, point))).toBe('failure');
        expect(answer(PAIRING, joined(infinity1, point))).toBe('failure');
      }
    }
  });

  test(
    'refuses points of the twisted curve outside the subgroup, of whatever order',
    () => {
      const inputs = new Inputs('bn254 twist');
      const smallest = 10069n;
      expect(cofactor % smallest).toBe(0n);
      for (let index = 0; index < count('precompiles-subgroup', { ci: 12, long: 500 }); index++) {
        const point = twistPoint(inputs);
        const outside = times2(point, order);
        const small = times2(outside, cofactor / smallest);
        const wrong = [point, outside, outside.add(G2.BASE), small, small.add(G2.BASE), outside.double()];
        for (const other of wrong) {
          if (other.is0()) continue;
          const isInside = times2(other, order).is0();
          expect(answer(PAIRING, joined(generator1, bytes2(other)))).toBe(isInside ? no : 'failure');
          expect(answer(PAIRING, joined(infinity1, bytes2(other)))).toBe(isInside ? yes : 'failure');
        }
        expect(answer(PAIRING, joined(infinity1, bytes2(times2(point, cofactor))))).toBe(yes);
      }
    },
    patience,
  );

  test(
    'agrees on random products, true and false ones',
    () => {
      const inputs = new Inputs('bn254 pairing');
      for (let index = 0; index < count('precompiles-pairing', { ci: 60, long: 1_000 }); index++) {
        const pairs: [bigint, bigint][] = Array.from({ length: 1 + inputs.below(4) }, () => [
          inputs.nonZero(order),
          inputs.nonZero(order),
        ]);
        const isTrue = inputs.chance(0.5);
        const sum = pairs.reduce((total, [left, right]) => total + left * right, 0n) % order;
        pairs.push([order - sum, isTrue ? 1n : 2n]);
        const input = joined(
          ...pairs.flatMap(([left, right]) => [
            bytes1(G1.BASE.multiplyUnsafe(left)),
            bytes2(G2.BASE.multiplyUnsafe(right)),
            ...(inputs.chance(0.1) ? [generator1, infinity2] : []),
          ]),
        );
        expect(answer(PAIRING, input)).toBe(isTrue ? yes : no);
        answer(PAIRING, inputs.damaged(input));
      }
    },
    patience,
  );

  test('still holds when its input makes the memory of mcl grow', () => {
    const zeros = new Uint8Array(192 * 4000);
    const opposite = joined(bytes1(G1.BASE.negate()), generator2);
    expect(answer(PAIRING, joined(zeros, generator1, generator2, opposite))).toBe(yes);
    expect(answer(PAIRING, joined(generator1, generator2, zeros))).toBe(no);
  });

  test(
    'takes many pairs',
    () => {
      const pair = joined(generator1, generator2);
      const opposite = joined(bytes1(G1.BASE.negate()), generator2);
      const many = Array.from({ length: 40 }, () => [pair, opposite]).flat();
      expect(answer(PAIRING, joined(...many))).toBe(yes);
      expect(answer(PAIRING, joined(...many, pair))).toBe(no);
    },
    patience,
  );
});
