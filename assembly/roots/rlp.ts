// RLP, written forwards (yellow paper, appendix B): headers, strings and numbers, and how long they will be.

/** Bytes that the header of an item with `length` bytes of content takes; a single byte below 0x80 has none. */
// @ts-ignore: decorator
@inline
export function headerSize(length: u32): u32 {
  return length < 56 ? 1 : 1 + digitsOf(length);
}

/** Bytes of a string as an item. */
export function stringSize(bytes: u32, length: u32): u32 {
  if (length == 1 && load<u8>(bytes) < 0x80) return 1;
  return headerSize(length) + length;
}

/** Writes the header of a list (`offset` 0xc0) or of a string (0x80) to `at`; returns its end. */
export function writeHeader(at: u32, offset: u32, length: u32): u32 {
  if (length < 56) {
    store<u8>(at, offset + length);
    return at + 1;
  }
  const digits = digitsOf(length);
  store<u8>(at, offset + 55 + digits);
  for (let i = digits; i > 0; i--) {
    store<u8>(at + i, length);
    length >>= 8;
  }
  return at + 1 + digits;
}

/** Writes a string to `at`; returns its end. */
export function writeString(at: u32, bytes: u32, length: u32): u32 {
  if (length == 1 && load<u8>(bytes) < 0x80) {
    store<u8>(at, load<u8>(bytes));
    return at + 1;
  }
  at = writeHeader(at, 0x80, length);
  memory.copy(at, bytes, length);
  return at + length;
}

/** Bytes of a number as an item. */
export function numberSize(value: u64): u32 {
  return value < 0x80 ? 1 : 1 + bytesOf(value);
}

/** Writes a number to `at`, without leading zeros; returns its end. */
export function writeNumber(at: u32, value: u64): u32 {
  if (value < 0x80) {
    store<u8>(at, value == 0 ? 0x80 : u32(value));
    return at + 1;
  }
  const size = bytesOf(value);
  store<u8>(at, 0x80 + size);
  for (let i = size; i > 0; i--) {
    store<u8>(at + i, value);
    value >>= 8;
  }
  return at + 1 + size;
}

/** Bytes of a length, without leading zeros. */
// @ts-ignore: decorator
@inline
function digitsOf(length: u32): u32 {
  return (39 - clz<u32>(length)) >> 3;
}

/** Bytes of a number that is not zero, without leading zeros. */
// @ts-ignore: decorator
@inline
function bytesOf(value: u64): u32 {
  return (71 - u32(clz<u64>(value))) >> 3;
}
