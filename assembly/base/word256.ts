// 256-bit words in memory: four little-endian u64 limbs. Out pointer first; any pointers may alias.

// @ts-ignore: decorator
@inline
export function copy(out: u32, from: u32): void {
  v128.store(out, v128.load(from));
  v128.store(out, v128.load(from, 16), 16);
}

// @ts-ignore: decorator
@inline
export function clear(out: u32): void {
  v128.store(out, i64x2.splat(0));
  v128.store(out, i64x2.splat(0), 16);
}

// @ts-ignore: decorator
@inline
export function equal(left: u32, right: u32): bool {
  return !v128.any_true(
    v128.or(
      v128.xor(v128.load(left), v128.load(right)),
      v128.xor(v128.load(left, 16), v128.load(right, 16)),
    ),
  );
}

/** out = left + right mod 2^256 */
export function add(out: u32, left: u32, right: u32): void {
  let carry: u64 = 0;
  for (let limb: u32 = 0; limb < 32; limb += 8) {
    const a = load<u64>(left + limb);
    const partial = a + load<u64>(right + limb);
    const sum = partial + carry;
    carry = u64(partial < a) | u64(sum < partial);
    store<u64>(out + limb, sum);
  }
}

/** out = left - right mod 2^256 */
export function subtract(out: u32, left: u32, right: u32): void {
  let borrow: u64 = 0;
  for (let limb: u32 = 0; limb < 32; limb += 8) {
    const a = load<u64>(left + limb);
    const b = load<u64>(right + limb);
    const partial = a - b;
    store<u64>(out + limb, partial - borrow);
    borrow = u64(a < b) | u64(partial < borrow);
  }
}

/** left < right, unsigned */
export function less(left: u32, right: u32): bool {
  for (let limb: i32 = 24; limb >= 0; limb -= 8) {
    const a = load<u64>(left + limb);
    const b = load<u64>(right + limb);
    if (a != b) return a < b;
  }
  return false;
}
