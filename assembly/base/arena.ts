// Bump allocation: every worker carves its own chunk out of one shared arena, so that allocation needs no agreement.
// Nothing is ever given back inside a block; a new block starts the arena again.

import { CONTROL_BASE, Control } from "../layout";
import * as shared from "./shared";

// Per instance, not per memory: the chunk of the worker that runs this instance.
let cursor: u32 = 0;
let limit: u32 = 0;

/** Forgets the chunk of an earlier block. Called by each worker when it joins a block. */
export function resetArena(): void {
  cursor = 0;
  limit = 0;
}

/**
 * Takes `size` bytes, 8-byte aligned, not cleared; 0 when the memory is exhausted. Any worker may call it.
 * Progress: lock-free; the shared counter is touched once per chunk.
 */
export function allocate(size: u32): u32 {
  size = (size + 7) & ~7;
  let start = cursor;
  if (start + size <= limit) {
    cursor = start + size;
    return start;
  }
  const chunk = load<u32>(CONTROL_BASE, Control.CHUNK);
  const wanted: u32 = size > chunk ? size : chunk;
  start = take(wanted);
  // Less than a chunk may be left: then just what is asked for.
  if (start == 0) return wanted > size ? take(size) : 0;
  if (wanted == size) return start;
  cursor = start + size;
  limit = start + wanted;
  return start;
}

function take(size: u32): u32 {
  const end = load<u32>(CONTROL_BASE, Control.MEMORY_END);
  // Look before adding: after exhaustion the counter must not run away and wrap.
  const next = shared.read(CONTROL_BASE, Control.ARENA_NEXT);
  if (next > end || size > end - next) return 0;
  const start = shared.add(CONTROL_BASE, Control.ARENA_NEXT, size);
  return start <= end && size <= end - start ? start : 0;
}
