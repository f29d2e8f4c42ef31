// Who signed a transaction: recovered by the worker that needs it first, or by one that has nothing else to do
// (engine/recovery.ts), and shared by all.

import {
  CONTROL_BASE, Control, EvmBlock, EvmSender, EvmSignature, EvmSignatureFlag, EvmTransaction,
} from "../../../layout";
import { allocate } from "../../../base/arena";
import { Fault } from "../../../base/faults";
import { keccak256 } from "../../../base/keccak256";
import { isMalleable, recoverPublicKey } from "../../../base/secp256k1";
import * as shared from "../../../base/shared";
import { fault } from "../../../base/shared";
import { refusesHighS, useRules } from "../rules/fork-rules";
import { takeArithmetic } from "../memory/workspace";
import { rlpStart } from "./rlp";
import { signingPayloadRoom, writeSigningPayload } from "./signing-payload";

/** Where what is signed is written, and the key that signed. Grows with the transactions that this worker meets. */
let buffer: u32 = 0;
let bufferSize: u32 = 0;
const SMALLEST_BUFFER: u32 = 4096;

/** Called by each worker when it joins a block. */
export function resetSenders(): void {
  bufferSize = 0;
}

/** Whether the sender of an EvmTransaction record is still to be recovered. */
export function isSenderUnknown(record: u32): bool {
  const offset = load<u32>(record, EvmTransaction.SIGNATURE);
  return offset != 0 && shared.read(record + offset, EvmSignature.SENDER) == EvmSender.UNKNOWN;
}

/**
 * Address of the 20 bytes of the sender of an EvmTransaction record, or EvmSender.NOBODY; UNKNOWN when memory is
 * exhausted. Any worker may call it, at any time.
 *
 * Linearises: at the swap. Two workers may both recover; both find the same, and one's bytes are kept.
 * Order: the bytes are complete before the swap (test/model/recovery.test.ts).
 * Progress: wait-free. Nobody waits for somebody who has begun: that one may be dead.
 */
export function senderOf(record: u32): u32 {
  const offset = load<u32>(record, EvmTransaction.SIGNATURE);
  if (offset == 0) return record + EvmTransaction.SENDER;
  const signature = record + offset;
  const known = shared.read(signature, EvmSignature.SENDER);
  if (known != EvmSender.UNKNOWN) return known;
  const place = allocate(24);
  if (place == 0) return EvmSender.UNKNOWN;
  if (fault(Fault.SENDER_BEFORE_BYTES)) {
    memory.fill(place, 0, 20);
    shared.swapIf(signature, EvmSignature.SENDER, EvmSender.UNKNOWN, place);
    shared.read(signature, EvmSignature.SENDER);
  }
  if (fault(Fault.SENDER_MARKED_FIRST)) shared.write(signature, EvmSignature.SENDER, EvmSender.NOBODY);
  const sender = recover(place, record, signature);
  if (fault(Fault.SENDER_MARKED_FIRST)) shared.write(signature, EvmSignature.SENDER, sender);
  if (sender != EvmSender.UNKNOWN) shared.swapIf(signature, EvmSignature.SENDER, EvmSender.UNKNOWN, sender);
  return sender;
}

/** Whether `sender`, 20 bytes, is the one that the record names, if it names one. */
export function isExpectedSender(record: u32, sender: u32): bool {
  const offset = load<u32>(record, EvmTransaction.SIGNATURE);
  if (offset == 0 || (load<u32>(record + offset, EvmSignature.FLAGS) & EvmSignatureFlag.EXPECTED) == 0) return true;
  return memory.compare(record + EvmTransaction.SENDER, sender, 20) == 0;
}

/** Writes the sender's 20 bytes to `place`: `place`, EvmSender.NOBODY, or UNKNOWN when memory is exhausted. */
function recover(place: u32, record: u32, signature: u32): u32 {
  useRules(load<u32>(load<u32>(CONTROL_BASE, Control.EVM_BLOCK), EvmBlock.RULES));
  const parity = load<u32>(signature, EvmSignature.Y_PARITY);
  if (parity > 1 || (refusesHighS && isMalleable(signature + EvmSignature.S))) return EvmSender.NOBODY;
  if (!takeArithmetic() || !makeRoom(signingPayloadRoom(record))) return EvmSender.UNKNOWN;
  const end = buffer + bufferSize;
  writeSigningPayload(record, signature, end);
  const hash = buffer;
  const key = buffer + 32;
  keccak256(hash, rlpStart, end - rlpStart);
  const found = recoverPublicKey(key, hash, signature + EvmSignature.R, signature + EvmSignature.S, parity);
  if (!found) return EvmSender.NOBODY;
  keccak256(hash, key, 64);
  memory.copy(place, hash + 12, 20);
  return place;
}

/** Makes the buffer at least `size` bytes; false when memory is exhausted. */
function makeRoom(size: u32): bool {
  if (size <= bufferSize) return true;
  const wanted: u32 = size * 2 > SMALLEST_BUFFER ? size * 2 : SMALLEST_BUFFER;
  buffer = allocate(wanted);
  bufferSize = buffer == 0 ? 0 : wanted;
  return buffer != 0;
}
