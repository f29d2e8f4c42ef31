// EXP, whose price depends on its operand.

import * as u256 from "../../../base/u256";
import { expByteGas } from "../rules/fork-rules";
import { Exit } from "../memory/exits";
import { charge } from "../memory/gas";
import { Temporary, temporary } from "../memory/workspace";

/** The word at `exponent` becomes the power; for each of its bytes there is a price. */
export function power(base: u32, exponent: u32): u32 {
  if (!charge(expByteGas * i64((263 - u256.leadingZeros(exponent)) >> 3))) return Exit.HALTED;
  u256.power(exponent, base, exponent, temporary + Temporary.SQUARE);
  return Exit.NONE;
}
