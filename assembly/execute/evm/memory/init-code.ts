// Init code that runs where it lies, in its creator's memory, on forks where nobody pays for its length: the bytes
// behind it that are zero meanwhile, and its jump map, which stays until the creator writes to that memory.

import { CODE_PADDING } from "../../../layout";
import { allocate } from "../../../base/arena";
import { NOTHING_KEPT, depth, frame } from "./context";
import { exhaust } from "./failure";
import { Frame, MAX_DEPTH } from "./workspace";

/** Of each depth: the map of the init code that a frame there ran last. */
abstract class Kept {
  /** All zero from bit MAPPED on. */
  static readonly MAP: u32 = 0;
  /** Bytes of the map, without slack. */
  static readonly CAPACITY: u32 = 4;
  /** Up to this byte of the code the map is made. */
  static readonly MAPPED: u32 = 8;
  static readonly SIZE: u32 = 16;
}

/** What an instruction at the code's end may add to MAPPED, in bytes of a map, in whole words. */
const MAP_SLACK: u32 = 16;

/** Bytes in front of a creation's memory: what the padding needs beyond its creator's memory, and what it hides. */
export const ROOM_BESIDE: u32 = 2 * CODE_PADDING;

let kept: u32 = 0;

/** Forgets the maps of an earlier block. */
export function forgetInitCodes(): void {
  kept = 0;
}

/**
 * A map for the `length` bytes at `offset` of the running frame's memory, which are about to run: the one they had when
 * code there ran last, if they are the same since. Into `opened`, with how far it is made. False: memory is exhausted.
 */
export function takeKeptMap(opened: u32, offset: u32, length: u32, size: u32): bool {
  if (kept == 0) {
    kept = allocate((MAX_DEPTH + 1) * Kept.SIZE);
    if (kept == 0) return exhaust();
    memory.fill(kept, 0, (MAX_DEPTH + 1) * Kept.SIZE);
  }
  const row = kept + depth * Kept.SIZE;
  const same = load<u32>(frame, Frame.KEPT) == offset;
  if (size > load<u32>(row, Kept.CAPACITY)) {
    // Maps that are given up are together no larger than this one; memory of their codes' sizes was paid for.
    const map = allocate(2 * size + MAP_SLACK);
    if (map == 0) return exhaust();
    memory.fill(map, 0, 2 * size + MAP_SLACK);
    store<u32>(row, map, Kept.MAP);
    store<u32>(row, 2 * size, Kept.CAPACITY);
    store<u32>(row, 0, Kept.MAPPED);
  } else if (!same) {
    const mapped = load<u32>(row, Kept.MAPPED);
    memory.fill(load<u32>(row, Kept.MAP), 0, (mapped + 7) >> 3);
    store<u32>(row, 0, Kept.MAPPED);
  }
  // Whatever its length was: where instructions begin depends on what is in front of them alone.
  const before: u32 = same ? load<u32>(frame, Frame.KEPT_LENGTH) : 0;
  store<u32>(frame, length == 0 ? NOTHING_KEPT : offset, Frame.KEPT);
  store<u32>(frame, length > before ? length : before, Frame.KEPT_LENGTH);
  store<u32>(opened, load<u32>(row, Kept.MAP), Frame.JUMP_MAP);
  store<u32>(opened, load<u32>(row, Kept.MAPPED), Frame.MAPPED);
  return true;
}

/** The running frame's map is made up to byte `mapped`. */
export function noteMapped(mapped: u32): void {
  store<u32>(frame, mapped, Frame.MAPPED);
  if (load<u32>(frame, Frame.HIDDEN) != 0) store<u32>(kept + (depth - 1) * Kept.SIZE, mapped, Kept.MAPPED);
}

/** Puts zeros behind the code that ends at `end`, in a memory nobody uses while it runs; `room`: ROOM_BESIDE bytes. */
export function hideBehind(opened: u32, end: u32, room: u32): void {
  // The first half of the room may be where the zeros go.
  const hidden = room + CODE_PADDING;
  memory.copy(hidden, end, CODE_PADDING);
  memory.fill(end, 0, CODE_PADDING);
  store<u32>(opened, hidden, Frame.HIDDEN);
}

/** Brings back what lay behind the code of `callee`, which has ended. An attempt that is given up needs it no more. */
export function bringBack(callee: u32): void {
  const hidden = load<u32>(callee, Frame.HIDDEN);
  if (hidden == 0) return;
  memory.copy(load<u32>(callee, Frame.CODE) + load<u32>(callee, Frame.CODE_LENGTH), hidden, CODE_PADDING);
}
