// Jumps to where the running code's map of destinations allows none, or not yet: that of init code grows as far as
// somebody jumps.

import { EvmHalt } from "../../../layout";
import { frame } from "../memory/context";
import { Exit } from "../memory/exits";
import { noteMapped } from "../memory/init-code";
import { Frame } from "../memory/workspace";
import { analyse } from "../state/code";
import { haltFor } from "./halts";

/** Bytes of init code that are mapped at once. */
const MAPPED_AT_ONCE: u32 = 1024;

/** Whether a map lets code be entered at a byte. */
// @ts-ignore: decorator
@inline
export function isMarked(map: u32, byte: u32): bool {
  return ((load<u8>(map + (byte >> 3)) >> u8(byte & 7)) & 1) != 0;
}

/**
 * Leaves the interpreter at a jump to `byte`, which the map does not allow: for good, or to come back behind the jump
 * when more of the code is mapped. Asked in the interpreter's loop, that made programs 1.4 % slower.
 */
export function jumpBeyond(byte: u32, top: u32, gas: i64): u32 {
  if (!mapJumps(byte) || !isMarked(load<u32>(frame, Frame.JUMP_MAP), byte)) return haltFor(EvmHalt.INVALID_JUMP);
  store<u32>(frame, load<u32>(frame, Frame.CODE) + byte, Frame.PC);
  store<u32>(frame, top, Frame.STACK);
  store<i64>(frame, gas, Frame.GAS);
  return Exit.ENTERED;
}

/** Maps the running frame's code, if it is init code, up to behind `byte`. False: it is mapped there already. */
function mapJumps(byte: u32): bool {
  const mapped = load<u32>(frame, Frame.MAPPED);
  const length = load<u32>(frame, Frame.CODE_LENGTH);
  if (byte < mapped || byte == length) return false;
  const end = length - byte > MAPPED_AT_ONCE ? byte + MAPPED_AT_ONCE : length;
  noteMapped(analyse(load<u32>(frame, Frame.CODE), mapped, end, load<u32>(frame, Frame.JUMP_MAP)));
  return true;
}
