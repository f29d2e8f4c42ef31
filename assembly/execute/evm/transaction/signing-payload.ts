// What the signer of a transaction signs: its fields as RLP, behind the byte of its type (EIP-155, 2718, 2930, 1559,
// 4844, 7702).

import {
  CONTROL_BASE, Control, EvmAccess, EvmAuthorization, EvmBlock, EvmSignature, EvmSignatureFlag, EvmTransaction,
  EvmTransactionFlag,
} from "../../../layout";
import {
  beginRlp, prependBigEndian, prependByte, prependBytes, prependInteger, prependListHeader, prependNumber, rlpStart,
} from "./rlp";

/** Bytes that everything but the lists and the data takes at most. */
const FIXED: u32 = 384;
const ACCESS_LINE: u32 = 48;
const BLOB_HASH: u32 = 33;
const AUTHORIZATION: u32 = 160;

/** No fewer bytes than `writeSigningPayload` writes. */
export function signingPayloadRoom(record: u32): u32 {
  return FIXED + load<u32>(record, EvmTransaction.DATA_LENGTH) +
    load<u32>(record, EvmTransaction.ACCESS_COUNT) * ACCESS_LINE +
    load<u32>(record, EvmTransaction.BLOB_COUNT) * BLOB_HASH +
    load<u32>(record, EvmTransaction.AUTHORIZATION_COUNT) * AUTHORIZATION;
}

/** Writes what `signature` signs of the EvmTransaction `record`, up to `end`; it begins at `rlpStart`. */
export function writeSigningPayload(record: u32, signature: u32, end: u32): void {
  const type = load<u32>(record, EvmTransaction.TYPE);
  const chain = load<u32>(CONTROL_BASE, Control.EVM_BLOCK) + EvmBlock.CHAIN_ID;
  beginRlp(end);
  if (type == 0) {
    if ((load<u32>(signature, EvmSignature.FLAGS) & EvmSignatureFlag.PROTECTED) != 0) {
      prependInteger(0);
      prependInteger(0);
      prependNumber(chain);
    }
  } else {
    if (type == 4) prependAuthorizations(record);
    if (type == 3) {
      prependBlobHashes(record);
      prependNumber(record + EvmTransaction.MAX_BLOB_FEE);
    }
    prependAccessList(record);
  }
  prependBytes(record + load<u32>(record, EvmTransaction.DATA), load<u32>(record, EvmTransaction.DATA_LENGTH));
  prependNumber(record + EvmTransaction.VALUE);
  const creation = (load<u32>(record, EvmTransaction.FLAGS) & EvmTransactionFlag.CREATION) != 0;
  prependBytes(record + EvmTransaction.TO, creation ? 0 : 20);
  prependInteger(load<u64>(record, EvmTransaction.GAS_LIMIT));
  prependNumber(record + EvmTransaction.MAX_FEE);
  if (type >= 2) prependNumber(record + EvmTransaction.MAX_PRIORITY_FEE);
  prependInteger(load<u64>(record, EvmTransaction.NONCE));
  if (type != 0) prependNumber(chain);
  prependListHeader(end);
  if (type != 0) prependByte(type);
}

/** The lines of the record are addresses, each with its slots behind it. */
function prependAccessList(record: u32): void {
  const list = record + load<u32>(record, EvmTransaction.ACCESS_LIST);
  const end = rlpStart;
  let slotsEnd = end;
  for (let line = load<u32>(record, EvmTransaction.ACCESS_COUNT); line != 0; line--) {
    const access = list + (line - 1) * EvmAccess.SIZE;
    if (load<u32>(access, EvmAccess.HAS_SLOT) != 0) {
      prependBytes(access + EvmAccess.SLOT, 32);
      continue;
    }
    const itemEnd = slotsEnd;
    prependListHeader(slotsEnd);
    prependBytes(access + EvmAccess.ADDRESS, 20);
    prependListHeader(itemEnd);
    slotsEnd = rlpStart;
  }
  prependListHeader(end);
}

function prependBlobHashes(record: u32): void {
  const list = record + load<u32>(record, EvmTransaction.BLOB_HASHES);
  const end = rlpStart;
  for (let blob = load<u32>(record, EvmTransaction.BLOB_COUNT); blob != 0; blob--) {
    prependBytes(list + ((blob - 1) << 5), 32);
  }
  prependListHeader(end);
}

function prependAuthorizations(record: u32): void {
  const list = record + load<u32>(record, EvmTransaction.AUTHORIZATIONS);
  const end = rlpStart;
  for (let at = load<u32>(record, EvmTransaction.AUTHORIZATION_COUNT); at != 0; at--) {
    const authorization = list + (at - 1) * EvmAuthorization.SIZE;
    const itemEnd = rlpStart;
    prependBigEndian(authorization + EvmAuthorization.S);
    prependBigEndian(authorization + EvmAuthorization.R);
    prependInteger(u64(load<u32>(authorization, EvmAuthorization.Y_PARITY)));
    prependInteger(load<u64>(authorization, EvmAuthorization.NONCE));
    prependBytes(authorization + EvmAuthorization.ADDRESS, 20);
    prependNumber(authorization + EvmAuthorization.CHAIN_ID);
    prependListHeader(itemEnd);
  }
  prependListHeader(end);
}
