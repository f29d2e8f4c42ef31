// Inputs for precompiled contracts: valid ones, and what is left of them when bytes or the length change.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Hardfork, isAtLeast } from '../../src/chain/hardfork.ts';
import type { Random } from './fuzz-random.ts';

export interface PrecompileInput {
  number: number;
  input: Uint8Array;
  /** About what it costs. */
  gas: number;
}

interface Recipe {
  number: number;
  since: Hardfork;
  weight: number;
  gas: number;
  valid: (random: Random) => Uint8Array;
  /** Valid inputs take milliseconds: one in so many is left valid. */
  rarity?: number;
}

function word(value: bigint, length = 32): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function once<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= make();
    return value;
  };
}

const recovery = once(() => {
  const hash = sha256(Uint8Array.of(1));
  const signature = secp256k1.sign(hash, word(77n), { format: 'recovered', prehash: false });
  return joined(hash, word(27n + BigInt(signature[0]!)), signature.subarray(1));
});

const p256Input = once(() => {
  const hash = sha256(Uint8Array.of(2));
  const signature = p256.sign(hash, word(78n), { prehash: false });
  return joined(hash, signature, p256.getPublicKey(word(78n), false).subarray(1));
});

const { G1: B1, G2: B2 } = bn254;
function bn254Point(scalar: number): Uint8Array {
  if (scalar === 0) return new Uint8Array(64);
  const { x, y } = B1.Point.BASE.multiplyUnsafe(BigInt(scalar)).toAffine();
  return joined(word(x), word(y));
}
const bn254Points = once(() => [0, 1, 1, 2, 3, 1000].map(bn254Point));
const bn254Pairs = once(() => {
  const q = B2.Point.BASE.toAffine() as unknown as { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } };
  const second = joined(word(q.x.c1), word(q.x.c0), word(q.y.c1), word(q.y.c0));
  const { x, y } = B1.Point.BASE.negate().toAffine();
  const nothing = joined(new Uint8Array(64), second);
  return [
    new Uint8Array(0),
    nothing,
    joined(bn254Point(1), new Uint8Array(128)),
    joined(bn254Point(1), second, word(x), word(y), second),
  ];
});

const { G1: L1, G2: L2 } = bls12_381;
const blsG1 = once(() => {
  const { x, y } = L1.Point.BASE.toAffine();
  return joined(word(x, 64), word(y, 64));
});
const blsG2 = once(() => {
  const { x, y } = L2.Point.BASE.toAffine() as unknown as {
    x: { c0: bigint; c1: bigint };
    y: { c0: bigint; c1: bigint };
  };
  return joined(word(x.c0, 64), word(x.c1, 64), word(y.c0, 64), word(y.c1, 64));
});
const g1 = (random: Random) => (random.chance(50) ? new Uint8Array(128) : blsG1());
const g2 = (random: Random) => (random.chance(70) ? new Uint8Array(256) : blsG2());

function modexp(random: Random): Uint8Array {
  const lengths = [0, 1, 2, 31, 32, 33, 64, 70];
  const [base, exponent, modulus] = [random.pick(lengths), random.pick([0, 1, 1, 2, 32, 33, 40]), random.pick(lengths)];
  const head = [base, exponent, modulus].map((length) => word(BigInt(length)));
  if (random.chance(8)) head[random.below(3)] = word(random.pick([1025n, 1n << 32n, 1n << 64n, (1n << 256n) - 1n]));
  const body = random.bytes(base + exponent + modulus);
  if (random.chance(20)) body.fill(0, base, base + exponent);
  return joined(...head, body.subarray(0, random.chance(85) ? body.length : random.below(body.length + 1)));
}

function blake2f(random: Random): Uint8Array {
  return joined(
    word(BigInt(random.pick([0, 1, 2, 12, 300])), 4),
    random.bytes(64 + 128),
    random.bytes(16),
    Uint8Array.of(random.below(2)),
  );
}

/** A commitment to the polynomial 0: every value is 0, and the proof is the point at infinity. */
function kzg(random: Random): Uint8Array {
  const infinity = joined(Uint8Array.of(0xc0), new Uint8Array(47));
  const hash = sha256(infinity);
  hash[0] = 1;
  return joined(hash, word(BigInt(random.below(3))), word(0n), infinity, infinity);
}

const recipes: readonly Recipe[] = [
  { number: 1, since: 'chainstart', weight: 8, gas: 3000, valid: recovery, rarity: 4 },
  { number: 2, since: 'chainstart', weight: 10, gas: 84, valid: (random) => random.bytes(random.below(200)) },
  { number: 3, since: 'chainstart', weight: 10, gas: 840, valid: (random) => random.bytes(random.below(200)) },
  { number: 4, since: 'chainstart', weight: 10, gas: 21, valid: (random) => random.bytes(random.below(200)) },
  { number: 5, since: 'byzantium', weight: 16, gas: 500, valid: modexp },
  {
    number: 6,
    since: 'byzantium',
    weight: 8,
    gas: 150,
    valid: (random) => joined(random.pick(bn254Points()), random.pick(bn254Points())),
  },
  {
    number: 7,
    since: 'byzantium',
    weight: 8,
    gas: 6000,
    valid: (random) => joined(random.pick(bn254Points()), word(BigInt(random.pick([0, 1, 2, 9])))),
  },
  { number: 8, since: 'byzantium', weight: 4, gas: 45000, valid: (random) => random.pick(bn254Pairs()), rarity: 6 },
  { number: 9, since: 'istanbul', weight: 10, gas: 12, valid: blake2f },
  { number: 10, since: 'cancun', weight: 4, gas: 50000, valid: kzg, rarity: 8 },
  { number: 11, since: 'prague', weight: 6, gas: 375, valid: (random) => joined(g1(random), g1(random)) },
  {
    number: 12,
    since: 'prague',
    weight: 5,
    gas: 12000,
    valid: (random) =>
      joined(g1(random), word(BigInt(random.below(3))), ...(random.chance(20) ? [g1(random), word(2n)] : [])),
    rarity: 3,
  },
  { number: 13, since: 'prague', weight: 5, gas: 600, valid: (random) => joined(g2(random), g2(random)), rarity: 2 },
  {
    number: 14,
    since: 'prague',
    weight: 5,
    gas: 22500,
    valid: (random) => joined(g2(random), word(BigInt(random.below(3)))),
    rarity: 4,
  },
  { number: 15, since: 'prague', weight: 4, gas: 70300, valid: (random) => joined(g1(random), g2(random)), rarity: 10 },
  { number: 16, since: 'prague', weight: 2, gas: 5500, valid: (random) => word(random.bits(64), 64), rarity: 10 },
  {
    number: 17,
    since: 'prague',
    weight: 2,
    gas: 23800,
    valid: (random) => joined(word(random.bits(64), 64), word(random.bits(64), 64)),
    rarity: 12,
  },
  { number: 256, since: 'osaka', weight: 6, gas: 6900, valid: p256Input, rarity: 3 },
];

/** A precompile of the fork and an input for it. */
export function precompileInput(random: Random, fork: Hardfork): PrecompileInput {
  const known = recipes.filter((recipe) => isAtLeast(fork, recipe.since) || random.chance(1));
  const recipe = random.weighted(known.map((choice) => [choice.weight, choice] as const));
  const { number, gas, rarity = 1 } = recipe;
  const valid = recipe.valid(random);
  const leaveValid = random.below(rarity) === 0 && random.chance(70);
  return { number, gas, input: leaveValid ? valid : changed(random, valid) };
}

function changed(random: Random, valid: Uint8Array): Uint8Array {
  const input = Uint8Array.from(valid);
  const choice = random.below(10);
  if (choice < 5 && input.length > 0) {
    for (let times = random.between(1, 3); times > 0; times--) input[random.below(input.length)] = random.word() & 0xff;
    return input;
  }
  if (choice < 7) return input.subarray(0, random.below(input.length + 1));
  if (choice < 8) return joined(input, random.bytes(random.between(1, 40)));
  if (choice < 9) return new Uint8Array(input.length).fill(random.pick([0, 0xff]));
  return random.bytes(random.below(220));
}
