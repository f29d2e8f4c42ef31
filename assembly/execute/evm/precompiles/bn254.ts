// Addition and multiplication on bn254 (EIP-196).

import { BN254_SCRATCH, addPoints, multiplyPoint } from "../../../base/bn254";
import { exhaust } from "../memory/failure";
import { precompileMemory } from "../memory/workspace";
import { Precompile } from "../rules/precompile-numbers";
import { PrecompileResult } from "./result";

/** Two points. */
const LONGEST: u32 = 128;

/** The point that precompile `id` answers, 64 bytes at `out`; zeros follow the input. PrecompileResult. */
export function bn254(id: u32, out: u32, input: u32, length: u32): u32 {
  const bytes = precompileMemory(LONGEST + BN254_SCRATCH);
  if (bytes == 0) {
    exhaust();
    return PrecompileResult.EXHAUSTED;
  }
  const given: u32 = length < LONGEST ? length : LONGEST;
  memory.fill(bytes, 0, LONGEST);
  if (given != 0) memory.copy(bytes, input, given);
  const isValid = id == Precompile.BN254_ADD
    ? addPoints(out, bytes, bytes + 64, bytes + LONGEST)
    : multiplyPoint(out, bytes, bytes + 64, bytes + LONGEST);
  return isValid ? PrecompileResult.DONE : PrecompileResult.FAILED;
}
