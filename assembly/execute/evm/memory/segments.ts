// Room for the frames' stacks and memories. Both lie in segments: a frame's part begins where its caller's ends, only
// the topmost frame grows, and what does not fit moves to the next segment. Nothing is ever copied but a growing
// memory.

import { CODE_PADDING, STACK_SIZE } from "../../../layout";
import { allocate } from "../../../base/arena";
import { Frame } from "./workspace";

const STACK_SEGMENT: u32 = 8 * STACK_SIZE;
const MEMORY_SEGMENT: u32 = 256 * 1024;
/** Segments for less than this get twice what is needed. */
const DOUBLED: u32 = 1 << 29;

/** A segment's record: next, start, end; behind it is room for what is read behind code that ends there. */
abstract class Segment {
  static readonly NEXT: u32 = 0;
  static readonly START: u32 = 4;
  static readonly END: u32 = 8;
  static readonly SIZE: u32 = 16;
}

let firstStack: u32 = 0;
let firstMemory: u32 = 0;

/** Takes the first segments; false when memory is exhausted. */
export function takeSegments(): bool {
  firstStack = create(STACK_SEGMENT);
  firstMemory = create(MEMORY_SEGMENT);
  return firstStack != 0 && firstMemory != 0;
}

function create(size: u32): u32 {
  const record = allocate(Segment.SIZE);
  const start = allocate(size + 32 + CODE_PADDING);
  if (record == 0 || start == 0) return 0;
  store<u32>(record, 0, Segment.NEXT);
  store<u32>(record, (start + 31) & ~31, Segment.START);
  store<u32>(record, start + size + 32, Segment.END);
  return record;
}

/**
 * The next segment, at least `size` bytes; 0 when memory is exhausted. Smaller ones on the way are given up: a new one
 * has twice the size of what they could not hold, so that all together they are no larger than it.
 */
function following(segment: u32, size: u32, usual: u32): u32 {
  const after = load<u32>(segment, Segment.NEXT);
  let next = after;
  while (next != 0) {
    if (load<u32>(next, Segment.END) - load<u32>(next, Segment.START) >= size) break;
    next = load<u32>(next, Segment.NEXT);
  }
  if (next == 0) {
    // Far beyond any memory, twice would not fit 32 bits.
    if (size > usual && size < DOUBLED) next = create(size * 2);
    if (next == 0) next = create(size > usual ? size : usual);
    if (next == 0) return 0;
    // Deeper frames may have use for what was too small here.
    store<u32>(next, after, Segment.NEXT);
  }
  store<u32>(segment, next, Segment.NEXT);
  return next;
}

/** Gives `frame` a stack above that of `below` (0: the first frame), whose stack pointer is saved. False: exhausted. */
export function placeStack(frame: u32, below: u32): bool {
  let segment = firstStack;
  let start = load<u32>(segment, Segment.START);
  if (below != 0) {
    segment = load<u32>(below, Frame.STACK_SEGMENT);
    start = load<u32>(below, Frame.STACK);
    if (start + STACK_SIZE > load<u32>(segment, Segment.END)) {
      segment = following(segment, STACK_SIZE, STACK_SEGMENT);
      if (segment == 0) return false;
      start = load<u32>(segment, Segment.START);
    }
  }
  store<u32>(frame, segment, Frame.STACK_SEGMENT);
  store<u32>(frame, start, Frame.STACK_BASE);
  store<u32>(frame, start, Frame.STACK);
  return true;
}

/**
 * Gives `frame` an empty memory above that of `below` (0: the first frame), with `reserved` bytes in front of it (code
 * that is about to run). Returns the address of the reserved bytes; 0 when memory is exhausted.
 */
export function placeMemory(frame: u32, below: u32, reserved: u32): u32 {
  let segment = firstMemory;
  let start = load<u32>(segment, Segment.START);
  if (below != 0) {
    segment = load<u32>(below, Frame.MEMORY_SEGMENT);
    start = load<u32>(below, Frame.MEMORY) + load<u32>(below, Frame.MEMORY_SIZE);
  }
  reserved = (reserved + 31) & ~31;
  if (reserved > load<u32>(segment, Segment.END) - start) {
    segment = following(segment, reserved, MEMORY_SEGMENT);
    if (segment == 0) return 0;
    start = load<u32>(segment, Segment.START);
  }
  store<u32>(frame, segment, Frame.MEMORY_SEGMENT);
  store<u32>(frame, start + reserved, Frame.MEMORY);
  store<u32>(frame, 0, Frame.MEMORY_SIZE);
  return start;
}

/** Enlarges the topmost frame's memory to `size` bytes, zeroed; it may move. False when memory is exhausted. */
export function growMemory(frame: u32, size: u32): bool {
  const start = load<u32>(frame, Frame.MEMORY);
  const used = load<u32>(frame, Frame.MEMORY_SIZE);
  const segment = load<u32>(frame, Frame.MEMORY_SEGMENT);
  store<u32>(frame, size, Frame.MEMORY_SIZE);
  if (size <= load<u32>(segment, Segment.END) - start) {
    memory.fill(start + used, 0, size - used);
    return true;
  }
  // A new one has room for twice the need: a memory that grows word by word moves seldom.
  const next = following(segment, size, MEMORY_SEGMENT);
  if (next == 0) return false;
  const moved = load<u32>(next, Segment.START);
  memory.copy(moved, start, used);
  memory.fill(moved + used, 0, size - used);
  store<u32>(frame, next, Frame.MEMORY_SEGMENT);
  store<u32>(frame, moved, Frame.MEMORY);
  return true;
}
