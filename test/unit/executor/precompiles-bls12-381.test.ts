// The precompiles over BLS12-381 (11 to 17): known answers, edges, and mcl against noble on random inputs.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { describe, expect, test } from 'vitest';
import { count } from '../../support/effort.ts';
import { answer, bytesOf, hexOf, Inputs, joined, numberBytes, patience } from './precompile-comparison.ts';

const PAIRING = 15;

const { Fp, Fp2, Fr } = bls12_381.fields;
const prime = Fp.ORDER;
const order = Fr.ORDER;
const yes = '1'.padStart(64, '0');
const no = '0'.repeat(64);

/** What the tests need of a point of noble's, in either group. */
interface Point {
  add(other: Point): Point;
  double(): Point;
  negate(): Point;
  is0(): boolean;
}

interface Group {
  name: string;
  add: number;
  multiply: number;
  map: number;
  base: Point;
  zero: Point;
  /** Order of the curve divided by that of the subgroup, and some of its prime factors. */
  cofactor: bigint;
  factors: bigint[];
  width: number;
  coordinates: number;
  bytes(point: Point): Uint8Array;
  /** A point of the curve with an x of choice, most likely outside the subgroup; undefined where there is none. */
  withX(parts: readonly bigint[]): Point | undefined;
}

const field = (value: bigint) => numberBytes(value, 64);

const g1: Group = {
  name: 'G1',
  add: 11,
  multiply: 12,
  map: 16,
  base: bls12_381.G1.Point.BASE as unknown as Point,
  zero: bls12_381.G1.Point.ZERO as unknown as Point,
  cofactor: 0x396c8c005555e1568c00aaab0000aaabn,
  factors: [3n, 11n],
  width: 128,
  coordinates: 2,
  bytes: (point) => {
    if (point.is0()) return new Uint8Array(128);
    const { x, y } = (point as unknown as typeof bls12_381.G1.Point.BASE).toAffine();
    return joined(field(x), field(y));
  },
  withX: ([x = 0n]) =>
    attempt(() => bls12_381.G1.Point.fromAffine({ x, y: Fp.sqrt(Fp.add(Fp.mul(Fp.sqr(x), x), 4n)) })),
};

const g2: Group = {
  name: 'G2',
  add: 13,
  multiply: 14,
  map: 17,
  base: bls12_381.G2.Point.BASE as unknown as Point,
  zero: bls12_381.G2.Point.ZERO as unknown as Point,
  cofactor:
    0x5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef21537e293a6691ae1616ec6e786f0c70cf1c38e31c7238e5n,
  factors: [13n, 23n],
  width: 256,
  coordinates: 4,
  bytes: (point) => {
    if (point.is0()) return new Uint8Array(256);
    const { x, y } = (point as unknown as typeof bls12_381.G2.Point.BASE).toAffine();
    return joined(...[x.c0, x.c1, y.c0, y.c1].map(field));
  },
  withX: ([c0 = 0n, c1 = 0n]) =>
    attempt(() => {
      const x = { c0, c1 };
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), { c0: 4n, c1: 4n }));
      return bls12_381.G2.Point.fromAffine({ x, y });
    }),
};

function attempt(find: () => unknown): Point | undefined {
  try {
    return find() as Point;
  } catch {
    return undefined;
  }
}

function times(point: Point, count: bigint): Point {
  let sum: Point = point.add(point.negate());
  for (const bit of count.toString(2)) {
    sum = sum.double();
    if (bit === '1') sum = sum.add(point);
  }
  return sum;
}

function curvePoint(inputs: Inputs, group: Group): Point {
  for (;;) {
    const point = group.withX([inputs.nonZero(prime), inputs.nonZero(prime)]);
    if (point !== undefined) return inputs.chance(0.5) ? point : point.negate();
  }
}

const scalar = (value: bigint) => numberBytes(value);

describe('known answers (EIP-2537)', () => {
  test('map to G1: bls_g1map_616263, a short coordinate', () => {
    const input =
      '00000000000000000000000000000000147e1ed29f06e4c5079b9d14fc89d2820d32419b990c1c7bb7dbea2a36a045124b31ffbde7c99329c05c559af1c6cc82';
    expect(answer(g1.map, bytesOf(input))).toBe(
      '00000000000000000000000000000000009769f3ab59bfd551d53a5f846b9984c59b97d6842b20a2c565baa167945e3d026a3755b6345df8ec7e6acb6868ae6d' +
        '000000000000000000000000000000001532c00cf61aa3d0ce3e5aa20c3b531a2abd2c770a790a2613818303c6b830ffc0ecf6c357af3317b9575c567f11cd2c',
    );
  });

  test('map to G2: bls_g2map_616263', () => {
    const input = bytesOf(
      '00000000000000000000000000000000138879a9559e24cecee8697b8b4ad32cced053138ab913b99872772dc753a2967ed50aabc907937aefb2439ba06cc50c',
      '000000000000000000000000000000000a1ae7999ea9bab1dcc9ef8887a6cb6e8f1e22566015428d220b7eec90ffa70ad1f624018a9ad11e78d588bd3617f9f2',
    );
    expect(answer(g2.map, input)).toBe(
      '00000000000000000000000000000000108ed59fd9fae381abfd1d6bce2fd2fa220990f0f837fa30e0f27914ed6e1454db0d1ee957b219f61da6ff8be0d6441f' +
        '000000000000000000000000000000000296238ea82c6d4adb3c838ee3cb2346049c90b96d602d7bb1b469b905c9228be25c627bffee872def773d5b2a2eb57d' +
        '00000000000000000000000000000000033f90f6057aadacae7963b0a0b379dd46750c1c94a6357c99b65f63b79e321ff50fe3053330911c56b6ceea08fee656' +
        '00000000000000000000000000000000153606c417e59fb331b7ae6bce4fbf7c5190c33ce9402b5ebe2b70e44fca614f3f1382a3625ed5493843d0b0a652fc3f',
    );
  });

  test('addition of a point outside the subgroup: bls_g1add_g1_not_in_correct_subgroup+g1', () => {
    const input = bytesOf(
      '000000000000000000000000000000000123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      '00000000000000000000000000000000193fb7cedb32b2c3adc06ec11a96bc0d661869316f5e4a577a9f7c179593987beb4fb2ee424dbb2f5dd891e228b46c4a',
      hexOf(g1.bytes(g1.base)),
    );
    expect(answer(g1.add, input)).toBe(
      '000000000000000000000000000000000abe7ae4ae2b092a5cc1779b1f5605d904fa6ec59b0f084907d1f5e4d2663e117a3810e027210a72186159a21271df3e' +
        '0000000000000000000000000000000001e1669f00e10205f2e2f1195d65c21022f6a9a6de21f329756309815281a4434b2864d34ebcbc1d7e7cfaaee3feeea2',
    );
    expect(answer(g1.multiply, joined(input.subarray(0, 128), scalar(1n)))).toBe('failure');
  });

  test('multiplication: bls_g1mul_(p1+p1=2*p1)', () => {
    const input = bytesOf(
      '00000000000000000000000000000000112b98340eee2777cc3c14163dea3ec97977ac3dc5c70da32e6e87578f44912e902ccef9efe28d4a78b8999dfbca9426',
      '00000000000000000000000000000000186b28d92356c4dfec4b5201ad099dbdede3781f8998ddf929b4cd7756192185ca7b8f4ef7088f813270ac3d48868a21',
      '0000000000000000000000000000000000000000000000000000000000000002',
    );
    expect(answer(g1.multiply, input)).toBe(
      '0000000000000000000000000000000015222cddbabdd764c4bee0b3720322a65ff4712c86fc4b1588d0c209210a0884fa9468e855d261c483091b2bf7de6a63' +
        '0000000000000000000000000000000009f9edb99bc3b75d7489735c98b16ab78b9386c5f7a1f76c7e96ac6eb5bbde30dbca31a74ec6e0f0b12229eecea33c39',
    );
  });
});

describe.each([g1, g2])('in $name', (group) => {
  const { bytes, base, zero } = group;
  const infinity = bytes(zero);

  test('lengths must be right', () => {
    for (const length of [0, 1, group.width, group.width * 2 - 1, group.width * 2 + 1, group.width * 3]) {
      expect(answer(group.add, joined(bytes(base), bytes(base), bytes(base)).subarray(0, length))).toBe('failure');
    }
    const pairs = joined(bytes(base), scalar(2n), bytes(base), scalar(3n));
    for (const length of [0, 1, group.width, group.width + 31, group.width + 33, pairs.length - 1]) {
      expect(answer(group.multiply, pairs.subarray(0, length))).toBe('failure');
    }
    const element = (group.coordinates / 2) * 64;
    for (const length of [0, element - 1, element + 1, element * 2]) {
      expect(answer(group.map, new Uint8Array(length))).toBe('failure');
    }
  });

  test('coordinates must be below the prime, after zeros, and on the curve', () => {
    for (let coordinate = 0; coordinate < group.coordinates; coordinate++) {
      const at = coordinate * 64;
      const value = BigInt(`0x${hexOf(bytes(base).subarray(at, at + 64))}`);
      for (const wrong of [value + prime, prime, prime + 1n, value + 1n, value + 2n ** 384n, value + 2n ** 511n]) {
        const point = bytes(base).slice();
        point.set(field(wrong), at);
        expect(answer(group.add, joined(point, infinity))).toBe('failure');
        expect(answer(group.add, joined(infinity, point))).toBe('failure');
        expect(answer(group.multiply, joined(point, scalar(0n)))).toBe('failure');
        const pair = group === g1 ? joined(point, g2.bytes(g2.zero)) : joined(g1.bytes(g1.zero), point);
        expect(answer(PAIRING, pair)).toBe('failure');
      }
    }
    const elements = group.coordinates / 2;
    for (let at = 0; at < elements; at++) {
      const input = new Uint8Array(elements * 64);
      for (const wrong of [prime, prime + 1n, 2n ** 384n - 1n, 2n ** 384n, 2n ** 511n]) {
        input.set(field(wrong), at * 64);
        expect(answer(group.map, input)).toBe('failure');
      }
    }
  });

  test('infinity, opposite and equal points', () => {
    const opposite = bytes(base.negate());
    expect(answer(group.add, joined(bytes(base), opposite))).toBe(hexOf(infinity));
    expect(answer(group.add, joined(infinity, opposite))).toBe(hexOf(opposite));
    expect(answer(group.add, joined(opposite, infinity))).toBe(hexOf(opposite));
    expect(answer(group.add, joined(infinity, infinity))).toBe(hexOf(infinity));
    expect(answer(group.add, joined(opposite, opposite))).toBe(hexOf(bytes(base.negate().double())));
    for (const value of [0n, order, order * 2n])
      expect(answer(group.multiply, joined(bytes(base), scalar(value)))).toBe(hexOf(infinity));
    expect(answer(group.multiply, joined(infinity, scalar(5n)))).toBe(hexOf(infinity));
    expect(answer(group.multiply, joined(bytes(base), scalar(order - 1n)))).toBe(hexOf(opposite));
    const cancelled = joined(bytes(base), scalar(7n), infinity, scalar(9n), opposite, scalar(7n));
    expect(answer(group.multiply, cancelled)).toBe(hexOf(infinity));
  });

  test(
    'points outside the subgroup, of whatever order, are added and nothing else',
    () => {
      const inputs = new Inputs(`subgroup ${group.name}`);
      for (const factor of group.factors) expect(group.cofactor % factor).toBe(0n);
      for (let index = 0; index < count('precompiles-subgroup', { ci: 12, long: 500 }); index++) {
        const point = curvePoint(inputs, group);
        const outside = times(point, order);
        const small = group.factors.map((factor) => times(outside, group.cofactor / factor));
        for (const other of [point, outside, outside.add(base), ...small, ...small.map((it) => it.add(base))]) {
          expect(answer(group.add, joined(bytes(other), bytes(base)))).not.toBe('failure');
          answer(group.add, joined(bytes(other), bytes(other)));
          if (times(other, order).is0()) continue;
          expect(answer(group.multiply, joined(bytes(other), scalar(0n)))).toBe('failure');
          expect(answer(group.multiply, joined(bytes(base), scalar(1n), bytes(other), scalar(1n)))).toBe('failure');
          const pair = group === g1 ? joined(bytes(other), g2.bytes(g2.zero)) : joined(g1.bytes(g1.zero), bytes(other));
          expect(answer(PAIRING, pair)).toBe('failure');
        }
        const inside = times(point, group.cofactor);
        expect(answer(group.multiply, joined(bytes(inside), scalar(1n)))).toBe(hexOf(bytes(inside)));
      }
    },
    patience,
  );

  test('the points with a coordinate 0 are added right', () => {
    // (0, 2) has order 3 on the curve of G1; that of G2 has no point with x = 0.
    const point = group.withX([0n, 0n]);
    if (group === g2) expect(point).toBeUndefined();
    else {
      expect(times(point!, 3n).is0()).toBe(true);
      expect(answer(group.add, joined(bytes(point!), bytes(point!)))).toBe(hexOf(bytes(point!.negate())));
      expect(answer(group.multiply, joined(bytes(point!), scalar(3n)))).toBe('failure');
    }
  });

  test(
    'addition and multiplication agree on random inputs',
    () => {
      const inputs = new Inputs(`random ${group.name}`);
      let point = base;
      for (let index = 0; index < count('precompiles', { ci: 300, long: 5_000 }) / 2; index++) {
        point = point.double().add(base);
        const other = inputs.pick([point, zero, point.negate(), curvePoint(inputs, group)]);
        const sum = joined(bytes(point), bytes(other));
        expect(answer(group.add, sum)).not.toBe('failure');
        answer(group.add, inputs.damaged(sum));
        const product = joined(bytes(point), scalar(inputs.scalar(order)));
        expect(answer(group.multiply, product)).not.toBe('failure');
        answer(group.multiply, inputs.damaged(product));
      }
    },
    patience,
  );

  test(
    'sums of many multiples agree',
    () => {
      const inputs = new Inputs(`multiples ${group.name}`);
      for (const size of [2, 3, 15, 16, 17, 33, 127, 128, 130]) {
        let point = base;
        const terms = Array.from({ length: size }, () => {
          point = point.double().add(base);
          const choice = inputs.pick([point, point, point, base, zero, point.negate()]);
          return joined(bytes(choice), scalar(inputs.scalar(order)));
        });
        expect(answer(group.multiply, joined(...terms))).not.toBe('failure');
      }
    },
    patience,
  );

  test('sums still agree when their input makes the memory of mcl grow', () => {
    const zeros = new Uint8Array((group.width + 32) * 10_000);
    const input = joined(zeros, bytes(base), scalar(2n), bytes(base), scalar(3n));
    expect(answer(group.multiply, input)).toBe(answer(group.multiply, joined(bytes(base), scalar(5n))));
  });

  test(
    'maps of field elements agree',
    () => {
      const inputs = new Inputs(`map ${group.name}`);
      const elements = group.coordinates / 2;
      const special = [0n, 1n, 2n, prime - 1n, prime - 2n, (prime - 1n) / 2n, (prime + 1n) / 2n, 11n, prime - 11n];
      for (const left of special) {
        for (const right of elements === 1 ? [0n] : special) {
          const input = joined(...[left, right].slice(0, elements).map(field));
          expect(answer(group.map, input)).not.toBe('failure');
        }
      }
      for (let index = 0; index < count('precompiles', { ci: 300, long: 5_000 }) / 2; index++) {
        const input = joined(...Array.from({ length: elements }, () => field(inputs.nonZero(prime))));
        expect(answer(group.map, input)).not.toBe('failure');
        answer(group.map, inputs.damaged(input));
      }
    },
    patience,
  );
});

describe('the pairing check', () => {
  const one = joined(g1.bytes(g1.base), g2.bytes(g2.base));
  const opposite = joined(g1.bytes(g1.base), g2.bytes(g2.base.negate()));

  test('takes whole pairs, at least one', () => {
    for (const length of [0, 1, 128, 383, 385, 767])
      expect(answer(PAIRING, joined(one, one).subarray(0, length))).toBe('failure');
  });

  test('holds for points at infinity', () => {
    const [zero1, zero2] = [g1.bytes(g1.zero), g2.bytes(g2.zero)];
    expect(answer(PAIRING, joined(zero1, zero2))).toBe(yes);
    expect(answer(PAIRING, joined(g1.bytes(g1.base), zero2))).toBe(yes);
    expect(answer(PAIRING, joined(zero1, g2.bytes(g2.base)))).toBe(yes);
    expect(answer(PAIRING, one)).toBe(no);
    expect(answer(PAIRING, joined(zero1, zero2, one))).toBe(no);
    expect(answer(PAIRING, joined(one, zero1, zero2, opposite))).toBe(yes);
  });

  test(
    'agrees on random products, true and false ones',
    () => {
      const inputs = new Inputs('pairing');
      for (let index = 0; index < count('precompiles-pairing', { ci: 60, long: 1_000 }); index++) {
        const pairs: [bigint, bigint][] = Array.from({ length: 1 + inputs.below(3) }, () => [
          inputs.nonZero(order),
          inputs.nonZero(order),
        ]);
        const isTrue = inputs.chance(0.5);
        const sum = pairs.reduce((total, [left, right]) => total + left * right, 0n) % order;
        pairs.push([order - sum, isTrue ? 1n : 2n]);
        const input = joined(
          ...pairs.flatMap(([left, right]) => [g1.bytes(times(g1.base, left)), g2.bytes(times(g2.base, right))]),
        );
        expect(answer(PAIRING, input)).toBe(isTrue ? yes : no);
        answer(PAIRING, inputs.damaged(input));
      }
    },
    patience,
  );

  test(
    'takes many pairs',
    () => {
      const many = Array.from({ length: 17 }, () => [one, opposite]).flat();
      expect(answer(PAIRING, joined(...many))).toBe(yes);
      expect(answer(PAIRING, joined(...many, one))).toBe(no);
    },
    patience,
  );
});
