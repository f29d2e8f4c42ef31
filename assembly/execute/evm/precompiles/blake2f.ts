// The compression function of BLAKE2b (RFC 7693), as EIP-152 offers it.

import { Temporary, temporary } from "../memory/workspace";

const START = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1,
  0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);
const SIGMA = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3, 11, 8,
  12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4, 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8, 9, 0, 5, 7, 2,
  4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13, 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9, 12, 5, 1, 15, 14, 13,
  4, 10, 0, 7, 6, 3, 9, 2, 8, 11, 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10, 6, 15, 14, 9, 11, 3, 0, 8, 12,
  2, 13, 7, 1, 4, 10, 5, 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
]);

/**
 * Rounds of one call, a multiple of the schedule's ten. An engine enters its optimised code between calls only: 16
 * million rounds in one took 2.5 s instead of 0.3 s.
 */
const CHUNK: u32 = 1000;

/** The 64 bytes at `out` = F of the 213 bytes {rounds, h, m, t, final} at `input`. */
export function blake2f(out: u32, input: u32): void {
  const v = temporary + Temporary.BYTES;
  const rounds = bswap(load<u32>(input));
  const h = input + 4;
  const m = input + 68;
  memory.copy(v, h, 64);
  memory.copy(v + 64, START, 64);
  store<u64>(v, load<u64>(v, 96) ^ load<u64>(input, 196), 96);
  store<u64>(v, load<u64>(v, 104) ^ load<u64>(input, 204), 104);
  if (load<u8>(input, 212) != 0) store<u64>(v, ~load<u64>(v, 112), 112);
  let left = rounds;
  for (; left >= CHUNK; left -= CHUNK) mixRounds(v, m, CHUNK);
  mixRounds(v, m, left);
  for (let word: u32 = 0; word < 64; word += 8) {
    store<u64>(out + word, load<u64>(h + word) ^ load<u64>(v + word) ^ load<u64>(v + word, 64));
  }
}

/** Rounds of the schedule from its beginning. */
function mixRounds(v: u32, m: u32, rounds: u32): void {
  let row: u32 = 0;
  for (let round: u32 = 0; round < rounds; round++) {
    const sigma = u32(SIGMA) + (row << 4);
    row = row == 9 ? 0 : row + 1;
    mix(v, 0, 4, 8, 12, m, sigma);
    mix(v, 1, 5, 9, 13, m, sigma + 2);
    mix(v, 2, 6, 10, 14, m, sigma + 4);
    mix(v, 3, 7, 11, 15, m, sigma + 6);
    mix(v, 0, 5, 10, 15, m, sigma + 8);
    mix(v, 1, 6, 11, 12, m, sigma + 10);
    mix(v, 2, 7, 8, 13, m, sigma + 12);
    mix(v, 3, 4, 9, 14, m, sigma + 14);
  }
}

// @ts-ignore: decorator
@inline
function mix(v: u32, ia: u32, ib: u32, ic: u32, id: u32, m: u32, sigma: u32): void {
  const x = load<u64>(m + (u32(load<u8>(sigma)) << 3));
  const y = load<u64>(m + (u32(load<u8>(sigma, 1)) << 3));
  let a = load<u64>(v + (ia << 3));
  let b = load<u64>(v + (ib << 3));
  let c = load<u64>(v + (ic << 3));
  let d = load<u64>(v + (id << 3));
  a = a + b + x;
  d = rotr(d ^ a, 32);
  c = c + d;
  b = rotr(b ^ c, 24);
  a = a + b + y;
  d = rotr(d ^ a, 16);
  c = c + d;
  b = rotr(b ^ c, 63);
  store<u64>(v + (ia << 3), a);
  store<u64>(v + (ib << 3), b);
  store<u64>(v + (ic << 3), c);
  store<u64>(v + (id << 3), d);
}
