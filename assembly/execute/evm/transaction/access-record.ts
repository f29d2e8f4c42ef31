// What a transaction has met of the state, as EvmMet records behind its result: what the block's access list (EIP-7928)
// is made of. Of the attempt that counts, since each attempt writes its own.

import {
  Access, AccessFlag, BaseValue, EvmBlock, EvmBlockFlag, EvmMet, EvmMetKind, Kind, Location,
} from "../../../layout";
import * as u256 from "../../../base/u256";
import { accessCount, entryAt, isWriteNumber, originalOf } from "../../../store/access-set";
import { findCode } from "../../../store/code-store";
import { kindOf, locationAt } from "../../../store/locations";
import { block } from "../memory/context";
import { Account, AccountFlag, accountCount, accountNumber, accountOf } from "../state/accounts";

/** Whether the block asks for it. */
export function recordsAccess(): bool {
  return (load<u32>(block, EvmBlock.FLAGS) & EvmBlockFlag.RECORD_ACCESS) != 0;
}

/** Bytes that `writeAccess` will need at most, the new codes included; 0 where nobody asks. */
export function accessSize(): u32 {
  if (!recordsAccess()) return 0;
  const entries = accessCount();
  let size = (accountCount + entries) * EvmMet.SIZE;
  for (let at: u32 = 0; at < entries; at++) size += codeLength(codeWritten(at));
  return size;
}

/** How many records `writeAccess` has written. */
export let written: u32 = 0;

/** Writes the records, and the codes behind them, to `out`; returns where they end. */
export function writeAccess(out: u32): u32 {
  written = 0;
  if (!recordsAccess()) return out;
  const start = out;
  for (let at: u32 = 0; at < accountCount; at++) {
    const account = accountNumber(at);
    if (load<u32>(account, Account.MET) != 0) out = put(out, EvmMetKind.ACCOUNT, account + Account.ADDRESS);
  }
  const entries = accessCount();
  for (let at: u32 = 0; at < entries; at++) out = putEntry(out, at);
  written = (out - start) / EvmMet.SIZE;
  for (let at: u32 = 0; at < entries; at++) {
    const code = codeWritten(at);
    const length = codeLength(code);
    if (length != 0) memory.copy(out, code + BaseValue.CODE_BYTES, length);
    out += length;
  }
  return out;
}

/** A record without slot and value; returns where the next one goes. */
function put(out: u32, kind: u32, address: u32): u32 {
  store<u32>(out, kind, EvmMet.KIND);
  memory.copy(out + EvmMet.ADDRESS, address, 20);
  memory.fill(out + EvmMet.SLOT, 0, 64);
  return out + EvmMet.SIZE;
}

function putEntry(out: u32, number: u32): u32 {
  const entry = entryAt(number);
  const location = locationAt(load<u32>(entry, Access.LOCATION));
  const kind = kindOf(location);
  const address = location + Location.ADDRESS;
  if (kind == Kind.STORAGE) return putSlot(out, number, location);
  if (kind != Kind.BALANCE && kind != Kind.NONCE && kind != Kind.CODE) return out;
  if (!isWriteNumber(number)) return out;
  const credited = (load<u32>(entry, Access.FLAGS) & AccessFlag.CREDITED) != 0;
  const end = put(out, credited ? EvmMetKind.CREDIT : metKind(kind), address);
  u256.copy(out + EvmMet.VALUE, entry + Access.VALUE);
  if (kind == Kind.CODE) store<u32>(out, codeLength(codeWritten(number)), EvmMet.SLOT);
  return end;
}

// @ts-ignore: decorator
@inline
function metKind(kind: u32): u32 {
  if (kind == Kind.BALANCE) return EvmMetKind.BALANCE;
  return kind == Kind.NONCE ? EvmMetKind.NONCE : EvmMetKind.CODE;
}

/** A slot that was warmed and no more is not met; one of an account that is destroyed again was only read. */
function putSlot(out: u32, number: u32, location: u32): u32 {
  const entry = entryAt(number);
  if ((load<u32>(entry, Access.FLAGS) & AccessFlag.READ) == 0) return out;
  const account = accountOf(location + Location.ADDRESS);
  const destroyed = account != 0 && (load<u32>(account, Account.FLAGS) & AccountFlag.DESTROYED) != 0;
  const changed = !destroyed && !u256.equal(entry + Access.VALUE, originalOf(number));
  const end = put(out, changed ? EvmMetKind.SLOT : EvmMetKind.SLOT_READ, location + Location.ADDRESS);
  memory.copy(out + EvmMet.SLOT, location + Location.SLOT, 32);
  if (changed) u256.copy(out + EvmMet.VALUE, entry + Access.VALUE);
  return end;
}

/** The record (BaseValue) of the code that entry `number` has set; 0: it has set none, or that there is none. */
function codeWritten(number: u32): u32 {
  const entry = entryAt(number);
  if (kindOf(locationAt(load<u32>(entry, Access.LOCATION))) != Kind.CODE || !isWriteNumber(number)) return 0;
  return u256.isZero(entry + Access.VALUE) ? 0 : findCode(entry + Access.VALUE);
}

// @ts-ignore: decorator
@inline
function codeLength(code: u32): u32 {
  return code == 0 ? 0 : load<u32>(code, BaseValue.CODE_LENGTH);
}
