// MODEXP (5): known answers, edges, and random inputs against plain squaring and multiplying.
import { expect, test } from 'vitest';
import { count } from '../../support/effort.ts';
import { answer, bytesOf, hexOf, Inputs, joined, numberBytes, patience } from './precompile-comparison.ts';

const MODEXP = 5;

function input(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  const lengths = [base, exponent, modulus].map(({ length }) => numberBytes(BigInt(length)));
  return joined(...lengths, base, exponent, modulus);
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${hexOf(bytes)}`);
}

/** By the definition, one bit of the exponent after the other. */
function expected(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): string {
  const divisor = numberOf(modulus);
  if (divisor === 0n) return '00'.repeat(modulus.length);
  let result = 1n % divisor;
  for (const bit of numberOf(exponent).toString(2)) {
    result = (result * result) % divisor;
    if (bit === '1') result = (result * numberOf(base)) % divisor;
  }
  return modulus.length === 0 ? '' : hexOf(numberBytes(result, modulus.length));
}

test('known answers (EIP-198)', () => {
  const field = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f';
  const exponent = bytesOf('fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e');
  expect(answer(MODEXP, input(bytesOf('03'), exponent, bytesOf(field)))).toBe('1'.padStart(64, '0'));
  expect(answer(MODEXP, input(bytesOf(''), exponent, bytesOf(field)))).toBe('0'.repeat(64));
  // The third and fourth of the proposal: bytes that go on with zeros, and bytes beyond the end.
  const lengths = joined(numberBytes(1n), numberBytes(2n), numberBytes(32n));
  const third = '3b01b01ac41f2d6e917c6d6a221ce793802469026d9ab7578fa2e79e4da6aaab';
  expect(answer(MODEXP, joined(lengths, bytesOf('03ffff80')))).toBe(third);
  expect(
    answer(MODEXP, joined(lengths, bytesOf('03ffff8000000000000000000000000000000000000000000000000000000000000000'))),
  ).toBe(third);
  expect(answer(MODEXP, joined(lengths, bytesOf('03ffff80', '00'.repeat(31), '07')))).toBe(third);
});

test('nothing in, nothing out', () => {
  expect(answer(MODEXP, new Uint8Array(0))).toBe('');
  expect(answer(MODEXP, new Uint8Array(96))).toBe('');
  expect(answer(MODEXP, input(bytesOf('05'), bytesOf('05'), bytesOf('')))).toBe('');
  // A modulus that lies beyond the input is zero, however long base and exponent say to be.
  const lengths = joined(numberBytes(2n ** 40n), numberBytes(2n ** 40n), numberBytes(3n));
  expect(answer(MODEXP, joined(lengths, bytesOf('0203')))).toBe('000000');
});

test('moduli 0, 1, 2, even ones and powers of two; exponents and bases 0 and 1', () => {
  const values = [
    '',
    '00',
    '01',
    '02',
    '03',
    '0000',
    '0001',
    '0100',
    '8000',
    '00ff',
    'fffe',
    '000000000001',
    'ffffffffff',
  ];
  for (const base of values) {
    for (const exponent of values) {
      for (const modulus of values) {
        const parts = [bytesOf(base), bytesOf(exponent), bytesOf(modulus)] as const;
        expect(answer(MODEXP, input(...parts)), `${base} ^ ${exponent} mod ${modulus}`).toBe(expected(...parts));
      }
    }
  }
});

test(
  'random inputs of all sizes',
  () => {
    const inputs = new Inputs('modexp');
    const any = (longest: number) => {
      const bytes = inputs.bytes(inputs.below(inputs.pick([2, 9, 33, 65, longest])));
      // Zeros at either end: small numbers, and factors of two.
      if (inputs.chance(0.2)) bytes.fill(0, 0, inputs.below(bytes.length + 1));
      if (inputs.chance(0.2)) bytes.fill(0, inputs.below(bytes.length + 1));
      if (inputs.chance(0.1)) bytes.fill(0xff, inputs.below(bytes.length + 1));
      return bytes;
    };
    for (let index = 0; index < count('precompiles-modexp', { ci: 2_000, long: 100_000 }); index++) {
      const parts = [any(200), any(130), any(200)] as const;
      expect(answer(MODEXP, input(...parts))).toBe(expected(...parts));
      // Cut anywhere, the input goes on with zeros.
      const bytes = input(...parts);
      const kept = inputs.below(bytes.length + 1);
      const zeros = bytes.slice().fill(0, kept);
      const lengthsAreWhole = kept >= 96;
      if (lengthsAreWhole) expect(answer(MODEXP, bytes.subarray(0, kept))).toBe(answer(MODEXP, zeros));
    }
  },
  patience,
);
