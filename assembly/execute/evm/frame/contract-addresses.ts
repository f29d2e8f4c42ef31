// The addresses of new contracts.

import { keccak256 } from "../../../base/keccak256";
import * as u256 from "../../../base/u256";
import { Temporary, temporary } from "../memory/workspace";

/** The 20 bytes at `out` = the address that `sender` (20 bytes) creates with `nonce`: the hash of their RLP list. */
export function createdAddress(out: u32, sender: u32, nonce: u64): void {
  const bytes = temporary + Temporary.BYTES;
  store<u8>(bytes, 0x80 + 20, 1);
  memory.copy(bytes + 2, sender, 20);
  let length: u32 = 22;
  if (nonce == 0) {
    store<u8>(bytes + length, 0x80);
    length++;
  } else if (nonce < 0x80) {
    store<u8>(bytes + length, u8(nonce));
    length++;
  } else {
    const size = 8 - u32(clz(nonce) >> 3);
    store<u8>(bytes + length, 0x80 + size);
    store<u64>(bytes + length, bswap(nonce << ((8 - size) << 3)), 1);
    length += 1 + size;
  }
  store<u8>(bytes, 0xc0 + length - 1);
  addressOfHash(out, bytes, length);
}

/** The same of `sender` and a salt (EIP-1014): the hash of 0xff, sender, salt and the hash of the init code. */
export function saltedAddress(out: u32, sender: u32, salt: u32, code: u32, length: u32): void {
  const bytes = temporary + Temporary.BYTES;
  store<u8>(bytes, 0xff);
  memory.copy(bytes + 1, sender, 20);
  u256.storeBigEndian(bytes + 21, salt);
  keccak256(bytes + 53, code, length);
  addressOfHash(out, bytes, 85);
}

function addressOfHash(out: u32, bytes: u32, length: u32): void {
  const hash = temporary + Temporary.HASH;
  keccak256(hash, bytes, length);
  memory.copy(out, hash + 12, 20);
}
