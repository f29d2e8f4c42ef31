// The transaction and the block that run, and the running frame: its memory, its output, its callee's output. Per
// instance.

import { allocate } from "../../../base/arena";
import { exhaust } from "./failure";
import { Frame, FrameFlag, frames } from "./workspace";

// The block and the transaction
export let block: u32 = 0;
export let transaction: u32 = 0;
/** 20 bytes: who has sent the transaction. */
export let origin: u32 = 0;
/** 32 bytes: what a unit of gas costs the sender. */
export let gasPrice: u32 = 0;

export function setTransactionContext(blockRecord: u32, transactionRecord: u32): void {
  block = blockRecord;
  transaction = transactionRecord;
}

export function setOrigin(sender: u32): void {
  origin = sender;
}

// The running frame
export let frame: u32 = 0;
export let depth: u32 = 0;
export let memoryStart: u32 = 0;
export let memorySize: u32 = 0;
/** Up to here memory may be written without `noteWrite`. */
export let memoryWritable: u32 = 0;
/** What the running frame's last callee returned. */
export let returned: u32 = 0;
export let returnedLength: u32 = 0;
let returnedCapacity: u32 = 0;

/** Of `Frame.KEPT`. */
export const NOTHING_KEPT: u32 = 0xffffffff;

/** Where a frame that ended left its output. */
export let output: u32 = 0;
export let outputLength: u32 = 0;

/** Takes memory; false when there is none. */
export function takeContext(): bool {
  returned = 0;
  returnedCapacity = 0;
  gasPrice = allocate(32);
  return gasPrice != 0;
}

/** Makes frame number `number` the running one. */
export function enterFrame(number: u32): void {
  depth = number;
  frame = frames + number * Frame.SIZE;
  useMemory();
}

/** Whether the running frame may change nothing (EIP-214). */
// @ts-ignore: decorator
@inline
export function isStatic(): bool {
  return (load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC) != 0;
}

/** Notes where the running frame's memory lies, which has grown or moved. */
// @ts-ignore: decorator
@inline
export function useMemory(): void {
  memoryStart = load<u32>(frame, Frame.MEMORY);
  memorySize = load<u32>(frame, Frame.MEMORY_SIZE);
  const kept = load<u32>(frame, Frame.KEPT);
  memoryWritable = kept < memorySize ? kept : memorySize;
}

/** `length` bytes at `offset` of the running frame's memory are about to change. */
export function noteWrite(offset: u32, length: u32): void {
  if (length == 0 || offset + length <= memoryWritable) return;
  const kept = load<u32>(frame, Frame.KEPT);
  if (kept == NOTHING_KEPT || offset >= kept + load<u32>(frame, Frame.KEPT_LENGTH)) return;
  store<u32>(frame, NOTHING_KEPT, Frame.KEPT);
  useMemory();
}

export function setOutput(start: u32, length: u32): void {
  output = start;
  outputLength = length;
}

/** Makes room for `length` bytes of return data, whose content is the caller's matter; false when exhausted. */
export function makeReturned(length: u32): bool {
  if (length > returnedCapacity) {
    // Twice the need would not fit 32 bits where the need is more than there can be.
    const capacity: u32 = length >= 1 << 30 ? length : length * 2 > 4096 ? length * 2 : 4096;
    returned = allocate(capacity + 32);
    if (returned == 0) {
      returnedCapacity = 0;
      return exhaust();
    }
    returnedCapacity = capacity;
  }
  returnedLength = length;
  return true;
}

/** Copies what a callee returned before its memory is used for something else; false when exhausted. */
export function keepReturned(start: u32, length: u32): bool {
  if (!makeReturned(length)) return false;
  if (length != 0) memory.copy(returned, start, length);
  return true;
}

/** Sets the length of return data that fills less than the room made. */
export function trimReturned(length: u32): void {
  returnedLength = length;
}

/** Copies return data to where the running frame wanted that of `callee`, which has ended. */
export function copyReturned(callee: u32): void {
  const wanted = load<u32>(callee, Frame.OUTPUT_LENGTH);
  const copied = returnedLength < wanted ? returnedLength : wanted;
  noteWrite(load<u32>(callee, Frame.OUTPUT), copied);
  if (copied != 0) memory.copy(memoryStart + load<u32>(callee, Frame.OUTPUT), returned, copied);
}
