// ECRECOVER: the address that signed a hash.

import { keccak256 } from "../../../base/keccak256";
import { recoverPublicKey } from "../../../base/secp256k1";
import * as u256 from "../../../base/u256";
import { Temporary, temporary } from "../memory/workspace";

/**
 * Recovers the signer of {hash, v, r, s}, 32 bytes each, zeros where `length` ends early: 12 zero bytes and the
 * address go to `out`. False when there is no such signer. The input may lie anywhere but in the second half of
 * Temporary.BYTES.
 */
export function ecrecover(out: u32, input: u32, length: u32): bool {
  const bytes = temporary + Temporary.BYTES + 384;
  memory.fill(bytes, 0, 128);
  const given: u32 = length < 128 ? length : 128;
  if (given != 0) memory.copy(bytes, input, given);
  const v = u32(load<u8>(bytes, 63));
  store<u8>(bytes, 0, 63);
  if ((v != 27 && v != 28) || !u256.isZero(bytes + 32)) return false;
  const key = bytes + 128;
  if (!recoverPublicKey(key, bytes, bytes + 64, bytes + 96, v - 27)) return false;
  keccak256(key, key, 64);
  u256.copy(out, key);
  store<u64>(out, 0);
  store<u32>(out, 0, 8);
  return true;
}
