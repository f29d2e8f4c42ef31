// MODEXP (EIP-198, 2565, 7823, 7883): its price and the length of its output. The arithmetic is the host's.

import {
  modexpCountsWords, modexpDivisor, modexpDoubles, modexpExponentByteFactor, modexpMaximumLength, modexpMinimumGas,
} from "../rules/fork-rules";

const UNPAYABLE: i64 = -1;
/** Bases and moduli beyond this are all the same: nobody can pay for them. */
const FAR: u64 = 1 << 31;
/** Exponents likewise, but they cost a twentieth of a gas a bit: those of 2^32 bytes can be paid for. */
const FAR_EXPONENT: u64 = 1 << 55;

/** Byte `at` of the input, which zeros follow. */
// @ts-ignore: decorator
@inline
function byteAt(input: u32, length: u32, at: u64): u64 {
  return at < length ? u64(load<u8>(input + u32(at))) : 0;
}

/** The length in word `index` of the input, at most `far`. */
function lengthAt(input: u32, length: u32, index: u32, far: u64): u64 {
  let value: u64 = 0;
  for (let at: u64 = u64(index) * 32; at < u64(index) * 32 + 32; at++) {
    value = (value << 8) | byteAt(input, length, at);
    if (value > far) return far;
  }
  return value;
}

/** Bytes of the output; the call must have been paid for. */
export function modexpLength(input: u32, length: u32): u32 {
  return u32(lengthAt(input, length, 2, FAR));
}

export function modexpGas(input: u32, length: u32): i64 {
  const baseLength = lengthAt(input, length, 0, FAR);
  const exponentLength = lengthAt(input, length, 1, FAR_EXPONENT);
  const modulusLength = lengthAt(input, length, 2, FAR);
  const longest = baseLength > modulusLength ? baseLength : modulusLength;
  if (longest > u64(modexpMaximumLength) || exponentLength > u64(modexpMaximumLength)) return UNPAYABLE;
  const complexity = complexityOf(f64(longest));
  if (exponentLength == FAR_EXPONENT && longest != 0) return UNPAYABLE;
  let iterations = iterationsOf(input, length, baseLength, exponentLength);
  if (iterations < 1) iterations = 1;
  if (complexity * f64(iterations) > 4e18) return UNPAYABLE;
  // From here on everything is exact.
  const exact = (i64(complexity) * i64(iterations)) / modexpDivisor;
  return exact > modexpMinimumGas ? exact : modexpMinimumGas;
}

/** Below 2^53 exact, beyond unpayable. */
function complexityOf(longest: f64): f64 {
  if (modexpCountsWords) {
    const words = Math.floor((longest + 7) / 8);
    if (modexpDoubles) return longest > 32 ? 2 * words * words : 16;
    return words * words;
  }
  if (longest <= 64) return longest * longest;
  if (longest <= 1024) return Math.floor((longest * longest) / 4) + 96 * longest - 3072;
  return Math.floor((longest * longest) / 16) + 480 * longest - 199680;
}

/** The exponent's length in bits, as far as it shows in its first 32 bytes; further bytes count more each. */
function iterationsOf(input: u32, length: u32, baseLength: u64, exponentLength: u64): u64 {
  const shown = exponentLength < 32 ? exponentLength : 32;
  let bits: u64 = 0;
  for (let at: u64 = 0; at < shown; at++) {
    const byte = byteAt(input, length, 96 + baseLength + at);
    if (byte == 0) continue;
    bits = (shown - at) * 8 - (clz(byte) - 56) - 1;
    break;
  }
  return exponentLength > 32 ? (exponentLength - 32) * u64(modexpExponentByteFactor) + bits : bits;
}
