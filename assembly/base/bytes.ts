// Big-endian bytes at the edges.

// @ts-ignore: decorator
@inline
export function store32be(address: u32, value: u32): void {
  store<u32>(address, bswap<u32>(value));
}
