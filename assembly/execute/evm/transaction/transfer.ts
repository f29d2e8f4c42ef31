// A transaction that only moves value, at once: without accounts, journal and frames, which nothing can need any more
// when it is known that it succeeds. What is not as it mostly is takes the long way, which finds what was read here.

import {
  Access, EvmBlock, EvmBlockFlag, EvmInvalid, EvmSender, EvmTransaction, EvmTransactionFlag, Kind, ReadResult,
} from "../../../layout";
import * as u256 from "../../../base/u256";
import { NO_ENTRY, creditNumber, entryAt, loadNumber, numberOf, writeNumber } from "../../../store/access-set";
import { locateState } from "../../state-view";
import { clearsEmpty, hasBaseFee, logsTransfers } from "../rules/fork-rules";
import { precompileNumber } from "../rules/precompile-numbers";
import { block, gasPrice, transaction } from "../memory/context";
import { Exit } from "../memory/exits";
import { beginStateGas, hasStateGas } from "../memory/state-gas";
import { Temporary, temporary } from "../memory/workspace";
import { beginEffects } from "../state/effects";
import { check, floorGas, highestCost, intrinsicGas, multiplyBy } from "./admission";
import { computeGasPrice } from "./fees";
import { beginOutermost } from "./outermost";
import { finish } from "./result";
import { isExpectedSender, senderOf } from "./sender";

/** What somebody wants to be told of, or must be cleared, although only value moves. */
const WATCHED: u32 = EvmBlockFlag.RECORD_TRANSFERS | EvmBlockFlag.RECORD_ACCESS | EvmBlockFlag.EMPTY_ACCOUNTS;

/** The Outcome of a transaction that moves value and does nothing else; 0: it must take the long way. */
export function transferAtOnce(): u32 {
  if (isDefined(TRACE) || !isPlain()) return 0;
  const sender = senderOf(transaction);
  if (sender == EvmSender.UNKNOWN || sender == EvmSender.NOBODY) return 0;
  if (!isExpectedSender(transaction, sender)) return 0;
  const target = transaction + EvmTransaction.TO;
  if (precompileNumber(target) != 0 || check(transaction, block, sender) != EvmInvalid.NONE) return 0;
  const nonceNumber = read(Kind.NONCE, sender);
  if (nonceNumber == NO_ENTRY) return 0;
  const nonce = load<u64>(entryAt(nonceNumber), Access.VALUE);
  if (nonce != load<u64>(transaction, EvmTransaction.NONCE) || nonce == u64.MAX_VALUE) return 0;
  if (!hasNoCode(sender) || !hasNoCode(target)) return 0;
  const number = read(Kind.BALANCE, sender);
  if (number == NO_ENTRY) return 0;
  const amount = temporary + Temporary.WORD;
  if (!highestCost(amount, transaction) || u256.less(entryAt(number) + Access.VALUE, amount)) return 0;
  const value = transaction + EvmTransaction.VALUE;
  const moves = !u256.isZero(value);
  const targetNumber = moves ? numberFor(Kind.BALANCE, target) : number;
  const coinbaseNumber = numberFor(Kind.BALANCE, block + EvmBlock.COINBASE);
  if (targetNumber == NO_ENTRY || coinbaseNumber == NO_ENTRY) return 0;

  computeGasPrice();
  const used = intrinsicGas < floorGas ? floorGas : intrinsicGas;
  const rest = temporary + Temporary.OTHER;
  multiplyBy(amount, gasPrice, u64(used));
  u256.subtract(rest, entryAt(number) + Access.VALUE, amount);
  if (targetNumber != number) u256.subtract(rest, rest, value);
  writeNumber(number, rest);
  u256.set(rest, nonce + 1);
  writeNumber(nonceNumber, rest);
  if (targetNumber != number) creditNumber(targetNumber, value);
  if (hasBaseFee) {
    u256.subtract(rest, gasPrice, block + EvmBlock.BASE_FEE);
    multiplyBy(amount, rest, u64(used));
  }
  if (!u256.isZero(amount)) creditNumber(coinbaseNumber, amount);
  return finishTransfer(used);
}

/** What the result is made of. */
function finishTransfer(used: i64): u32 {
  const left = load<i64>(transaction, EvmTransaction.GAS_LIMIT) - intrinsicGas;
  beginEffects();
  beginOutermost(beginStateGas(left, intrinsicGas));
  return finish(Exit.SUCCESS, used, 0, used);
}

/** Whether nothing but value moves, as far as the transaction and the fork say. */
function isPlain(): bool {
  if (load<u32>(transaction, EvmTransaction.FLAGS) != 0) return false;
  const bytes = load<u32>(transaction, EvmTransaction.DATA_LENGTH) | load<u32>(transaction, EvmTransaction.BLOB_COUNT);
  const lists = load<u32>(transaction, EvmTransaction.ACCESS_COUNT) |
    load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT);
  if ((bytes | lists) != 0 || (load<u32>(block, EvmBlock.FLAGS) & WATCHED) != 0) return false;
  return clearsEmpty && !logsTransfers && !hasStateGas();
}

/** Number of the access-set entry of a field of an account, or NO_ENTRY. */
// @ts-ignore: decorator
@inline
function numberFor(kind: u32, address: u32): u32 {
  const location = locateState(kind, address, 0);
  return location == 0 ? NO_ENTRY : numberOf(location);
}

/** The same of a field whose value is known then. */
// @ts-ignore: decorator
@inline
function read(kind: u32, address: u32): u32 {
  const number = numberFor(kind, address);
  return number != NO_ENTRY && loadNumber(number) == ReadResult.VALUE ? number : NO_ENTRY;
}

// @ts-ignore: decorator
@inline
function hasNoCode(address: u32): bool {
  const number = read(Kind.CODE, address);
  return number != NO_ENTRY && u256.isZero(entryAt(number) + Access.VALUE);
}
