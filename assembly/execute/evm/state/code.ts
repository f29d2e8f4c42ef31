// Code that runs: its bytes (padded where they are stored) and the map of its jump destinations, made once per code
// hash and shared by all workers; that of init code is made as far as somebody jumps, since nobody pays for its length.

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
  memory.fill(map, 0, jumpMapSize(length));
  analyse(record + BaseValue.CODE_BYTES, 0, length, map);
  shared.swapIf(record, BaseValue.JUMP_MAP, 0, map);
  return map;
}

/**
 * Adds to `map`, which is zero from there on, the jump destinations of code from byte `at` on, where an instruction
 * begins, up to byte `end`: the byte behind it where the next instruction begins.
 */
export function analyse(code: u32, at: u32, end: u32, map: u32): u32 {
  const destination = i8x16.splat(i8(Op.JUMPDEST));
  const first = i8x16.splat(i8(Op.PUSH1));
  const count = i8x16.splat(i8(Op.PUSH32 - Op.PUSH1 + 1));
  while (at + 16 <= end) {
    const bytes = v128.load(code + at);
    if (!v128.any_true(i8x16.lt_u(i8x16.sub(bytes, first), count))) {
      const destinations = u32(i8x16.bitmask(i8x16.eq(bytes, destination)));
      if (destinations != 0) mark(map, at, destinations);
      at += 16;
      continue;
    }
    // Where there is one instruction with data there are more.
    at = analyseSlowly(code, at, at + STRETCH < end ? at + STRETCH : end, map);
  }
  return analyseSlowly(code, at, end, map);
}

/** Bytes that are looked at one instruction at a time, before the next 16 at once. */
const STRETCH: u32 = 64;

/** As `analyse`, one instruction at a time. */
function analyseSlowly(code: u32, at: u32, end: u32, map: u32): u32 {
  while (at < end) {
    const opcode = u32(load<u8>(code + at));
    if (opcode == Op.PUSH1) {
      // By far the most frequent: where the next instruction is does not wait for this one.
      at += 2;
    } else if (opcode == Op.JUMPDEST) {
      const place = map + (at >> 3);
      store<u8>(place, load<u8>(place) | (1 << u8(at & 7)));
      at++;
    } else if (opcode - Op.PUSH1 <= Op.PUSH32 - Op.PUSH1) {
      at += opcode - Op.PUSH1 + 2;
    } else {
      at++;
    }
  }
  return at;
}

/** Sets 16 bits of a map, beginning with the one of byte `at`; nothing behind the last of them is touched. */
// @ts-ignore: decorator
@inline
function mark(map: u32, at: u32, bits: u32): void {
  const place = map + (at >> 3);
  bits <<= at & 7;
  store<u16>(place, load<u16>(place) | u16(bits));
  if (bits > 0xffff) store<u8>(place, load<u8>(place, 2) | u8(bits >> 16), 2);
}

/** Copies `length` bytes of code to `to` with its padding; behind it is room for its jump map, which is empty. */
export function layOut(to: u32, code: u32, length: u32): void {
  memory.copy(to, code, length);
  memory.fill(to + length, 0, CODE_PADDING);
  memory.fill(mapBehind(to, length), 0, jumpMapSize(length));
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
