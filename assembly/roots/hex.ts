// Hex digits to bytes, and bytes to hex digits, sixteen at a time.

/** Writes the digits of `length` bytes to `out`, and up to 30 letters more; returns their end. */
export function encodeHex(out: u32, bytes: u32, length: u32): u32 {
  const table = i8x16(
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
  );
  for (let at: u32 = 0; at < length; at += 16) {
    const some = v128.load(bytes + at);
    const high = i8x16.swizzle(table, i8x16.shr_u(some, 4));
    const low = i8x16.swizzle(table, v128.and(some, i8x16.splat(15)));
    const to = out + 2 * at;
    v128.store(to, i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(to, i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
  }
  return out + 2 * length;
}

/** Writes the bytes that `count` digits stand for to `out`, which may be `digits`; false where one is no digit. */
export function decodeHex(out: u32, digits: u32, count: u32): bool {
  const end = digits + count;
  let wrong = i8x16.splat(0);
  while (digits + 16 <= end) {
    const letters = v128.load(digits);
    const lower = v128.or(letters, i8x16.splat(0x20));
    const number = v128.and(i8x16.ge_s(letters, i8x16.splat(0x30)), i8x16.le_s(letters, i8x16.splat(0x39)));
    const letter = v128.and(i8x16.ge_s(lower, i8x16.splat(0x61)), i8x16.le_s(lower, i8x16.splat(0x66)));
    wrong = v128.or(wrong, v128.not(v128.or(number, letter)));
    // Of '0' … '9' the low half byte is the value, of 'a' … 'f' and 'A' … 'F' nine less than it.
    const value = i8x16.add(
      v128.and(letters, i8x16.splat(15)),
      v128.and(letter, i8x16.splat(9)),
    );
    // Little-endian pairs: the first digit of each is the high one.
    const pairs = v128.or(i16x8.shl(value, 4), i16x8.shr_u(value, 8));
    v128.store64_lane(out, i8x16.shuffle(pairs, pairs, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14), 0);
    out += 8;
    digits += 16;
  }
  let isWrong = v128.any_true(wrong);
  for (; digits + 2 <= end; digits += 2) {
    const high = digitAt(digits);
    const low = digitAt(digits + 1);
    isWrong = isWrong || (high | low) < 0;
    store<u8>(out, (high << 4) | low);
    out += 1;
  }
  return !isWrong;
}

/** -1: no digit. */
function digitAt(at: u32): i32 {
  const letter = load<u8>(at);
  if (letter >= 0x30 && letter <= 0x39) return letter - 0x30;
  const lower = letter | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
