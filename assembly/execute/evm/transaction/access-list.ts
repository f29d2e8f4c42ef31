// What is warm before any code runs: the sender, the beneficiary, the access list.

import { EvmAccess, EvmBlock, EvmTransaction } from "../../../layout";
import { NO_ENTRY } from "../../../store/access-set";
import { coinbaseIsWarm, hasWarmth } from "../rules/fork-rules";
import { block, transaction } from "../memory/context";
import { exhaust } from "../memory/failure";
import { accountOf } from "../state/accounts";
import { Answer, slotNumber, touchSlot, touchWarm } from "../state/world";

/** EIP-2929, 2930 and 3651: what is warm from the beginning. */
export function warmUp(sender: u32): bool {
  if (!hasWarmth) return true;
  if (touchWarm(sender) == Answer.FAILED) return false;
  if (coinbaseIsWarm) {
    const coinbase = accountOf(block + EvmBlock.COINBASE);
    if (coinbase == 0) return exhaust();
    if (touchWarm(coinbase) == Answer.FAILED) return false;
  }
  const lines = load<u32>(transaction, EvmTransaction.ACCESS_COUNT);
  const list = transaction + load<u32>(transaction, EvmTransaction.ACCESS_LIST);
  for (let line: u32 = 0; line < lines; line++) {
    const access = list + line * EvmAccess.SIZE;
    const account = accountOf(access + EvmAccess.ADDRESS);
    if (account == 0) return exhaust();
    if (touchWarm(account) == Answer.FAILED) return false;
    if (load<u32>(access, EvmAccess.HAS_SLOT) == 0) continue;
    const number = slotNumber(account, access + EvmAccess.SLOT);
    if (number == NO_ENTRY || touchSlot(number) == Answer.FAILED) return false;
  }
  return true;
}
