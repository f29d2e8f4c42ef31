// Which code runs when an account is called: its own, or (EIP-7702) that of the account to which it delegates.

import { coldAccountGas, hasDelegation, warmAccessGas } from "../rules/fork-rules";
import { precompileNumber } from "../rules/precompile-numbers";
import { Stop } from "../memory/exits";
import { accountOf } from "../state/accounts";
import { delegationIn } from "../state/code";
import { NO_CODE, codeOf, touchWarm } from "../state/world";
import { unfinished } from "./halts";

/** The code that was found last (BaseValue), NO_CODE where there is none. */
export let codeRecord: u32 = 0;

/** A call that runs no code, but a precompile. */
export function takeNoCode(): void {
  codeRecord = NO_CODE;
}

/**
 * Finds the code that runs when `target` is called. The access to an account to which it delegates is charged, and
 * warms it: the gas left, or a Stop.
 */
export function takeCode(target: u32, gas: i64): i64 {
  codeRecord = codeOf(target);
  if (codeRecord == 0) return Stop.UNFINISHED;
  if (!hasDelegation || codeRecord == NO_CODE) return gas;
  const delegated = delegationIn(codeRecord);
  if (delegated == 0) return gas;
  const account = accountOf(delegated);
  if (account == 0) return unfinished();
  const cold = touchWarm(account);
  if (cold < 0) return Stop.UNFINISHED;
  gas -= cold == 0 ? warmAccessGas : coldAccountGas;
  if (gas < 0) return Stop.HALTED;
  codeRecord = precompileNumber(account) != 0 ? NO_CODE : codeOf(account);
  return codeRecord == 0 ? Stop.UNFINISHED : gas;
}
