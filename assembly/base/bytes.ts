// Bytes: big-endian ones at the edges, and short stretches of them.

// @ts-ignore: decorator
@inline
export function store32be(address: u32, value: u32): void {
  store<u32>(address, bswap<u32>(value));
}

/** Beyond so many, V8's way out of WebAssembly and back, 10 ns, is worth it. */
const SHORT: u32 = 512;

/** Copies `length` bytes that do not overlap. */
// @ts-ignore: decorator
@inline
export function copyBytes(to: u32, from: u32, length: u32): void {
  let at: u32 = 0;
  if (length <= SHORT) for (; at + 8 <= length; at += 8) store<u64>(to + at, load<u64>(from + at));
  if (at < length) memory.copy(to + at, from + at, length - at);
}

/** Clears `length` bytes, a multiple of 8. */
// @ts-ignore: decorator
@inline
export function clearBytes(to: u32, length: u32): void {
  for (let at: u32 = 0; at < length; at += 8) store<u64>(to + at, 0);
}
