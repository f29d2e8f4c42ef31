// The synthetic executor: small programs of reads and writes, for tests and benchmarks of everything but the EVM.
//
// A program is an array of 16-byte instructions {operation u32, a u32, b u32, c u32}, which the host has checked
// (src/core/host/synthetic-program.ts): divisors are not 0, skips do not wrap. It works on one u64 accumulator, so
// that whatever it reads shows in whatever it writes and in its output (8 bytes). Account n is the address whose last
// four bytes are n (big-endian), slot n the one whose last four bytes are n. test/support/synthetic.ts is its oracle.

import {
  CONTROL_BASE, Control, INSTRUCTION_SIZE, Kind, Operation, Outcome, ReadResult, TxSlot,
} from "../layout";
import { allocate } from "../base/arena";
import { store32be } from "../base/bytes";
import * as u256 from "../base/u256";
import { slotAt } from "../schedule/status";
import { atLeastState, creditState, readState, resetState, unfinished, writeState } from "./state-view";

let address: u32 = 0;
let slot: u32 = 0;
let value: u32 = 0;
/** Address and length of the last program's output. */
export let syntheticOutput: u32 = 0;
export const syntheticOutputLength: u32 = 8;

let sink: u64 = 0;

/** Called by each worker when it joins a block; false when memory is exhausted. */
export function resetSynthetic(): bool {
  const memory = allocate(32 * 4);
  if (memory == 0) return false;
  address = memory;
  slot = memory + 32;
  value = memory + 64;
  syntheticOutput = memory + 96;
  store<u64>(address, 0);
  store<u64>(address, 0, 8);
  u256.clear(slot);
  return true;
}

/** Runs the transaction's program: an Outcome, or a ReadResult other than VALUE shifted left by 8. */
export function executeSynthetic(transaction: u32): u32 {
  const program = load<u32>(slotAt(transaction), TxSlot.INPUT);
  const end = program + load<u32>(slotAt(transaction), TxSlot.INPUT_LENGTH);
  let accumulator: u64 = load<u32>(CONTROL_BASE, Control.FIRST_TRANSACTION) + transaction;
  let outcome = Outcome.SUCCESS;
  for (let at = program; at < end; at += INSTRUCTION_SIZE) {
    const operation = load<u32>(at);
    const a = load<u32>(at, 4);
    const b = load<u32>(at, 8);
    const c = load<u32>(at, 12);
    let result = ReadResult.VALUE;
    let fits = true;
    store32be(address + 16, a);
    if (operation == Operation.READ || operation == Operation.READ_DYNAMIC) {
      store32be(slot + 28, operation == Operation.READ ? b : u32(accumulator % b));
      result = readState(Kind.STORAGE, address, slot, value);
      accumulator = mix(accumulator, load<u64>(value));
    } else if (operation == Operation.WRITE || operation == Operation.WRITE_DYNAMIC) {
      store32be(slot + 28, operation == Operation.WRITE ? b : u32(accumulator % b));
      u256.clear(value);
      store<u64>(value, mix(accumulator, c));
      fits = writeState(Kind.STORAGE, address, slot, value);
    } else if (operation == Operation.INCREMENT) {
      store32be(slot + 28, b);
      result = readState(Kind.STORAGE, address, slot, value);
      store<u64>(value, load<u64>(value) + c);
      if (result == ReadResult.VALUE) fits = writeState(Kind.STORAGE, address, slot, value);
    } else if (operation == Operation.READ_BALANCE) {
      result = readState(Kind.BALANCE, address, 0, value);
      accumulator = mix(accumulator, load<u64>(value));
    } else if (operation == Operation.CREDIT) {
      u256.clear(value);
      store<u64>(value, b);
      fits = creditState(Kind.BALANCE, address, value);
    } else if (operation == Operation.DEBIT) {
      result = readState(Kind.BALANCE, address, 0, value);
      if (result == ReadResult.VALUE) {
        const balance = load<u64>(value);
        if (balance < b) {
          outcome = Outcome.REVERTED;
          break;
        }
        store<u64>(value, balance - b);
        fits = writeState(Kind.BALANCE, address, 0, value);
      }
    } else if (operation == Operation.SKIP_UNLESS_AT_LEAST) {
      u256.clear(value);
      store<u64>(value, b);
      result = atLeastState(Kind.BALANCE, address, value, value);
      if (result == ReadResult.VALUE && load<u32>(value) == 0) at += c * INSTRUCTION_SIZE;
    } else if (operation == Operation.RESET) {
      u256.clear(value);
      store<u64>(value, 1);
      fits = resetState(address, value);
    } else if (operation == Operation.NONCE) {
      result = readState(Kind.NONCE, address, 0, value);
      if (result == ReadResult.VALUE) {
        if (load<u64>(value) != b) {
          outcome = Outcome.INVALID;
          break;
        }
        store<u64>(value, b + 1);
        fits = writeState(Kind.NONCE, address, 0, value);
      }
    } else if (operation == Operation.WRITE_CODE) {
      u256.clear(value);
      store<u64>(value, mix(accumulator, c));
      fits = writeState(Kind.CODE, address, 0, value);
    } else if (operation == Operation.READ_CODE) {
      result = readState(Kind.CODE, address, 0, value);
      accumulator = mix(accumulator, load<u64>(value));
    } else if (operation == Operation.SPIN) {
      let burnt = accumulator;
      for (let round: u32 = 0; round < a; round++) burnt = mix(burnt, round);
      sink = burnt;
    } else if (operation == Operation.REVERT_IF_ODD) {
      if ((accumulator & 1) != 0) {
        outcome = Outcome.REVERTED;
        break;
      }
    } else if (operation == Operation.FAIL_IF_DIVISIBLE) {
      if (accumulator % a == 0) {
        outcome = Outcome.FAILED;
        break;
      }
    }
    if (result != ReadResult.VALUE) return unfinished(result);
    if (!fits) return unfinished(ReadResult.EXHAUSTED);
  }
  store<u64>(syntheticOutput, accumulator);
  return outcome;
}

/** One step of a 64-bit mixer (the multiplier is splitmix64's). */
export function mix(accumulator: u64, word: u64): u64 {
  const product = (accumulator ^ word) * 0xbf58476d1ce4e5b9 + 1;
  return product ^ (product >> 29);
}
