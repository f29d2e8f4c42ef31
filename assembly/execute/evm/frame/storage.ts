// SLOAD, SSTORE, TLOAD and TSTORE.

import { EvmHalt } from "../../../layout";
import { allocate } from "../../../base/arena";
import * as u256 from "../../../base/u256";
import { NO_ENTRY, originalOf } from "../../../store/access-set";
import {
  clearRefund, coldSlotGas, netStorageMetering, slotAccessGas, storageReadGas, storageSentryGas, storageSetGas,
  storageUpdateGas,
} from "../rules/fork-rules";
import { frame, isStatic } from "../memory/context";
import { Exit } from "../memory/exits";
import { unfinished } from "../memory/failure";
import { charge, currentGas } from "../memory/gas";
import { chargeNewSlot, hasStateGas, refillNewSlot } from "../memory/state-gas";
import { Frame, Temporary, temporary } from "../memory/workspace";
import { addRefund } from "../state/effects";
import { saveWord } from "../state/journal";
import { findTransient, placeTransient } from "../state/transient-storage";
import { Answer, setSlot, slotNumber, slotValue, touchSlot } from "../state/world";
import { haltFor } from "./halts";

/** A slot that was met lately: whose, its number in the access set, and the transaction that met it. */
abstract class Recent {
  static readonly ACCOUNT: u32 = 0;
  static readonly NUMBER: u32 = 4;
  static readonly STAMP: u32 = 8;
  static readonly KEY: u32 = 16;
  static readonly SIZE: u32 = 48;
}

/** Code comes back to its slots: a small direct-mapped memory of them saves two hash tables, 60 of 80 ns. */
const RECENT: u32 = 256;

let recent: u32 = 0;
let stamp: u32 = 0;

/** Takes memory; false when there is none. */
export function takeStorage(): bool {
  recent = allocate(RECENT * Recent.SIZE);
  if (recent == 0) return false;
  memory.fill(recent, 0, RECENT * Recent.SIZE);
  stamp = 0;
  return true;
}

/** Forgets the slots of the transaction before. */
export function beginStorage(): void {
  stamp++;
}

/** Number of the running account's slot with the key in the word at `slot`; NO_ENTRY: failed. */
function find(slot: u32): u32 {
  const account = load<u32>(frame, Frame.ACCOUNT);
  const mixed = (load<u64>(slot) ^ (load<u64>(slot, 24) >> 7) ^ (u64(account) << 13)) * 0x9e3779b97f4a7c15;
  const place = recent + u32(mixed >> 56) * Recent.SIZE;
  const known = load<u32>(place, Recent.STAMP) == stamp && load<u32>(place, Recent.ACCOUNT) == account;
  if (known && u256.equal(place + Recent.KEY, slot)) return load<u32>(place, Recent.NUMBER);
  const key = temporary + Temporary.KEY;
  u256.storeBigEndian(key, slot);
  const number = slotNumber(account, key);
  if (number == NO_ENTRY) return NO_ENTRY;
  store<u32>(place, stamp, Recent.STAMP);
  store<u32>(place, account, Recent.ACCOUNT);
  store<u32>(place, number, Recent.NUMBER);
  u256.copy(place + Recent.KEY, slot);
  return number;
}

/** The word at `slot` becomes the slot's value. */
export function loadStorage(slot: u32): u32 {
  const number = find(slot);
  if (number == NO_ENTRY) return Exit.UNFINISHED;
  const cold = touchSlot(number);
  if (cold != Answer.NO) {
    if (cold == Answer.FAILED) return Exit.UNFINISHED;
    if (!charge(slotAccessGas)) return Exit.HALTED;
  }
  const value = slotValue(number);
  if (value == 0) return Exit.UNFINISHED;
  u256.copy(slot, value);
  return Exit.NONE;
}

export function storeStorage(slot: u32, value: u32): u32 {
  if (isStatic()) return haltFor(EvmHalt.STATIC_WRITE);
  if (currentGas() <= storageSentryGas) return Exit.HALTED;
  const number = find(slot);
  if (number == NO_ENTRY) return Exit.UNFINISHED;
  const cold = touchSlot(number);
  if (cold == Answer.FAILED) return Exit.UNFINISHED;
  // What cannot be paid is not looked at.
  if (cold == Answer.YES && currentGas() < coldSlotGas) return Exit.HALTED;
  const current = slotValue(number);
  if (current == 0) return Exit.UNFINISHED;
  const price = updateGas(number, current, value) + (cold == Answer.YES ? coldSlotGas : 0);
  if (!charge(price)) return Exit.HALTED;
  if (hasStateGas() && !payForSlot(number, current, value)) return Exit.HALTED;
  return u256.equal(current, value) || setSlot(number, value) ? Exit.NONE : Exit.UNFINISHED;
}

/** State gas of a slot that was zero before the transaction; false when the gas does not suffice. */
function payForSlot(number: u32, current: u32, value: u32): bool {
  const wasClear = u256.isZero(current);
  if (wasClear == u256.isZero(value) || !u256.isZero(originalOf(number))) return true;
  if (wasClear) return chargeNewSlot(frame);
  refillNewSlot(frame);
  return true;
}

/** What it costs to change a slot from `current` to `value`; counts the refund. */
function updateGas(number: u32, current: u32, value: u32): i64 {
  const clears = u256.isZero(value);
  if (!netStorageMetering) {
    const wasClear = u256.isZero(current);
    if (wasClear) return clears ? storageUpdateGas : storageSetGas;
    if (clears) addRefund(clearRefund);
    return storageUpdateGas;
  }
  // EIP-1283 and EIP-2200 with the prices of EIP-2929 and EIP-3529
  if (u256.equal(current, value)) return storageReadGas;
  const original = originalOf(number);
  const wasClear = u256.isZero(original);
  if (u256.equal(original, current)) {
    if (wasClear) return storageSetGas;
    if (clears) addRefund(clearRefund);
    return storageUpdateGas;
  }
  if (!wasClear) {
    if (u256.isZero(current)) addRefund(-clearRefund);
    if (clears) addRefund(clearRefund);
  }
  if (u256.equal(original, value)) addRefund((wasClear ? storageSetGas : storageUpdateGas) - storageReadGas);
  return storageReadGas;
}

/** The word at `slot` becomes the transient value. */
export function loadTransient(slot: u32): void {
  const value = findTransient(load<u32>(frame, Frame.ACCOUNT), slot);
  if (value == 0) u256.clear(slot);
  else u256.copy(slot, value);
}

export function storeTransient(slot: u32, value: u32): u32 {
  if (isStatic()) return haltFor(EvmHalt.STATIC_WRITE);
  const place = placeTransient(load<u32>(frame, Frame.ACCOUNT), slot);
  if (place == 0 || !saveWord(place)) return unfinished();
  u256.copy(place, value);
  return Exit.NONE;
}
