// What a transaction pays: the price of its gas, all of it in advance, what was not used back, the rest to the
// beneficiary as a credit that reads nothing.

import { EvmBlock, EvmTransaction, EvmTransactionFlag } from "../../../layout";
import * as u256 from "../../../base/u256";
import { blobGas, hasBaseFee } from "../rules/fork-rules";
import { block, gasPrice, transaction } from "../memory/context";
import { exhaust } from "../memory/failure";
import { Temporary, temporary } from "../memory/workspace";
import { AccountFlag, accountOf, meet } from "../state/accounts";
import { flagAccount } from "../state/journal";
import { credit, debit, setNonce } from "../state/world";
import { multiplyBy, senderNonce } from "./admission";
import { recordsAccess } from "./access-record";
import { emptyAccountsMatter } from "./clearing";

/** Whether gas has no price, whatever the base fee is. */
function isFree(): bool {
  return (load<u32>(transaction, EvmTransaction.FLAGS) & EvmTransactionFlag.FREE) != 0;
}

/** min(max fee, base fee + priority fee); types 0 and 1 name one price as both. */
export function computeGasPrice(): void {
  u256.copy(gasPrice, transaction + EvmTransaction.MAX_FEE);
  if (!hasBaseFee || isFree()) return;
  const sum = temporary + Temporary.WORD;
  const overflows = u256.addWithCarry(sum, block + EvmBlock.BASE_FEE, transaction + EvmTransaction.MAX_PRIORITY_FEE);
  if (!overflows && u256.less(sum, gasPrice)) u256.copy(gasPrice, sum);
}

/** The sender pays for all gas and blobs, and its nonce rises. `admit` has seen that it can. */
export function payUpFront(sender: u32): bool {
  const cost = temporary + Temporary.WORD;
  multiplyBy(cost, gasPrice, load<u64>(transaction, EvmTransaction.GAS_LIMIT));
  const blobs = u64(load<u32>(transaction, EvmTransaction.BLOB_COUNT));
  if (blobs != 0) {
    const part = temporary + Temporary.OTHER;
    multiplyBy(part, block + EvmBlock.BLOB_BASE_FEE, blobs * u64(blobGas));
    u256.add(cost, cost, part);
  }
  if (!flagAccount(sender, AccountFlag.TOUCHED)) return exhaust();
  return debit(sender, cost) && setNonce(sender, senderNonce + 1);
}

/** Gives back what was not used, and credits the beneficiary. */
export function settle(sender: u32, gasLimit: i64, used: i64): bool {
  const amount = temporary + Temporary.WORD;
  multiplyBy(amount, gasPrice, u64(gasLimit - used));
  if (!u256.isZero(amount) && !credit(sender, amount)) return false;
  const price = temporary + Temporary.HASH;
  u256.copy(price, gasPrice);
  if (hasBaseFee && !isFree()) u256.subtract(price, price, block + EvmBlock.BASE_FEE);
  multiplyBy(amount, price, u64(used));
  const pays = !u256.isZero(amount);
  if (!pays && !emptyAccountsMatter() && !recordsAccess()) return true;
  const coinbase = accountOf(block + EvmBlock.COINBASE);
  if (coinbase == 0) return exhaust();
  meet(coinbase);
  if (!pays && !emptyAccountsMatter()) return true;
  if (!flagAccount(coinbase, AccountFlag.TOUCHED)) return exhaust();
  return !pays || credit(coinbase, amount);
}
