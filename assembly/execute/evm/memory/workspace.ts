// The EVM's private memory of one worker: fixed parts in one piece, and buffers that grow. Taken when the worker meets
// the first transaction of a block that needs it, so that blocks without contracts cost nothing.

import { KECCAK_SCRATCH } from "../../../layout";
import { allocate } from "../../../base/arena";
import { resetKeccak } from "../../../base/keccak256";
import { RECOVERY_SCRATCH, resetRecovery } from "../../../base/secp256k1";
import { DIVISION_SCRATCH, resetDivision } from "../../../base/u256-division";

/** Deepest call: the frames of a transaction are numbered from 0. */
export const MAX_DEPTH: u32 = 1024;

/**
 * One frame of execution. The running one keeps program counter, stack pointer and gas in locals of the interpreter.
 */
export abstract class Frame {
  /** Address of the next instruction. */
  static readonly PC: u32 = 0;
  /** One past the stack's top. */
  static readonly STACK: u32 = 4;
  static readonly STACK_BASE: u32 = 8;
  static readonly STACK_SEGMENT: u32 = 12;
  static readonly GAS: u32 = 16;
  static readonly CODE: u32 = 24;
  static readonly CODE_LENGTH: u32 = 28;
  static readonly JUMP_MAP: u32 = 32;
  static readonly MEMORY: u32 = 36;
  /** Bytes in use, a multiple of 32. */
  static readonly MEMORY_SIZE: u32 = 40;
  static readonly MEMORY_SEGMENT: u32 = 44;
  /** From this byte of the code on the jump map is still empty; ALL_MAPPED: nowhere. */
  static readonly MAPPED: u32 = 48;
  /** FrameFlag */
  static readonly FLAGS: u32 = 52;
  /** Account record of ADDRESS: whose storage and balance it is. */
  static readonly ACCOUNT: u32 = 56;
  static readonly INPUT: u32 = 60;
  static readonly INPUT_LENGTH: u32 = 64;
  /** Where the caller wants the output, in its memory. */
  static readonly OUTPUT: u32 = 68;
  static readonly OUTPUT_LENGTH: u32 = 72;
  /** 20 bytes */
  static readonly CALLER: u32 = 76;
  static readonly VALUE: u32 = 96;
  /** Checkpoint */
  static readonly CHECKPOINT: u32 = 128;
  /** Gas that the frame has spent in place of state gas (state-gas.ts). */
  static readonly SPILLED: u32 = 168;
  /** Where init code in this memory begins whose jump map is kept (init-code.ts); NOTHING_KEPT: there is none. */
  static readonly KEPT: u32 = 176;
  static readonly KEPT_LENGTH: u32 = 180;
  /** What lay behind the code where it runs in its creator's memory; 0: it runs elsewhere. */
  static readonly HIDDEN: u32 = 184;
  static readonly SIZE: u32 = 192;
}

/** Of `Frame.MAPPED`: the whole code is mapped. */
export const ALL_MAPPED: u32 = 0xffffffff;

/** Where a frame began, in the journal and among the effects: what it takes back when it fails. */
export abstract class Checkpoint {
  static readonly UNDO: u32 = 0;
  static readonly LOGS: u32 = 4;
  static readonly LOG_COUNT: u32 = 8;
  static readonly TRANSFERS: u32 = 12;
  static readonly REFUND: u32 = 16;
  static readonly RESERVOIR: u32 = 24;
  static readonly STATE_GAS: u32 = 32;
  static readonly SIZE: u32 = 40;
}

export abstract class FrameFlag {
  static readonly STATIC: u32 = 1;
  static readonly CREATION: u32 = 2;
  /** The caller has paid for the account as one that is new. */
  static readonly NEW_ACCOUNT: u32 = 4;
}

/** Words of scratch for handlers, 32 bytes each. */
export abstract class Temporary {
  static readonly SQUARE: u32 = 0;
  static readonly HASH: u32 = 32;
  static readonly WORD: u32 = 64;
  static readonly OTHER: u32 = 96;
  static readonly ADDRESS: u32 = 128;
  static readonly KEY: u32 = 160;
  static readonly ONE: u32 = 192;
  static readonly ZERO: u32 = 224;
  /** for encodings and blocks of hash functions; the second half is ECRECOVER's */
  static readonly BYTES: u32 = 256;
  /** Checkpoint of the transaction, before it does anything but pay. */
  static readonly CHECKPOINT: u32 = 1024;
  static readonly SIZE: u32 = Temporary.CHECKPOINT + Checkpoint.SIZE;
}

export let frames: u32 = 0;
export let temporary: u32 = 0;

let hasArithmetic: bool = false;

/** Forgets the memory of an earlier block. Called by each worker when it joins a block. */
export function resetWorkspace(): void {
  hasArithmetic = false;
  precompileSize = 0;
}

/** Takes what hashing, division and recovery need, once per block; false when memory is exhausted. */
export function takeArithmetic(): bool {
  if (hasArithmetic) return true;
  const start = allocate(DIVISION_SCRATCH + KECCAK_SCRATCH + RECOVERY_SCRATCH);
  if (start == 0) return false;
  resetDivision(start);
  resetKeccak(start + DIVISION_SCRATCH);
  resetRecovery(start + DIVISION_SCRATCH + KECCAK_SCRATCH);
  hasArithmetic = true;
  return true;
}

// What MODEXP and the curves need, as much as the largest of their calls in the block.
let precompileStart: u32 = 0;
let precompileSize: u32 = 0;

/** `size` bytes for a call of a precompiled contract, aligned to 16; 0 when memory is exhausted. */
export function precompileMemory(size: u32): u32 {
  if (size <= precompileSize) return precompileStart;
  const taken = size * 2 > 4096 ? size * 2 : 4096;
  const start = allocate(taken + 16);
  if (start == 0) return 0;
  precompileSize = taken;
  precompileStart = (start + 15) & ~15;
  return precompileStart;
}

/** Takes the fixed parts; false when memory is exhausted. */
export function takeWorkspace(): bool {
  const framesSize = (MAX_DEPTH + 2) * Frame.SIZE;
  const start = allocate(framesSize + Temporary.SIZE);
  if (start == 0) return false;
  frames = start;
  temporary = start + framesSize;
  memory.fill(temporary, 0, Temporary.SIZE);
  store<u64>(temporary, 1, Temporary.ONE);
  return true;
}

/** A buffer of `capacity` bytes that begins with the first `used` of the old one; 0 when memory is exhausted. */
export function enlarged(buffer: u32, used: u32, capacity: u32): u32 {
  const larger = allocate(capacity);
  if (larger == 0) return 0;
  memory.copy(larger, buffer, used);
  return larger;
}
