// SELFDESTRUCT, which ends the frame.

import { EvmHalt, EvmTransferKind } from "../../../layout";
import * as u256 from "../../../base/u256";
import {
  clearsEmpty, coldAccountGas, destroysOnlyNew, destructionKeepsFunds, selfDestructNewAccountGas, selfDestructRefund,
} from "../rules/fork-rules";
import { depth, frame, isStatic, setOutput } from "../memory/context";
import { Exit } from "../memory/exits";
import { unfinished } from "../memory/failure";
import { charge } from "../memory/gas";
import { chargeNewAccount, hasStateGas } from "../memory/state-gas";
import { Frame, Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, meet } from "../state/accounts";
import { addRefund } from "../state/effects";
import { flagAccount } from "../state/journal";
import { Answer, balanceOf, credit, isAbsent, setBalance } from "../state/world";
import { account, takeAccount } from "./access";
import { haltFor } from "./halts";
import { traceDestruction } from "./tracing";
import { noteTransfer } from "./transfers";

/** Operand: the beneficiary. */
export function selfDestruct(top: u32): u32 {
  if (isStatic()) return haltFor(EvmHalt.STATIC_WRITE);
  const own = load<u32>(frame, Frame.ACCOUNT);
  const exit = takeAccount(top - 32, coldAccountGas);
  if (exit != Exit.NONE) return exit;
  const beneficiary = account;
  meet(beneficiary);
  const held = balanceOf(own);
  if (held == 0) return Exit.UNFINISHED;
  const amount = temporary + Temporary.WORD;
  u256.copy(amount, held);
  if (selfDestructNewAccountGas != 0 && (!clearsEmpty || !u256.isZero(amount))) {
    const absent = isAbsent(beneficiary);
    if (absent == Answer.FAILED) return Exit.UNFINISHED;
    if (absent == Answer.YES && !charge(selfDestructNewAccountGas)) return Exit.HALTED;
    if (absent == Answer.YES && hasStateGas() && !chargeNewAccount(frame)) return Exit.HALTED;
  }

  const flags = load<u32>(own, Account.FLAGS);
  const destroys = !destroysOnlyNew || (flags & AccountFlag.CREATED) != 0;
  traceDestruction(own, beneficiary, amount, destroys);
  if (!flagAccount(beneficiary, AccountFlag.TOUCHED)) return unfinished();
  // To itself, the value is burnt if the account goes, and stays otherwise; since EIP-8246 it stays always.
  if (!u256.isZero(amount) && (beneficiary != own || (destroys && !destructionKeepsFunds))) {
    if (!setBalance(own, temporary + Temporary.ZERO)) return Exit.UNFINISHED;
    if (beneficiary != own && !credit(beneficiary, amount)) return Exit.UNFINISHED;
    if (!noteTransfer(own, beneficiary, amount, depth, EvmTransferKind.SELFDESTRUCT)) return Exit.UNFINISHED;
  }
  if (destroys && (flags & AccountFlag.DESTROYED) == 0) {
    addRefund(selfDestructRefund);
    if (!flagAccount(own, AccountFlag.DESTROYED)) return unfinished();
  }
  setOutput(0, 0);
  return Exit.SUCCESS;
}
