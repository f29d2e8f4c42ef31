// MODEXP (EIP-198) on BigInt, for moduli beyond 1024 bytes: shorter ones are the core's. The engine's own multiplication and
// division beat Barrett's and Montgomery's ways in script.
import { empty, toBytes, toNumber } from './precompile-input.ts';

/** {lengths of base, exponent and modulus as words, base, exponent, modulus}; the core has charged for the lengths. */
export function modexp(input: Uint8Array): Uint8Array {
  const [baseLength, exponentLength, modulusLength] = [0, 32, 64].map((at) => Number(numberAt(input, at, 32))) as [
    number,
    number,
    number,
  ];
  if (modulusLength === 0) return empty;
  const exponentAt = 96 + baseLength;
  const modulus = numberAt(input, exponentAt + exponentLength, modulusLength);
  if (modulus <= 1n) return new Uint8Array(modulusLength);
  const base = numberAt(input, 96, baseLength) % modulus;
  // All of the exponent is there, or the modulus beyond it were zero.
  const exponent = input.subarray(exponentAt, exponentAt + exponentLength);
  return toBytes(power(base, exponent, modulus), modulusLength);
}

/** The number of `length` bytes at `start`; the input goes on with zeros. */
function numberAt(input: Uint8Array, start: number, length: number): bigint {
  const bytes = input.subarray(start, start + length);
  const number = toNumber(bytes);
  return number === 0n ? 0n : number << (8n * BigInt(length - bytes.length));
}

/** base^exponent mod modulus, for base < modulus and 1 < modulus. Sliding windows from the left. */
function power(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  let first = 0;
  while (first < exponent.length && exponent[first] === 0) first++;
  const bits = (exponent.length - first) * 8;
  if (bits === 0) return 1n;
  if (base <= 1n) return base;
  // Powers of two need no division.
  const width = modulus.toString(2).length - 1;
  const reduce = modulus === 1n << BigInt(width) ? (x: bigint) => BigInt.asUintN(width, x) : (x: bigint) => x % modulus;

  const window = bits <= 32 ? 1 : bits <= 160 ? 3 : bits <= 768 ? 4 : 5;
  const square = window === 1 ? base : reduce(base * base);
  const odd = [base];
  for (let index = 1; index < 1 << (window - 1); index++) odd.push(reduce(odd[index - 1]! * square));

  const bitAt = (at: number) => (exponent[first + (at >> 3)]! >> (7 - (at & 7))) & 1;
  let result = 1n;
  for (let at = 0; at < bits; ) {
    if (bitAt(at) === 0) {
      if (result !== 1n) result = reduce(result * result);
      at++;
      continue;
    }
    // The longest window that ends with a one.
    let end = Math.min(at + window, bits);
    while (bitAt(end - 1) === 0) end--;
    let value = 0;
    for (; at < end; at++) {
      value = value * 2 + bitAt(at);
      if (result !== 1n) result = reduce(result * result);
    }
    result = result === 1n ? odd[value >> 1]! : reduce(result * odd[value >> 1]!);
  }
  return result;
}
