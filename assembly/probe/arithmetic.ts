// Entry of a test module of its own: the arithmetic of base/, applied to arrays of operands so that a call is cheap.

import {
  DIVISION_SCRATCH, addModulo, divide, divideSigned, modulo, moduloSigned, multiplyModulo, resetDivision,
} from "../base/u256-division";
import { BN254_SCRATCH, addPoints, multiplyPoint } from "../base/bn254";
import { KECCAK_SCRATCH } from "../layout";
import { keccak256, resetKeccak } from "../base/keccak256";
import { FIELD_MODULUS, INVERSION_SCRATCH, ORDER_MODULUS, invertModulo } from "../base/modular-inverse";
import { powerModulo, powerScratch } from "../base/modular-power";
import { RECOVERY_SCRATCH, recoverPublicKey, resetRecovery } from "../base/secp256k1";
import * as u256 from "../base/u256";

/** Bytes of scratch memory that `prepare` takes. */
export function scratchSize(): u32 {
  return DIVISION_SCRATCH + KECCAK_SCRATCH + RECOVERY_SCRATCH + 32 + INVERSION_SCRATCH;
}

let square: u32 = 0;

export function prepare(memory: u32): void {
  resetDivision(memory);
  resetKeccak(memory + DIVISION_SCRATCH);
  resetRecovery(memory + DIVISION_SCRATCH + KECCAK_SCRATCH);
  square = memory + DIVISION_SCRATCH + KECCAK_SCRATCH + RECOVERY_SCRATCH;
}

/** Bytes of scratch memory that `addPoints` and `multiplyPoint` take, aligned to 16. */
export function bn254Scratch(): u32 {
  return BN254_SCRATCH;
}

export { addPoints, multiplyPoint };
export { keccak256, powerModulo, powerScratch, recoverPublicKey };

/** out = the word's inverse modulo the order of secp256k1, or modulo its field's prime. */
export function invert(out: u32, word: u32, moduloOrder: bool): void {
  invertModulo(out, word, u32(moduloOrder ? ORDER_MODULUS : FIELD_MODULUS), square + 32);
}

/** Applies operation `operation` to `count` triples of words; result n overwrites the first word of triple n. */
export function apply(operation: u32, words: u32, count: u32): void {
  const end = words + count * 96;
  for (let a = words; a < end; a += 96) applyOne(operation, a, a, a + 32, a + 64);
}

/** Applies an operation `count` times to the same operands, for measurements. */
export function repeat(operation: u32, out: u32, a: u32, count: u32): void {
  for (let round: u32 = 0; round < count; round++) applyOne(operation, out, a, a + 32, a + 64);
}

export function repeatHash(out: u32, input: u32, length: u32, count: u32): void {
  for (let round: u32 = 0; round < count; round++) keccak256(out, input, length);
}

function applyOne(operation: u32, out: u32, a: u32, b: u32, c: u32): void {
  switch (operation) {
    case 0: u256.add(out, a, b); break;
    case 1: u256.subtract(out, a, b); break;
    case 2: u256.multiply(out, a, b); break;
    case 3: divide(out, a, b); break;
    case 4: modulo(out, a, b); break;
    case 5: divideSigned(out, a, b); break;
    case 6: moduloSigned(out, a, b); break;
    case 7: addModulo(out, a, b, c); break;
    case 8: multiplyModulo(out, a, b, c); break;
    case 9: u256.power(out, a, b, square); break;
    case 10: u256.shiftLeft(out, a, b); break;
    case 11: u256.shiftRight(out, a, b); break;
    case 12: u256.shiftRightSigned(out, a, b); break;
    case 13: u256.set(out, u64(u256.less(a, b))); break;
    case 14: u256.set(out, u64(u256.lessSigned(a, b))); break;
    case 15: u256.set(out, u64(u256.equal(a, b))); break;
    case 16: u256.byteAt(out, a, b); break;
    case 17: u256.signExtend(out, a, b); break;
    case 18: u256.set(out, u256.leadingZeros(a)); break;
    case 19: u256.and(out, a, b); break;
    case 20: u256.or(out, a, b); break;
    case 21: u256.xor(out, a, b); break;
    case 22: u256.not(out, a); break;
    case 23: u256.loadBigEndian(out, a); break;
    case 24: u256.storeBigEndian(out, a); break;
    case 25: u256.negate(out, a); break;
    case 26: u256.set(out, u64(u256.addWithCarry(c, a, b))); break;
    case 27: u256.set(out, u64(u256.isZero(a))); break;
    case 28: u256.set(out, u256.clamped(a, 1 << 40)); break;
    case 29:
      u256.storeAddress(square, a);
      u256.loadAddress(out, square);
      break;
  }
}
