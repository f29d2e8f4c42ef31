// Value that moves between accounts: in their balances, among the effects of the transaction, and for who watches.

import { EvmLog } from "../../../layout";
import * as u256 from "../../../base/u256";
import { logsTransfers } from "../rules/fork-rules";
import { exhaust } from "../memory/failure";
import { addLog, recordTransfer } from "../state/effects";
import { credit, debit } from "../state/world";
import { traceLog, traceTransfer } from "./tracing";

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
  if (logsTransfers && from != to && !logTransfer(from, to, value)) return exhaust();
  return recordTransfer(from, to, value, number, kind) || exhaust();
}

/** Who logs what the protocol itself has to say: 0xfffffffffffffffffffffffffffffffffffffffe. */
const SYSTEM_ADDRESS = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254,
]);
/** keccak256 of `Transfer(address,address,uint256)`. */
const TRANSFER_EVENT = memory.data<u8>([
  0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa,
  0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
]);

/** EIP-7708; false: memory is exhausted. */
function logTransfer(from: u32, to: u32, value: u32): bool {
  const log = addLog(u32(SYSTEM_ADDRESS), 3, 32);
  if (log == 0) return false;
  const topics = log + EvmLog.SIZE;
  memory.copy(topics, u32(TRANSFER_EVENT), 32);
  memory.fill(topics + 32, 0, 64);
  memory.copy(topics + 32 + 12, from, 20);
  memory.copy(topics + 64 + 12, to, 20);
  u256.storeBigEndian(topics + 96, value);
  traceLog(log);
  return true;
}
