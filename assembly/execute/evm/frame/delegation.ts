// Which code runs when an account is called: its own, or (EIP-7702) that of the account to which it delegates.

import { coldAccountGas, hasDelegation, warmAccessGas } from "../rules/fork-rules";
import { precompileNumber } from "../rules/precompile-numbers";
import { Exit } from "../memory/exits";
import { unfinished } from "../memory/failure";
import { charge } from "../memory/gas";
import { accountOf, meet } from "../state/accounts";
import { delegationIn } from "../state/code";
import { Answer, NO_CODE, codeOf, touchWarm } from "../state/world";

/** The code that was found last (BaseValue), NO_CODE where there is none. */
export let codeRecord: u32 = 0;

/**
 * Finds the code that runs when `target` is called. The access to an account to which it delegates is charged, and
 * warms it.
 */
export function takeCode(target: u32): u32 {
  codeRecord = codeOrPrecompile(target);
  if (codeRecord == 0) return Exit.UNFINISHED;
  if (!hasDelegation || codeRecord == NO_CODE) return Exit.NONE;
  const delegated = delegationIn(codeRecord);
  if (delegated == 0) return Exit.NONE;
  const account = accountOf(delegated);
  if (account == 0) return unfinished();
  const cold = touchWarm(account);
  if (cold == Answer.FAILED) return Exit.UNFINISHED;
  if (!charge(cold == Answer.YES ? coldAccountGas : warmAccessGas)) return Exit.HALTED;
  codeRecord = codeOrPrecompile(account);
  return codeRecord == 0 ? Exit.UNFINISHED : Exit.NONE;
}

/** The code of an account; a precompile has none. */
// @ts-ignore: decorator
@inline
function codeOrPrecompile(account: u32): u32 {
  meet(account);
  return precompileNumber(account) != 0 ? NO_CODE : codeOf(account);
}
