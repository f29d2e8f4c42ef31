// Hex strings: the types and the conversions between hex, bytes and numbers. Validation belongs to `reader.ts`.

/** `0x`-prefixed hex, as in viem. */
export type Hex = `0x${string}`;

/** The code hash of an account without code: keccak-256 of no bytes. */
export const NO_CODE_HASH: Hex = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
export const ZERO_ADDRESS: Hex = `0x${'00'.repeat(20)}`;
export const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`;
/** The root of a trie without entries: keccak256 of the RLP of nothing. */
export const EMPTY_ROOT: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

const latin1 = new TextDecoder('latin1');
/** Letters of short hex, used again and again; the room for long hex goes with it. */
const ROOM = 1 << 16;
const room = new Uint8Array(ROOM);

/** Lower-case hex of the bytes, two digits each. */
export function hexFromBytes(bytes: Uint8Array): Hex {
  return hexAt(bytes, 0, bytes.length);
}

/** The same of `length` bytes from `start` on, without an array of their own. */
export function hexAt(bytes: Uint8Array, start: number, length: number): Hex {
  if (length === 32 || length === 20) return known(bytes, start, length);
  return spelled(bytes, start, length);
}

/** Hex of the word, which is four little-endian limbs at `start`. */
export function hexOfWord(bytes: Uint8Array, start: number): Hex {
  for (let at = 0; at < 32; at++) word[at] = bytes[start + 31 - at]!;
  return known(word, 0, 32);
}

const word = new Uint8Array(32);

/** Addresses and words come again and again: the hex of those that came last, each in the place that its bytes name. */
const PLACES = 1024;
const places = new Uint8Array(PLACES * 32);
const spellings: (Hex | undefined)[] = new Array(PLACES).fill(undefined);

function known(bytes: Uint8Array, start: number, length: number): Hex {
  let sum = length;
  for (let at = start; at < start + length; at++) sum = (Math.imul(sum, 31) + bytes[at]!) | 0;
  const place = (sum ^ (sum >>> 16)) & (PLACES - 1);
  const first = place * 32;
  const spelling = spellings[place];
  if (spelling?.length === 2 + 2 * length) {
    let at = 0;
    while (at < length && places[first + at] === bytes[start + at]) at++;
    if (at === length) return spelling;
  }
  for (let at = 0; at < length; at++) places[first + at] = bytes[start + at]!;
  const made = spelled(bytes, start, length);
  spellings[place] = made;
  return made;
}

function spelled(bytes: Uint8Array, start: number, count: number): Hex {
  if (count === 0) return '0x';
  const length = 2 + 2 * count;
  const letters = length <= ROOM ? room : new Uint8Array(length);
  letters[0] = 0x30;
  letters[1] = 0x78;
  let at = 2;
  for (let index = start; index < start + count; index++) {
    const byte = bytes[index]!;
    letters[at++] = letterOf(byte >>> 4);
    letters[at++] = letterOf(byte & 15);
  }
  // Decoded at once: adding letter to letter makes trees of strings, which cost the collector half of a block's decoding.
  return latin1.decode(letters.subarray(0, length)) as Hex;
}

function letterOf(digit: number): number {
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}

/** Whether these are bytes, of this realm or another: Node's Buffers are of another one in Jest's jsdom. */
export function isBytes(value: unknown): value is Uint8Array {
  if (value instanceof Uint8Array) return true;
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]';
}

/** The bytes of well-formed hex of even length; the caller has validated it. */
export function bytesFromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array((hex.length - 2) >> 1);
  for (let i = 0, at = 2; i < bytes.length; i++, at += 2) {
    bytes[i] = (digitValue(hex.charCodeAt(at)) << 4) | digitValue(hex.charCodeAt(at + 1));
  }
  return bytes;
}

/** Writes the bytes of well-formed hex to `start`, `most` at most. */
export function writeHex(bytes: Uint8Array, start: number, hex: Hex, most: number): void {
  const count = Math.min((hex.length - 2) >> 1, most);
  for (let i = 0, at = 2; i < count; i++, at += 2) {
    bytes[start + i] = (digitValue(hex.charCodeAt(at)) << 4) | digitValue(hex.charCodeAt(at + 1));
  }
}

/** Whether lower-case hex stands for these bytes. */
export function isHexOf(hex: Hex, bytes: Uint8Array): boolean {
  if (hex.length !== 2 + 2 * bytes.length) return false;
  for (let i = 0, at = 2; i < bytes.length; i++, at += 2) {
    if (((digitValue(hex.charCodeAt(at)) << 4) | digitValue(hex.charCodeAt(at + 1))) !== bytes[i]) return false;
  }
  return true;
}

/** Of a digit's character code, of either case; what is none has some value too. Without a branch: digits cannot be foretold. */
export function digitValue(code: number): number {
  return (code & 15) + 9 * (code >>> 6);
}

/** A number as 32 bytes, big-endian. */
export function bytes32FromNumber(value: bigint): Uint8Array {
  return bytesFromHex(`0x${value.toString(16).padStart(64, '0')}`);
}

/** The big-endian number in the bytes; 0 for none. */
export function numberFromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(hexFromBytes(bytes));
}

/** A number as a minimal hex quantity. */
export function quantityFromNumber(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** A number as big-endian bytes without leading zeros: empty for 0, as in RLP. */
export function bytesFromNumber(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return bytesFromHex(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`);
}

/** The address in the last 20 bytes of a word. */
export function addressIn(word: Hex): Hex {
  return `0x${word.slice(-40)}`;
}

/** One string per byte sequence, for maps: each byte is one character. */
export function keyFromBytes(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** The bytes of a key made by {@link keyFromBytes}. */
export function bytesFromKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
