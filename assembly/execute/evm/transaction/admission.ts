// Whether a transaction may be part of the block: everything that makes it INVALID, with the reason; and the gas that
// it costs before any code runs.

import {
  CONTROL_BASE, Control, EvmAccess, EvmBlock, EvmInvalid, EvmTransaction, EvmTransactionFlag,
} from "../../../layout";
import * as u256 from "../../../base/u256";
import { multiplyHigh } from "../../../base/u256";
import {
  accessAddressGas, accessByteGas, accessSlotGas, authorizationGas, blobGas, creationGas, dataByteGas,
  floorDataByteGas, floorZeroByteGas, hasBaseFee, hasDelegation, initCodeWordGas, lastTransactionType,
  maxBlobsOfTransaction, maxInitCodeSize, recipientGas, transactionGas, transactionGasCap, transactionGasLimit,
  valueGas, zeroByteGas,
} from "../rules/fork-rules";
import { firstMissing } from "../memory/failure";
import { wordGas } from "../memory/ranges";
import { hasStateGas } from "../memory/state-gas";
import { Temporary, temporary } from "../memory/workspace";
import { delegationIn } from "../state/code";
import { Answer, NO_CODE, balanceOf, codeOf, nonceOf } from "../state/world";

const BLOB_VERSION: u32 = 1;

/** Set by `price`: what is charged before code runs, and the least that the transaction costs (EIP-7623). */
export let intrinsicGas: i64 = 0;
export let floorGas: i64 = 0;

/** Why the transaction that `admit` lets run cannot be part of the block; NONE where nothing speaks against it. */
export let postponed: u32 = 0;

/** Why the last transaction that `admit` did not let run cannot be part of the block. */
export let invalid: u32 = EvmInvalid.NONE;

/** The sender's nonce, where `admit` lets the transaction run. */
export let senderNonce: u64 = 0;

/** Whether the transaction may run (`invalid`: why not). Reads nonce, code and balance of `sender`. */
export function admit(transaction: u32, block: u32, sender: u32): u32 {
  postponed = EvmInvalid.NONE;
  const reason = check(transaction, block, sender);
  if (reason != EvmInvalid.NONE) return refuse(reason);

  const flags = load<u32>(transaction, EvmTransaction.FLAGS);
  const nonce = nonceOf(sender);
  if (nonce == 0) return Answer.FAILED;
  const current = load<u64>(nonce);
  let wanted = load<u64>(transaction, EvmTransaction.NONCE);
  if ((flags & EvmTransactionFlag.ANY_NONCE) != 0) wanted = current;
  senderNonce = wanted;
  if (firstMissing != 0) return explore(sender);
  if (wanted < current) return refuse(EvmInvalid.NONCE_TOO_LOW);
  if (wanted > current) {
    if (load<u32>(CONTROL_BASE, Control.STATE_COMPLETE) != 0) return refuse(EvmInvalid.NONCE_TOO_HIGH);
    // Likely one that comes before misses state: this one runs all the same, to learn what it will miss.
    postponed = EvmInvalid.NONCE_TOO_HIGH;
    return explore(sender);
  }
  if (wanted == u64.MAX_VALUE) return refuse(EvmInvalid.NONCE_AT_MAXIMUM);

  const record = codeOf(sender);
  if (record == 0) return Answer.FAILED;
  const delegates = hasDelegation && record != NO_CODE && delegationIn(record) != 0;
  const mayHaveCode = (flags & EvmTransactionFlag.UNBOUND) != 0;
  if (record != NO_CODE && !delegates && !mayHaveCode) return refuse(EvmInvalid.SENDER_NOT_EOA); // EIP-3607

  const cost = temporary + Temporary.WORD;
  if (!highestCost(cost, transaction)) return refuse(EvmInvalid.INSUFFICIENT_FUNDS);
  const balance = balanceOf(sender);
  if (balance == 0) return Answer.FAILED;
  return firstMissing == 0 && u256.less(balance, cost) ? refuse(EvmInvalid.INSUFFICIENT_FUNDS) : Answer.YES;
}

function refuse(reason: u32): u32 {
  invalid = reason;
  return Answer.NO;
}

/** Reads the rest of the sender and lets the transaction run, to learn what else is missing. */
function explore(sender: u32): u32 {
  return codeOf(sender) == 0 || balanceOf(sender) == 0 ? Answer.FAILED : Answer.YES;
}

/** The part of `admit` that needs no state. */
export function check(transaction: u32, block: u32, sender: u32): u32 {
  const type = load<u32>(transaction, EvmTransaction.TYPE);
  if (i64(type) > lastTransactionType) return EvmInvalid.TYPE_NOT_ACTIVE;
  const gasLimit = load<u64>(transaction, EvmTransaction.GAS_LIMIT);
  if (i64(gasLimit) < 0) return EvmInvalid.GAS_ABOVE_BLOCK;
  const flags = load<u32>(transaction, EvmTransaction.FLAGS);
  if ((flags & EvmTransactionFlag.UNBOUND) == 0) {
    if (gasLimit > load<u64>(block, EvmBlock.GAS_LIMIT)) return EvmInvalid.GAS_ABOVE_BLOCK;
    const cap = hasStateGas() ? transactionGasLimit : transactionGasCap;
    if (i64(gasLimit) > cap) return EvmInvalid.GAS_ABOVE_CAP;
  }
  const creation = (flags & EvmTransactionFlag.CREATION) != 0;
  const length = load<u32>(transaction, EvmTransaction.DATA_LENGTH);
  if (creation && i64(length) > maxInitCodeSize) return EvmInvalid.INIT_CODE_TOO_LARGE;
  if (hasBaseFee && (flags & EvmTransactionFlag.FREE) == 0) {
    if (u256.less(transaction + EvmTransaction.MAX_FEE, block + EvmBlock.BASE_FEE)) return EvmInvalid.FEE_BELOW_BASE;
    if (u256.less(transaction + EvmTransaction.MAX_FEE, transaction + EvmTransaction.MAX_PRIORITY_FEE)) {
      return EvmInvalid.PRIORITY_ABOVE_FEE;
    }
  }
  if (type >= 3 && creation) return EvmInvalid.CREATION_NOT_ALLOWED;
  if (type == 3) {
    const reason = checkBlobs(transaction, block);
    if (reason != EvmInvalid.NONE) return reason;
  }
  if (type == 4 && load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT) == 0) return EvmInvalid.NO_AUTHORIZATIONS;
  price(transaction, creation, sender);
  // Where gas beyond the cap is for state alone, the cap holds for what is due whatever the state is.
  if (hasStateGas() && (intrinsicGas > transactionGasCap || floorGas > transactionGasCap)) {
    return EvmInvalid.GAS_ABOVE_CAP;
  }
  if (intrinsicGas > i64(gasLimit)) return EvmInvalid.INTRINSIC_GAS;
  return floorGas > i64(gasLimit) ? EvmInvalid.FLOOR_GAS : EvmInvalid.NONE;
}

function checkBlobs(transaction: u32, block: u32): u32 {
  const count = load<u32>(transaction, EvmTransaction.BLOB_COUNT);
  if (count == 0) return EvmInvalid.NO_BLOBS;
  if (i64(count) > maxBlobsOfTransaction) return EvmInvalid.TOO_MANY_BLOBS;
  const hashes = transaction + load<u32>(transaction, EvmTransaction.BLOB_HASHES);
  for (let blob: u32 = 0; blob < count; blob++) {
    if (u32(load<u8>(hashes + (blob << 5))) != BLOB_VERSION) return EvmInvalid.BLOB_VERSION;
  }
  const tooLow = u256.less(transaction + EvmTransaction.MAX_BLOB_FEE, block + EvmBlock.BLOB_BASE_FEE);
  return tooLow ? EvmInvalid.BLOB_FEE_TOO_LOW : EvmInvalid.NONE;
}

/** Computes `intrinsicGas` and `floorGas`. */
function price(transaction: u32, creation: bool, sender: u32): void {
  const length = load<u32>(transaction, EvmTransaction.DATA_LENGTH);
  const data = transaction + load<u32>(transaction, EvmTransaction.DATA);
  const zeros = i64(zeroBytes(data, length));
  const others = i64(length) - zeros;
  const base = transactionGas + (creation ? 0 : recipientPrice(transaction, sender));
  let gas = base + zeros * zeroByteGas + others * dataByteGas;
  if (creation) gas += creationGas + wordGas(length, initCodeWordGas);
  const lines = load<u32>(transaction, EvmTransaction.ACCESS_COUNT);
  const list = transaction + load<u32>(transaction, EvmTransaction.ACCESS_LIST);
  let listed: i64 = 0;
  for (let line: u32 = 0; line < lines; line++) {
    const isSlot = load<u32>(list + line * EvmAccess.SIZE, EvmAccess.HAS_SLOT) != 0;
    gas += isSlot ? accessSlotGas : accessAddressGas;
    listed += isSlot ? 32 : 20;
  }
  listed *= accessByteGas;
  gas += listed + authorizationGas * i64(load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT));
  intrinsicGas = gas;
  floorGas = 0;
  if (floorDataByteGas == 0) return;
  floorGas = base + listed + zeros * floorZeroByteGas + others * floorDataByteGas;
  if (creation && hasStateGas()) floorGas += creationGas; // EIP-2780
}

/** What a transaction that creates nothing costs for its recipient; nothing where that is its sender (EIP-2780). */
function recipientPrice(transaction: u32, sender: u32): i64 {
  if (memory.compare(transaction + EvmTransaction.TO, sender, 20) == 0) return 0;
  return u256.isZero(transaction + EvmTransaction.VALUE) ? recipientGas : recipientGas + valueGas;
}

function zeroBytes(data: u32, length: u32): u32 {
  let count: u32 = 0;
  let at: u32 = 0;
  for (; at + 16 <= length; at += 16) {
    count += u32(popcnt(i8x16.bitmask(i8x16.eq(v128.load(data + at), i8x16.splat(0)))));
  }
  for (; at < length; at++) count += u32(load<u8>(data + at) == 0);
  return count;
}

/** out = what the sender must own: gas limit at the highest fees, and value; false beyond 2^256. */
export function highestCost(out: u32, transaction: u32): bool {
  const gasLimit = load<u64>(transaction, EvmTransaction.GAS_LIMIT);
  if (!multiplyBy(out, transaction + EvmTransaction.MAX_FEE, gasLimit)) return false;
  if (u256.addWithCarry(out, out, transaction + EvmTransaction.VALUE)) return false;
  const blobs = u64(load<u32>(transaction, EvmTransaction.BLOB_COUNT));
  if (blobs == 0) return true;
  const part = temporary + Temporary.OTHER;
  if (!multiplyBy(part, transaction + EvmTransaction.MAX_BLOB_FEE, blobs * u64(blobGas))) return false;
  return !u256.addWithCarry(out, out, part);
}

/** out = word * factor; false when the product has more than 256 bits. */
export function multiplyBy(out: u32, word: u32, factor: u64): bool {
  let carry: u64 = 0;
  for (let limb: u32 = 0; limb < 32; limb += 8) {
    const a = load<u64>(word + limb);
    const low = a * factor;
    const sum = low + carry;
    carry = multiplyHigh(a, factor) + u64(sum < low);
    store<u64>(out + limb, sum);
  }
  return carry == 0;
}
