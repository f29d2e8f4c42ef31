// Powers modulo numbers of any size inside the core against BigInt.
import { beforeAll, expect, test } from 'vitest';
import { Random } from '../../../src/traffic/random.ts';
import { instantiateProbe } from '../../support/assembly.ts';
import { count, long } from '../../support/effort.ts';

interface Powers {
  scratchSize(): number;
  powerScratch(length: number): number;
  prepare(memory: number): void;
  powerModulo(
    ...arguments_: [
      out: number,
      base: number,
      baseLength: number,
      exponent: number,
      exponentLength: number,
      modulus: number,
      length: number,
      scratch: number,
    ]
  ): void;
}

const LONGEST = 1024;
/** Bases and exponents may be longer than any modulus. */
const ROOM = 4 * LONGEST;
const START = 65536;

let core: Powers;
let bytes: Uint8Array;

beforeAll(async () => {
  const probe = await instantiateProbe<Powers>('assembly/probe/arithmetic.ts', 64);
  core = probe.exports;
  bytes = new Uint8Array(probe.memory.buffer);
});

const numberOf = (data: Uint8Array) => (data.length === 0 ? 0n : BigInt(`0x${Buffer.from(data).toString('hex')}`));
const bytesOf = (value: bigint, length: number) =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));

function expected(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus;
  for (const bit of exponent === 0n ? '' : exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

function check(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): void {
  const first = modulus.findIndex((byte) => byte !== 0);
  const divisor = numberOf(modulus);
  if (divisor <= 1n) return;
  const places = [base, exponent, modulus.subarray(first)].map((part, index) => {
    bytes.set(part, START + index * ROOM);
    return START + index * ROOM;
  }) as [number, number, number];
  const length = modulus.length - first;
  const out = START + 3 * ROOM;
  const scratch = out + ROOM;
  // What lies before and behind stays as it is; nothing is taken from what an earlier call left.
  const end = scratch + core.powerScratch(length);
  bytes.fill(0xa5, out, out + length + 16).fill(0xa5, scratch, end + 16);
  core.powerModulo(out, places[0], base.length, places[1], exponent.length, places[2], length, scratch);
  const found = numberOf(bytes.subarray(out, out + length));
  const right = expected(numberOf(base) % divisor, numberOf(exponent), divisor);
  const kept = bytes.subarray(out + length, out + length + 16).every((byte) => byte === 0xa5);
  const within = bytes.subarray(end, end + 16).every((byte) => byte === 0xa5);
  if (found === right && kept && within) return;
  const [b, e, m] = [base, exponent, modulus].map((part) => Buffer.from(part).toString('hex'));
  expect.fail(`${b} ^ ${e} mod ${m} = ${found.toString(16)}, not ${right.toString(16)} (kept: ${kept}, ${within})`);
}

test('small numbers, all of them', () => {
  const small = Array.from({ length: 20 }, (_, value) => bytesOf(BigInt(value), 1));
  for (const base of small) for (const exponent of small) for (const modulus of small) check(base, exponent, modulus);
});

test('sizes about those of limbs, with numbers that are all ones, one bit, or next to a power of two', () => {
  for (const bits of [
    7, 8, 9, 27, 28, 29, 31, 32, 33, 52, 56, 57, 63, 64, 65, 112, 128, 224, 252, 255, 256, 257, 280, 512,
  ]) {
    const power = 1n << BigInt(bits);
    const moduli = [power - 1n, power, power + 1n, power - 2n, power * 3n, power / 2n + 1n];
    for (const modulus of moduli) {
      for (const base of [0n, 1n, 2n, modulus - 1n, modulus, modulus + 1n, power / 2n, power * power - 1n]) {
        for (const exponent of [0n, 1n, 2n, 3n, 65_537n, modulus - 1n]) {
          check(bytesOf(base, 130), bytesOf(exponent, 70), bytesOf(modulus, 66));
        }
      }
    }
  }
});

test('a power that is a multiple of the modulus is 0', () => {
  for (const root of [3n, 0xfffbn, (1n << 127n) - 1n, (1n << 128n) + 51n, (1n << 255n) - 19n]) {
    for (const exponent of [2n, 3n, 17n]) check(bytesOf(root, 40), bytesOf(exponent, 2), bytesOf(root * root, 70));
  }
});

test('the longest moduli, of digits that are as large as they can be', () => {
  const ones = new Uint8Array(LONGEST).fill(0xff);
  const even = ones.slice().fill(0, 500);
  const small = ones.slice().fill(0, 1, 1023);
  for (const exponent of [[2], [3], [0xff, 0xff], [1, 0, 0, 0, 0, 0, 0, 1]]) {
    for (const modulus of [ones, even, small]) {
      for (const base of [ones, new Uint8Array(ROOM).fill(0xff), Uint8Array.of(2)]) {
        check(base, Uint8Array.from(exponent), modulus);
      }
    }
  }
});

test(
  'random numbers of all sizes',
  () => {
    const random = new Random('modular powers');
    const any = (longest: number) => {
      const sizes = [2, 9, 33, 33, 65, longest];
      const length = random.below(sizes[random.below(sizes.length)]!);
      const data = Uint8Array.from({ length }, () => random.below(256));
      const place = random.below(length + 1);
      const kind = random.below(10);
      if (kind === 0) data.fill(0, 0, place);
      if (kind === 1) data.fill(0, place);
      if (kind === 2) data.fill(0xff, place);
      return data;
    };
    for (let index = 0; index < count('modular-powers', { ci: 4_000, long: 1_000_000 }); index++) {
      const longest = index % 50 === 0 ? 600 : 100;
      const [base, exponent, modulus] = [any(longest), any(50), any(longest)];
      if (random.chance(0.7) && modulus.length > 0) modulus[modulus.length - 1]! |= 1;
      check(base, exponent, modulus);
    }
  },
  long ? 3_600_000 : 120_000,
);
