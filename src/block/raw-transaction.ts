// A signed transaction as wallets send it: its encoding, and with blobs what no block holds of them.

import { RLP } from '@ethereumjs/rlp';
import { sha256 } from '@noble/hashes/sha2.js';
import { InputError } from '../base/errors.ts';
import { type Hex, hexFromBytes } from '../base/hex.ts';
import type { TransactionInput } from './block-input.ts';
import { parseTransactionRlp } from './block-rlp.ts';

/** With six blobs of 128 KiB. */
export const LONGEST_RAW_TRANSACTION = 2 << 20;
const BLOB_TYPE = 0x03;
const BLOB_VERSION = 0x01;

/** @throws InputError naming the field; for blobs that are not those of the transaction */
export function parseRawTransaction(encoded: Uint8Array, field: string): TransactionInput {
  return parseTransactionRlp(withoutBlobs(encoded, field), field);
}

/** A blob transaction comes with its blobs (EIP-4844, EIP-7594). */
function withoutBlobs(encoded: Uint8Array, field: string): Uint8Array {
  if (encoded[0] !== BLOB_TYPE) return encoded;
  let items: unknown[];
  try {
    items = RLP.decode(encoded.subarray(1)) as unknown[];
  } catch {
    return encoded;
  }
  const [payload, ...sidecar] = items;
  if (!Array.isArray(payload)) return encoded;
  const transaction = Uint8Array.of(BLOB_TYPE, ...RLP.encode(payload as Uint8Array[]));
  const commitments = sidecar.at(-2);
  const hashes = parseTransactionRlp(transaction, field).blobVersionedHashes ?? [];
  const committed = Array.isArray(commitments) ? commitments.map((item) => versionedHash(item as Uint8Array)) : [];
  if (committed.length !== hashes.length || hashes.some((hash, i) => hash !== committed[i])) {
    throw new InputError(field, 'the commitments of its blobs are not those of its blobVersionedHashes');
  }
  return transaction;
}

function versionedHash(commitment: Uint8Array): Hex {
  const digest = sha256(commitment);
  digest[0] = BLOB_VERSION;
  return hexFromBytes(digest);
}
