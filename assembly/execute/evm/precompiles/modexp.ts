// MODEXP (EIP-198, 2565, 7823, 7883): its price, the length of its output, and the output.

import { LONGEST_MODULUS, powerModulo, powerScratch } from "../../../base/modular-power";
import { multiplyHigh } from "../../../base/u256";
import { exhaust } from "../memory/failure";
import { precompileMemory } from "../memory/workspace";
import {
  modexpCountsWords, modexpDivisor, modexpDoubles, modexpExponentByteFactor, modexpMaximumLength, modexpMinimumGas,
} from "../rules/fork-rules";

const UNPAYABLE: i64 = -1;
/** Bases and moduli beyond this are all the same: no gas that fits 63 bits can pay for them. */
const FAR: u64 = 1 << 40;
/** Outputs beyond this are all the same: no memory holds them. */
const LONGEST_OUTPUT: u64 = 1 << 31;
/** Beyond 2^63, by more than what doubles round off. */
const UNPAYABLE_ABOUT: f64 = 1e19;
/** Of an exponent whose length takes more than 128 bits. */
const VERY_LONG: f64 = 1e60;

export abstract class ModexpResult {
  static readonly DONE: u32 = 1;
  static readonly TOO_LONG: u32 = 2;
  static readonly EXHAUSTED: u32 = 3;
}

/** Byte `at` of the input, which zeros follow. */
// @ts-ignore: decorator
@inline
function byteAt(input: u32, length: u32, at: u64): u64 {
  return at < length ? u64(load<u8>(input + u32(at))) : 0;
}

/** The 64 bits at byte `at` of the input. */
function limbAt(input: u32, length: u32, at: u64): u64 {
  let value: u64 = 0;
  for (let offset: u64 = 0; offset < 8; offset++) value = (value << 8) | byteAt(input, length, at + offset);
  return value;
}

/** The length in word `index` of the input, at most `far`. */
function lengthAt(input: u32, length: u32, index: u32, far: u64): u64 {
  const at = u64(index) * 32;
  if ((limbAt(input, length, at) | limbAt(input, length, at + 8) | limbAt(input, length, at + 16)) != 0) return far;
  const value = limbAt(input, length, at + 24);
  return value < far ? value : far;
}

/** Bytes of the output; the call must have been paid for. */
export function modexpLength(input: u32, length: u32): u32 {
  return u32(lengthAt(input, length, 2, LONGEST_OUTPUT));
}

/**
 * The output, of modexpLength bytes, of a call that has been paid for. ModexpResult; longer moduli than the last fork
 * allows are the host's matter.
 */
export function modexp(out: u32, input: u32, length: u32): u32 {
  const outLength = modexpLength(input, length);
  const baseLength = lengthAt(input, length, 0, FAR);
  const exponentLength = lengthAt(input, length, 1, FAR);
  const modulusAt = 96 + baseLength + exponentLength;
  // What lies beyond the input is zero.
  if (modulusAt >= length) return zeros(out, outLength);
  let modulus = u32(modulusAt);
  let size = outLength;
  while (size != 0 && modulus < length && load<u8>(input + modulus) == 0) {
    modulus++;
    size--;
  }
  if (size == 0 || modulus == length) return zeros(out, outLength);
  if (size > LONGEST_MODULUS) return ModexpResult.TOO_LONG;
  const scratch = precompileMemory(powerScratch(size) + size);
  if (scratch == 0) {
    exhaust();
    return ModexpResult.EXHAUSTED;
  }
  // The modulus in whole, with the zeros that follow the input
  const whole = scratch + powerScratch(size);
  const given = length - modulus < size ? length - modulus : size;
  memory.copy(whole, input + modulus, given);
  memory.fill(whole + given, 0, size - given);
  if (size == 1 && load<u8>(whole) == 1) return zeros(out, outLength);
  memory.fill(out, 0, outLength - size);
  const base = input + 96;
  powerModulo(
    out + (outLength - size), base, u32(baseLength), base + u32(baseLength), u32(exponentLength), whole, size, scratch,
  );
  return ModexpResult.DONE;
}

function zeros(out: u32, length: u32): u32 {
  memory.fill(out, 0, length);
  return ModexpResult.DONE;
}

export function modexpGas(input: u32, length: u32): i64 {
  const baseLength = lengthAt(input, length, 0, FAR);
  const modulusLength = lengthAt(input, length, 2, FAR);
  const longest = baseLength > modulusLength ? baseLength : modulusLength;
  // The exponent costs a twentieth of a gas a bit, and nothing where nothing is multiplied: its length may be anything.
  const isVeryLong = (limbAt(input, length, 32) | limbAt(input, length, 40)) != 0;
  const exponentHigh = limbAt(input, length, 48);
  const exponentLow = limbAt(input, length, 56);
  const exponentLength = isVeryLong ? VERY_LONG : f64(exponentHigh) * 18446744073709551616.0 + f64(exponentLow);
  if (longest > u64(modexpMaximumLength)) return UNPAYABLE;
  if (lengthAt(input, length, 1, u64(i64.MAX_VALUE)) > u64(modexpMaximumLength)) return UNPAYABLE;
  if (longest == FAR) return UNPAYABLE;
  setComplexity(longest);
  if ((complexityHigh | complexityLow) == 0) return modexpMinimumGas;
  const isLong = exponentLength > 32;
  const bits = bitsShown(input, length, baseLength, isLong ? 32 : exponentLow);
  const least = max<u64>(bits, 1);
  const about = (isLong ? (exponentLength - 32) * f64(modexpExponentByteFactor) : 0.0) + f64(least);
  const complexity = f64(complexityHigh) * 18446744073709551616.0 + f64(complexityLow);
  if ((complexity * about) / f64(modexpDivisor) > UNPAYABLE_ABOUT) return UNPAYABLE;
  const price = isLong
    ? priceOf(exponentHigh - u64(exponentLow < 32), exponentLow - 32, bits)
    : priceOf(0, 0, least);
  if (price < 0) return UNPAYABLE;
  return price > modexpMinimumGas ? price : modexpMinimumGas;
}

// The multiplication's complexity, 128 bits.
let complexityHigh: u64 = 0;
let complexityLow: u64 = 0;

function setComplexity(longest: u64): void {
  if (modexpCountsWords) {
    const words = (longest + 7) / 8;
    complexityHigh = multiplyHigh(words, words);
    complexityLow = words * words;
    if (modexpDoubles) complexityLow = longest > 32 ? 2 * complexityLow : 16;
    return;
  }
  complexityHigh = multiplyHigh(longest, longest);
  complexityLow = longest * longest;
  if (longest <= 64) return;
  if (longest <= 1024) {
    complexityLow = complexityLow / 4 + 96 * longest - 3072;
    return;
  }
  const square = (complexityLow >> 4) | (complexityHigh << 60);
  complexityLow = square + (480 * longest - 199680);
  complexityHigh = (complexityHigh >> 4) + u64(complexityLow < square);
}

/**
 * Complexity times iterations, through the divisor: iterations are `bits`, and some more for each further byte of the
 * exponent; their number has 128 bits. Negative beyond 63 bits. The product must fit 128 bits.
 */
function priceOf(furtherHigh: u64, furtherLow: u64, bits: u64): i64 {
  const factor = u64(modexpExponentByteFactor);
  let high = multiplyHigh(furtherLow, factor) + furtherHigh * factor;
  let low = furtherLow * factor + bits;
  if (low < bits) high++;
  high = multiplyHigh(low, complexityLow) + high * complexityLow + low * complexityHigh;
  low *= complexityLow;
  // Digit by digit, of 32 bits.
  const divisor = u64(modexpDivisor);
  if (high / divisor != 0) return UNPAYABLE;
  const upper = ((high % divisor) << 32) | (low >> 32);
  const lower = ((upper % divisor) << 32) | (low & 0xffffffff);
  if (upper / divisor > 0x7fffffff) return UNPAYABLE;
  return i64(((upper / divisor) << 32) | (lower / divisor));
}

/** Bits of the exponent's first `shown` bytes below the highest that is set; 0 where none is. */
function bitsShown(input: u32, length: u32, baseLength: u64, shown: u64): u64 {
  for (let at: u64 = 0; at < shown; at++) {
    const byte = byteAt(input, length, 96 + baseLength + at);
    if (byte != 0) return (shown - at) * 8 - (clz(byte) - 56) - 1;
  }
  return 0;
}
