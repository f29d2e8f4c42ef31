// RIPEMD-160 (Dobbertin, Bosselaers, Preneel), left-padded to 32 bytes as the precompile returns it.

import * as u256 from "../../../base/u256";
import { Temporary, temporary } from "../memory/workspace";

const START = memory.data<u32>([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
const LEFT_WORDS = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8, 3, 10,
  14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12, 1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2, 4, 0, 5, 9, 7,
  12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
]);
const RIGHT_WORDS = memory.data<u8>([
  5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2, 15, 5,
  1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13, 8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14, 12, 15, 10, 4,
  1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
]);
const LEFT_SHIFTS = memory.data<u8>([
  11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8, 7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12, 11,
  13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5, 11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12, 9, 15,
  5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
]);
const RIGHT_SHIFTS = memory.data<u8>([
  8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6, 9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11, 9,
  7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5, 15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8, 8, 5,
  12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
]);
const LEFT_CONSTANTS = memory.data<u32>([0x00000000, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e]);
const RIGHT_CONSTANTS = memory.data<u32>([0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0x00000000]);

/** The 32 bytes at `out` = 12 zero bytes and the hash of `length` bytes at `input`; they may not overlap. */
export function ripemd160(out: u32, input: u32, length: u32): void {
  u256.clear(out);
  const state = out + 12;
  memory.copy(state, START, 20);
  let rest = length;
  for (; rest >= 64; rest -= 64) {
    compress(state, input);
    input += 64;
  }
  const last = temporary + Temporary.BYTES + 256;
  memory.fill(last, 0, 128);
  if (rest != 0) memory.copy(last, input, rest);
  store<u8>(last + rest, 0x80);
  store<u64>((rest < 56 ? last + 64 : last + 128) - 8, u64(length) << 3);
  compress(state, last);
  if (rest >= 56) compress(state, last + 64);
}

/** The boolean function of round `round`, 0 … 4. */
// @ts-ignore: decorator
@inline
function mixed(round: u32, x: u32, y: u32, z: u32): u32 {
  if (round == 0) return x ^ y ^ z;
  if (round == 1) return (x & y) | (~x & z);
  if (round == 2) return (x | ~y) ^ z;
  return round == 3 ? (x & z) | (y & ~z) : x ^ (y | ~z);
}

function compress(state: u32, block: u32): void {
  let al = load<u32>(state);
  let bl = load<u32>(state, 4);
  let cl = load<u32>(state, 8);
  let dl = load<u32>(state, 12);
  let el = load<u32>(state, 16);
  let ar = al;
  let br = bl;
  let cr = cl;
  let dr = dl;
  let er = el;
  for (let step: u32 = 0; step < 80; step++) {
    const round = step >> 4;
    const leftWord = load<u32>(block + (u32(load<u8>(LEFT_WORDS + step)) << 2)) +
      load<u32>(LEFT_CONSTANTS + (round << 2));
    const left = rotl(al + mixed(round, bl, cl, dl) + leftWord, u32(load<u8>(LEFT_SHIFTS + step))) + el;
    al = el;
    el = dl;
    dl = rotl(cl, 10);
    cl = bl;
    bl = left;
    const rightWord = load<u32>(block + (u32(load<u8>(RIGHT_WORDS + step)) << 2)) +
      load<u32>(RIGHT_CONSTANTS + (round << 2));
    const right = rotl(ar + mixed(4 - round, br, cr, dr) + rightWord, u32(load<u8>(RIGHT_SHIFTS + step))) + er;
    ar = er;
    er = dr;
    dr = rotl(cr, 10);
    cr = br;
    br = right;
  }
  const first = load<u32>(state, 4) + cl + dr;
  store<u32>(state, load<u32>(state, 8) + dl + er, 4);
  store<u32>(state, load<u32>(state, 12) + el + ar, 8);
  store<u32>(state, load<u32>(state, 16) + al + br, 12);
  store<u32>(state, load<u32>(state) + bl + cr, 16);
  store<u32>(state, first);
}
