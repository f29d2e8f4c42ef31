// RLP, written from its end to its beginning, so that the length of a list is known when its header is due. Per
// instance.

import * as u256 from "../../../base/u256";

const STRING: u32 = 0x80;
const LIST: u32 = 0xc0;

/** First byte of what has been written. */
export let rlpStart: u32 = 0;

/** What is written now ends before `end`. */
export function beginRlp(end: u32): void {
  rlpStart = end;
}

/** A byte as it is. */
export function prependByte(byte: u32): void {
  rlpStart--;
  store<u8>(rlpStart, u8(byte));
}

/** A string of `length` bytes. */
export function prependBytes(from: u32, length: u32): void {
  rlpStart -= length;
  if (length != 0) memory.copy(rlpStart, from, length);
  closeString(length);
}

/** A word of four little-endian limbs as a number. */
export function prependNumber(word: u32): void {
  const size: u32 = (263 - u256.leadingZeros(word)) >> 3;
  for (let at: u32 = 0; at < size; at++) prependByte(u32(load<u8>(word + at)));
  closeString(size);
}

/** 32 big-endian bytes as a number. */
export function prependBigEndian(bytes: u32): void {
  let zeros: u32 = 0;
  while (zeros < 32 && load<u8>(bytes + zeros) == 0) zeros++;
  prependBytes(bytes + zeros, 32 - zeros);
}

export function prependInteger(value: u64): void {
  let size: u32 = 0;
  for (; value != 0; value >>= 8) {
    prependByte(u32(value & 0xff));
    size++;
  }
  closeString(size);
}

/** Makes everything from `rlpStart` to `end` the content of a list. */
export function prependListHeader(end: u32): void {
  prependHeader(end - rlpStart, LIST);
}

/** Puts the header in front of a string that has been written; a single byte below 0x80 has none. */
function closeString(length: u32): void {
  if (length != 1 || u32(load<u8>(rlpStart)) >= STRING) prependHeader(length, STRING);
}

function prependHeader(length: u32, kind: u32): void {
  if (length < 56) return prependByte(kind + length);
  let size: u32 = 0;
  for (; length != 0; length >>= 8) {
    prependByte(length & 0xff);
    size++;
  }
  prependByte(kind + 55 + size);
}
