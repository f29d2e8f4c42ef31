// Who signed an authorisation (EIP-7702).

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesFromHex, bytesFromNumber, type Hex, hexFromBytes } from '../base/hex.ts';
import type { TracedAuthorization } from '../core/evm/trace-events.ts';

const MAGIC = 0x05;
const LIST = 0xc0;
const STRING = 0x80;

/** The account, whether or not the authorisation is valid otherwise; `undefined` where nobody can have signed it. */
export function authorityOf(authorization: TracedAuthorization): Hex | undefined {
  const { chainId, address, nonce, yParity, r, s, authority } = authorization;
  if (authority !== undefined) return authority;
  if (yParity > 1) return undefined;
  const items = [item(bytesFromNumber(chainId)), item(bytesFromHex(address)), item(bytesFromNumber(nonce))];
  const length = items.reduce((sum, part) => sum + part.length, 0);
  const hash = keccak_256(Uint8Array.of(MAGIC, LIST + length, ...items.flatMap((part) => [...part])));
  try {
    const signature = new secp256k1.Signature(BigInt(r), BigInt(s), yParity);
    if (signature.hasHighS()) return undefined;
    const key = signature.recoverPublicKey(hash).toBytes(false);
    return hexFromBytes(keccak_256(key.subarray(1)).subarray(12));
  } catch {
    return undefined;
  }
}

/** A string of at most 55 bytes in RLP. */
function item(bytes: Uint8Array): Uint8Array {
  const [first = STRING] = bytes;
  return bytes.length === 1 && first < STRING ? bytes : Uint8Array.of(STRING + bytes.length, ...bytes);
}
