// keccak-256 of two inputs at a time, their lanes side by side in vectors: two thirds of the time of both in turn.

import { KECCAK_CONSTANTS, KECCAK_RATE } from "./keccak256";

const ROUNDS: u32 = 24;

/** 25 lanes of two states. */
export const PAIR_SCRATCH: u32 = 400;
/** Bytes of a lane of both states. */
const LANE: u32 = 16;

let state: u32 = 0;

/** Gives this instance its scratch memory, PAIR_SCRATCH bytes, aligned to 16. */
export function resetPairs(memoryStart: u32): void {
  state = memoryStart;
}

/** The hash of each of two inputs, as `keccak256` writes them. No output may lie in the other's input. */
export function keccak256Pair(
  out: u32,
  input: u32,
  length: u32,
  otherOut: u32,
  otherInput: u32,
  otherLength: u32,
): void {
  for (let at: u32 = 0; at < PAIR_SCRATCH; at += LANE) v128.store(state + at, i64x2.splat(0));
  const blocks = length / KECCAK_RATE + 1;
  const otherBlocks = otherLength / KECCAK_RATE + 1;
  const last = max(blocks, otherBlocks);
  for (let block: u32 = 1; block <= last; block++) {
    const done = (block - 1) * KECCAK_RATE;
    if (block <= blocks) absorb(0, input + done, length - done);
    if (block <= otherBlocks) absorb(8, otherInput + done, otherLength - done);
    permute();
    if (block == blocks) squeeze(out, 0);
    if (block == otherBlocks) squeeze(otherOut, 8);
  }
}

/**
 * The hashes of `count` inputs into `out`, one behind the other. Two are on their way at any time: the one that ends
 * first makes room for the next.
 * @param items of each {address u32, length u32}
 */
export function keccak256All(out: u32, items: u32, count: u32): void {
  let input: u32 = 0;
  let left: u32 = 0;
  let place: u32 = 0;
  let otherInput: u32 = 0;
  let otherLeft: u32 = 0;
  let otherPlace: u32 = 0;
  let next: u32 = 0;
  while (true) {
    if (place == 0) {
      if (next == count) break;
      input = load<u32>(items + next * 8);
      left = load<u32>(items + next * 8, 4);
      place = out + next++ * 32;
      empty(0);
    }
    if (otherPlace == 0) {
      if (next == count) break;
      otherInput = load<u32>(items + next * 8);
      otherLeft = load<u32>(items + next * 8, 4);
      otherPlace = out + next++ * 32;
      empty(8);
    }
    const ends = absorb(0, input, left);
    const otherEnds = absorb(8, otherInput, otherLeft);
    permute();
    input += KECCAK_RATE;
    left -= KECCAK_RATE;
    otherInput += KECCAK_RATE;
    otherLeft -= KECCAK_RATE;
    if (ends) {
      squeeze(place, 0);
      place = 0;
    }
    if (otherEnds) {
      squeeze(otherPlace, 8);
      otherPlace = 0;
    }
  }
  // One is left at most, somewhere in its middle.
  if (place != 0) finish(place, 0, input, left);
  if (otherPlace != 0) finish(otherPlace, 8, otherInput, otherLeft);
}

/** Goes on with one of the states alone. */
function finish(out: u32, side: u32, input: u32, left: u32): void {
  while (true) {
    const ends = absorb(side, input, left);
    permute();
    if (ends) return squeeze(out, side);
    input += KECCAK_RATE;
    left -= KECCAK_RATE;
  }
}

/** Adds a block of input to the state at offset 0 or 8 of each lane; true: it was the last one, with the padding. */
function absorb(side: u32, input: u32, left: u32): bool {
  const lanes = state + side;
  if (left >= KECCAK_RATE) {
    for (let at: u32 = 0; at < KECCAK_RATE; at += 8) {
      const lane = lanes + 2 * at;
      store<u64>(lane, load<u64>(lane) ^ load<u64>(input + at));
    }
    return false;
  }
  let at: u32 = 0;
  for (; at + 8 <= left; at += 8) {
    const lane = lanes + 2 * at;
    store<u64>(lane, load<u64>(lane) ^ load<u64>(input + at));
  }
  let rest: u64 = 0x01;
  for (let byte = left; byte > at; byte--) rest = (rest << 8) | load<u8>(input + byte - 1);
  store<u64>(lanes + 2 * at, load<u64>(lanes + 2 * at) ^ rest);
  const end = lanes + 2 * (KECCAK_RATE - 8);
  store<u64>(end, load<u64>(end) ^ 0x8000000000000000);
  return true;
}

function empty(side: u32): void {
  for (let at: u32 = 0; at < PAIR_SCRATCH; at += LANE) store<u64>(state + side + at, 0);
}

function squeeze(out: u32, side: u32): void {
  for (let at: u32 = 0; at < 32; at += 8) store<u64>(out + at, load<u64>(state + side + 2 * at));
}

// @ts-ignore: decorator
@inline
function turned(lanes: v128, by: i32): v128 {
  return v128.or(i64x2.shl(lanes, by), i64x2.shr_u(lanes, 64 - by));
}

/** keccak-f[1600] on both states, as in keccak256.ts. */
function permute(): void {
  let a00 = v128.load(state, 0);
  let a01 = v128.load(state, 16);
  let a02 = v128.load(state, 32);
  let a03 = v128.load(state, 48);
  let a04 = v128.load(state, 64);
  let a05 = v128.load(state, 80);
  let a06 = v128.load(state, 96);
  let a07 = v128.load(state, 112);
  let a08 = v128.load(state, 128);
  let a09 = v128.load(state, 144);
  let a10 = v128.load(state, 160);
  let a11 = v128.load(state, 176);
  let a12 = v128.load(state, 192);
  let a13 = v128.load(state, 208);
  let a14 = v128.load(state, 224);
  let a15 = v128.load(state, 240);
  let a16 = v128.load(state, 256);
  let a17 = v128.load(state, 272);
  let a18 = v128.load(state, 288);
  let a19 = v128.load(state, 304);
  let a20 = v128.load(state, 320);
  let a21 = v128.load(state, 336);
  let a22 = v128.load(state, 352);
  let a23 = v128.load(state, 368);
  let a24 = v128.load(state, 384);
  for (let round: u32 = 0; round < ROUNDS; round++) {
    const c0 = v128.xor(v128.xor(v128.xor(a00, a05), v128.xor(a10, a15)), a20);
    const c1 = v128.xor(v128.xor(v128.xor(a01, a06), v128.xor(a11, a16)), a21);
    const c2 = v128.xor(v128.xor(v128.xor(a02, a07), v128.xor(a12, a17)), a22);
    const c3 = v128.xor(v128.xor(v128.xor(a03, a08), v128.xor(a13, a18)), a23);
    const c4 = v128.xor(v128.xor(v128.xor(a04, a09), v128.xor(a14, a19)), a24);
    const d0 = v128.xor(c4, turned(c1, 1));
    const d1 = v128.xor(c0, turned(c2, 1));
    const d2 = v128.xor(c1, turned(c3, 1));
    const d3 = v128.xor(c2, turned(c4, 1));
    const d4 = v128.xor(c3, turned(c0, 1));
    const b00 = v128.xor(a00, d0);
    const b01 = turned(v128.xor(a06, d1), 44);
    const b02 = turned(v128.xor(a12, d2), 43);
    const b03 = turned(v128.xor(a18, d3), 21);
    const b04 = turned(v128.xor(a24, d4), 14);
    const b05 = turned(v128.xor(a03, d3), 28);
    const b06 = turned(v128.xor(a09, d4), 20);
    const b07 = turned(v128.xor(a10, d0), 3);
    const b08 = turned(v128.xor(a16, d1), 45);
    const b09 = turned(v128.xor(a22, d2), 61);
    const b10 = turned(v128.xor(a01, d1), 1);
    const b11 = turned(v128.xor(a07, d2), 6);
    const b12 = turned(v128.xor(a13, d3), 25);
    const b13 = turned(v128.xor(a19, d4), 8);
    const b14 = turned(v128.xor(a20, d0), 18);
    const b15 = turned(v128.xor(a04, d4), 27);
    const b16 = turned(v128.xor(a05, d0), 36);
    const b17 = turned(v128.xor(a11, d1), 10);
    const b18 = turned(v128.xor(a17, d2), 15);
    const b19 = turned(v128.xor(a23, d3), 56);
    const b20 = turned(v128.xor(a02, d2), 62);
    const b21 = turned(v128.xor(a08, d3), 55);
    const b22 = turned(v128.xor(a14, d4), 39);
    const b23 = turned(v128.xor(a15, d0), 41);
    const b24 = turned(v128.xor(a21, d1), 2);
    a00 = v128.xor(v128.xor(b00, v128.andnot(b02, b01)), v128.load64_splat(KECCAK_CONSTANTS + (round << 3)));
    a01 = v128.xor(b01, v128.andnot(b03, b02));
    a02 = v128.xor(b02, v128.andnot(b04, b03));
    a03 = v128.xor(b03, v128.andnot(b00, b04));
    a04 = v128.xor(b04, v128.andnot(b01, b00));
    a05 = v128.xor(b05, v128.andnot(b07, b06));
    a06 = v128.xor(b06, v128.andnot(b08, b07));
    a07 = v128.xor(b07, v128.andnot(b09, b08));
    a08 = v128.xor(b08, v128.andnot(b05, b09));
    a09 = v128.xor(b09, v128.andnot(b06, b05));
    a10 = v128.xor(b10, v128.andnot(b12, b11));
    a11 = v128.xor(b11, v128.andnot(b13, b12));
    a12 = v128.xor(b12, v128.andnot(b14, b13));
    a13 = v128.xor(b13, v128.andnot(b10, b14));
    a14 = v128.xor(b14, v128.andnot(b11, b10));
    a15 = v128.xor(b15, v128.andnot(b17, b16));
    a16 = v128.xor(b16, v128.andnot(b18, b17));
    a17 = v128.xor(b17, v128.andnot(b19, b18));
    a18 = v128.xor(b18, v128.andnot(b15, b19));
    a19 = v128.xor(b19, v128.andnot(b16, b15));
    a20 = v128.xor(b20, v128.andnot(b22, b21));
    a21 = v128.xor(b21, v128.andnot(b23, b22));
    a22 = v128.xor(b22, v128.andnot(b24, b23));
    a23 = v128.xor(b23, v128.andnot(b20, b24));
    a24 = v128.xor(b24, v128.andnot(b21, b20));
  }
  v128.store(state, a00, 0);
  v128.store(state, a01, 16);
  v128.store(state, a02, 32);
  v128.store(state, a03, 48);
  v128.store(state, a04, 64);
  v128.store(state, a05, 80);
  v128.store(state, a06, 96);
  v128.store(state, a07, 112);
  v128.store(state, a08, 128);
  v128.store(state, a09, 144);
  v128.store(state, a10, 160);
  v128.store(state, a11, 176);
  v128.store(state, a12, 192);
  v128.store(state, a13, 208);
  v128.store(state, a14, 224);
  v128.store(state, a15, 240);
  v128.store(state, a16, 256);
  v128.store(state, a17, 272);
  v128.store(state, a18, 288);
  v128.store(state, a19, 304);
  v128.store(state, a20, 320);
  v128.store(state, a21, 336);
  v128.store(state, a22, 352);
  v128.store(state, a23, 368);
  v128.store(state, a24, 384);
}
