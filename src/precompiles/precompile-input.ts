// What the precompiles have in common: how they are called, what a wrong input is, and the numbers they read and write.

/** From the input of a call, which may be kept or changed, to its output. Throws `InvalidInput` when the call fails. */
export type Precompile = (input: Uint8Array) => Uint8Array;

/** An input that makes the call fail. Everything else that a precompile throws is a fault. */
export class InvalidInput extends Error {}

export const empty = new Uint8Array(0);

/** The number 1 as a word: the answer "yes". */
export const yes = new Uint8Array(32);
yes[31] = 1;

/** The number 0 as a word: the answer "no". */
export const no = new Uint8Array(32);

/** The input cut or padded with zeros to `length` bytes. */
export function sized(input: Uint8Array, length: number): Uint8Array {
  if (input.length === length) return input;
  const bytes = new Uint8Array(length);
  bytes.set(input.subarray(0, length));
  return bytes;
}

/** Whether the bytes from `start` to `end` are all zero. */
export function isZero(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Whether the big-endian number at `start` that is as long as `bound` is smaller. */
export function isBelow(bytes: Uint8Array, start: number, bound: Uint8Array): boolean {
  for (let at = 0; at < bound.length; at++) {
    const difference = bytes[start + at]! - bound[at]!;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The big-endian number of `bytes`. */
export function toNumber(bytes: Uint8Array): bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += hexOfByte[byte];
  return BigInt(hex);
}

/** The big-endian bytes of `value`, which must fit into `length` of them. */
export function toBytes(value: bigint, length: number): Uint8Array {
  return fromHex(value.toString(16).padStart(length * 2, '0'));
}

/** Hexadecimal digits without prefix, two for a byte. */
export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (digit(hex, at * 2) << 4) | digit(hex, at * 2 + 1);
  return bytes;
}

function digit(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
