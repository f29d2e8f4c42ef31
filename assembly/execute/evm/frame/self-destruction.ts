// SELFDESTRUCT. The handler answers the gas left, and the frame then ends, or a Stop.

import { EvmHalt, EvmTransferKind } from "../../../layout";
import * as u256 from "../../../base/u256";
import { clearsEmpty, destroysOnlyNew, selfDestructNewAccountGas, selfDestructRefund } from "../rules/fork-rules";
import { depth, frame, setOutput } from "../memory/context";
import { Stop } from "../memory/exits";
import { Frame, FrameFlag, Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, accountOf } from "../state/accounts";
import { addRefund } from "../state/effects";
import { flagAccount } from "../state/journal";
import { Answer, balanceOf, credit, isAbsent, setBalance, touchWarm } from "../state/world";
import { haltFor, unfinished } from "./halts";
import { traceDestruction } from "./tracing";
import { noteTransfer } from "./transfers";

/** Operand: the beneficiary. Answers the gas left; the frame then ends. */
export function selfDestruct(top: u32, gas: i64): i64 {
  if ((load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC) != 0) return haltFor(EvmHalt.STATIC_WRITE);
  const own = load<u32>(frame, Frame.ACCOUNT);
  const address = temporary + Temporary.ADDRESS;
  u256.storeAddress(address, top - 32);
  const beneficiary = accountOf(address);
  if (beneficiary == 0) return unfinished();
  const cold = touchWarm(beneficiary);
  if (cold < 0) return Stop.UNFINISHED;
  gas -= cold;
  if (gas < 0) return Stop.HALTED;
  const held = balanceOf(own);
  if (held == 0) return Stop.UNFINISHED;
  const amount = temporary + Temporary.WORD;
  u256.copy(amount, held);
  if (selfDestructNewAccountGas != 0 && (!clearsEmpty || !u256.isZero(amount))) {
    const absent = isAbsent(beneficiary);
    if (absent == Answer.FAILED) return Stop.UNFINISHED;
    if (absent == Answer.YES) gas -= selfDestructNewAccountGas;
    if (gas < 0) return Stop.HALTED;
  }

  const flags = load<u32>(own, Account.FLAGS);
  const destroys = !destroysOnlyNew || (flags & AccountFlag.CREATED) != 0;
  traceDestruction(own, beneficiary, amount, destroys);
  if (!flagAccount(beneficiary, AccountFlag.TOUCHED)) return unfinished();
  // To itself, the value is burnt if the account goes, and stays otherwise.
  if (!u256.isZero(amount) && (beneficiary != own || destroys)) {
    if (!setBalance(own, temporary + Temporary.ZERO)) return Stop.UNFINISHED;
    if (beneficiary != own && !credit(beneficiary, amount)) return Stop.UNFINISHED;
    if (!noteTransfer(own, beneficiary, amount, depth, EvmTransferKind.SELFDESTRUCT)) return Stop.UNFINISHED;
  }
  if (destroys && (flags & AccountFlag.DESTROYED) == 0) {
    addRefund(selfDestructRefund);
    if (!flagAccount(own, AccountFlag.DESTROYED)) return unfinished();
  }
  setOutput(0, 0);
  return gas;
}
