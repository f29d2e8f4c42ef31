// Value that moves between accounts: in their balances, among the effects of the transaction, and for who watches.

import { exhaust } from "../memory/failure";
import { recordTransfer } from "../state/effects";
import { credit, debit } from "../state/world";
import { traceTransfer } from "./tracing";

/** Moves value from an account that has it into frame `number` (EvmTransferKind); false: the attempt must end. */
export function transfer(from: u32, to: u32, value: u32, number: u32, kind: u32): bool {
  if (from != to && (!debit(from, value) || !credit(to, value))) return false;
  return noteTransfer(from, to, value, number, kind);
}

/** Notes that value moved; false: memory is exhausted. */
// @ts-ignore: decorator
@inline
export function noteTransfer(from: u32, to: u32, value: u32, number: u32, kind: u32): bool {
  traceTransfer(from, to, value, number, kind);
  return recordTransfer(from, to, value, number, kind) || exhaust();
}
