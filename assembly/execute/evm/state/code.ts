// Code that runs: its bytes (padded where they are stored) and the map of its jump destinations, made once per code
// hash and shared by all workers; code of creations is analysed where it lies.

import { BaseValue, CODE_PADDING } from "../../../layout";
import * as shared from "../../../base/shared";
import { copyForBlock, roomForMap } from "../../../store/code-store";
import { Op } from "../rules/opcodes";

/** Bytes of a jump map: one bit per byte of code, in whole words. */
// @ts-ignore: decorator
@inline
export function jumpMapSize(length: u32): u32 {
  return ((length + 63) >> 6) << 3;
}

/**
 * The jump map of stored code (a BaseValue record); 0 when memory is exhausted. Any worker may call it.
 * Linearises: at the swap. Two workers may both analyse; both maps are the same, and one is kept.
 */
export function jumpMapOf(record: u32): u32 {
  const known = shared.read(record, BaseValue.JUMP_MAP);
  if (known != 0) return known;
  const length = load<u32>(record, BaseValue.CODE_LENGTH);
  const size = jumpMapSize(length) + 8;
  const map = roomForMap(record, size);
  if (map == 0) {
    // The code store is full: the map belongs to a copy, for this block.
    const copy = copyForBlock(record);
    return copy == 0 ? 0 : jumpMapOf(copy);
  }
  analyse(record + BaseValue.CODE_BYTES, length, map);
  shared.swapIf(record, BaseValue.JUMP_MAP, 0, map);
  return map;
}

/** Writes the jump map of `length` bytes of code to `map`. */
export function analyse(code: u32, length: u32, map: u32): void {
  memory.fill(map, 0, jumpMapSize(length));
  const end = code + length;
  for (let at = code; at < end; at++) {
    const opcode = u32(load<u8>(at));
    if (opcode == Op.JUMPDEST) {
      const place = map + ((at - code) >> 3);
      store<u8>(place, load<u8>(place) | (1 << u8((at - code) & 7)));
    } else if (opcode - Op.PUSH1 <= Op.PUSH32 - Op.PUSH1) {
      at += opcode - Op.PUSH1 + 1;
    }
  }
}

/** Copies `length` bytes of code to `to` with its padding, and its jump map behind: see `laidOutSize`. */
export function layOut(to: u32, code: u32, length: u32): void {
  memory.copy(to, code, length);
  memory.fill(to + length, 0, CODE_PADDING);
  analyse(to, length, mapBehind(to, length));
}

export function laidOutSize(length: u32): u32 {
  return mapBehind(0, length) + jumpMapSize(length);
}

/** Where the jump map of code that lies at `code` is. */
// @ts-ignore: decorator
@inline
export function mapBehind(code: u32, length: u32): u32 {
  return (code + length + CODE_PADDING + 7) & ~7;
}

const DELEGATION_LENGTH: u32 = 23;

/** Address of the 20 bytes that a delegation (EIP-7702) names; 0 when the code is none. */
export function delegationIn(record: u32): u32 {
  if (load<u32>(record, BaseValue.CODE_LENGTH) != DELEGATION_LENGTH) return 0;
  const code = record + BaseValue.CODE_BYTES;
  return load<u16>(code) == 0x01ef && load<u8>(code, 2) == 0 ? code + 3 : 0;
}
