// DUPN, SWAPN and EXCHANGE (EIP-8024): what the byte behind the opcode says. Bytes that could be a JUMPDEST or a PUSH
// say nothing, so that code is analysed as ever; beyond the end of the code lies 0.

import { EvmHalt } from "../../../layout";
import { haltFor } from "./halts";

/** How deep DUPN and SWAPN reach, 17 to 235; 0: the byte at `at` is no immediate. */
export function singleDepth(at: u32): u32 {
  const byte = u32(load<u8>(at));
  return byte - 91 <= 127 - 91 ? 0 : (byte + 145) & 255;
}

/** What EXCHANGE exchanges, counted from the word below the top: n | m << 8 with n < m; 0: the byte is no immediate. */
export function pairDepths(at: u32): u32 {
  const byte = u32(load<u8>(at));
  if (byte - 82 <= 127 - 82) return 0;
  const mixed = byte ^ 143;
  const high = mixed >> 4;
  const low = mixed & 15;
  return high < low ? (high + 1) | ((low + 1) << 8) : (low + 1) | ((29 - high) << 8);
}

/** Halts for an immediate that is none, or that reaches too deep. */
export function haltDeep(depth: u32): u32 {
  return haltFor(depth == 0 ? EvmHalt.INVALID_OPCODE : EvmHalt.STACK_UNDERFLOW);
}
