// What a host can watch while a transaction runs. The trace build (`--use TRACE=1`) calls `env.trace` at each event
// that the host asked for, with the address of a record (TraceEvent in layout.ts); in every other build these functions
// are empty, and nothing of them or their calls is left in the module.

import {
  BaseValue, EvmOpcode, EvmTransaction, EvmTransactionFlag, Kind, ReadResult, STACK_SIZE, TraceCodeEnd,
  TraceDestruction, TraceEvent, TraceFrame, TraceFrameEnd, TracePeek, TraceStep, TraceTransaction,
} from "../../../layout";
import { allocate } from "../../../base/arena";
import * as u256 from "../../../base/u256";
import { transaction as transactionIndex } from "../../../store/access-set";
import { findCode } from "../../../store/code-store";
import { locateState, readState } from "../../state-view";
import { opcodeTable } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import { precompileNumber } from "../rules/precompile-numbers";
import {
  depth, frame, memorySize, memoryStart, output, outputLength, returned, returnedLength, transaction,
} from "../memory/context";
import { Exit } from "../memory/exits";
import { miss } from "../memory/failure";
import { currentGas } from "../memory/gas";
import { reservoirLeft, stateGas } from "../memory/state-gas";
import { Frame, FrameFlag, frames } from "../memory/workspace";
import { Account } from "../state/accounts";
import { refund, writeTransfer } from "../state/effects";
import { haltReason } from "./halts";

// @ts-ignore: decorator
@external("env", "trace")
declare function hostTrace(event: u32, record: u32): void;

/** TraceEvent bits that the host wants of this worker. */
let wanted: u32 = 0;
// Opcodes whose steps it wants to hear of, a bit for each.
let wanted0: u64 = 0;
let wanted1: u64 = 0;
let wanted2: u64 = 0;
let wanted3: u64 = 0;
/** Where events are written; large enough for each of them. */
let record: u32 = 0;
const RECORD_SIZE: u32 = 144;
/** TracePeek */
let peeked: u32 = 0;
/** What became of the code of the frame that is about to end (TraceCodeEnd), and the gas that it left. */
let codeEnd: u32 = TraceCodeEnd.NONE;
let codeGas: i64 = 0;
let gasBehind: i64 = 0;
// The instruction that ran last.
let lastOpcode: u32 = 0;
let lastGas: i64 = 0;
let lastBase: u32 = 0;
let lastTop: u32 = 0;
let lastMemorySize: u32 = 0;

/**
 * Chooses what the host hears of from now on: TraceEvent bits, and of the steps those of some opcodes, 64 in each word.
 * A step that is told costs ten times what the instruction does, and most who watch look at a few kinds only.
 */
export function observe(events: u32, steps0: u64, steps1: u64, steps2: u64, steps3: u64): void {
  wanted = events;
  wanted0 = steps0;
  wanted1 = steps1;
  wanted2 = steps2;
  wanted3 = steps3;
}

// @ts-ignore: decorator
@inline
function wants(event: u32): bool {
  return (wanted & event) != 0;
}

function wantsStep(opcode: u32): bool {
  if (!wants(TraceEvent.STEPPED)) return false;
  const group = opcode >> 6;
  const bits = group < 2 ? (group == 0 ? wanted0 : wanted1) : group == 2 ? wanted2 : wanted3;
  return ((bits >> u64(opcode & 63)) & 1) != 0;
}

/** Takes memory; false when there is none. */
export function takeTracing(): bool {
  if (!isDefined(TRACE)) return true;
  record = allocate(RECORD_SIZE);
  peeked = allocate(TracePeek.SIZE);
  return record != 0 && peeked != 0;
}

/** Address of the TracePeek that questions and answers cross the border in. */
export function peekRecord(): u32 {
  return peeked;
}

/**
 * Asks, while an event is told, what the running transaction sees at the key in the record: a ReadResult, and the value
 * in the record. What is MISSING counts as missed by the transaction, whose attempt will then end without a result.
 */
export function peek(kind: u32): u32 {
  const address = peeked + TracePeek.ADDRESS;
  const slot = kind == Kind.STORAGE ? peeked + TracePeek.SLOT : 0;
  const result = readState(kind, address, slot, peeked + TracePeek.VALUE);
  if (result == ReadResult.MISSING) return missed(kind, address, slot);
  if (kind != Kind.CODE || result != ReadResult.VALUE) return result;
  store<u32>(peeked, 0, TracePeek.CODE_LENGTH);
  if (u256.isZero(peeked + TracePeek.VALUE)) return result;
  const code = findCode(peeked + TracePeek.VALUE);
  if (code == 0) return missed(kind, address, slot);
  store<u32>(peeked, code + BaseValue.CODE_BYTES, TracePeek.CODE);
  store<u32>(peeked, load<u32>(code, BaseValue.CODE_LENGTH), TracePeek.CODE_LENGTH);
  return result;
}

function missed(kind: u32, address: u32, slot: u32): u32 {
  const location = locateState(kind, address, slot);
  return location != 0 && miss(location) ? ReadResult.MISSING : ReadResult.EXHAUSTED;
}

// @ts-ignore: decorator
@inline
export function traceTransaction(input: u32): void {
  if (isDefined(TRACE)) {
    codeEnd = TraceCodeEnd.NONE;
    if (!wants(TraceEvent.TRANSACTION_BEGAN)) return;
    store<u32>(record, transactionIndex, TraceTransaction.INDEX);
    store<u32>(record, input, TraceTransaction.RECORD);
    hostTrace(TraceEvent.TRANSACTION_BEGAN, record);
  }
}

/** `result`: an EvmResult; 0 when the attempt ends without one. */
// @ts-ignore: decorator
@inline
export function traceTransactionEnd(result: u32): void {
  if (isDefined(TRACE)) {
    if (wants(TraceEvent.TRANSACTION_ENDED)) hostTrace(TraceEvent.TRANSACTION_ENDED, result);
  }
}

/** The outermost frame begins, of the account at `address` (20 bytes). */
// @ts-ignore: decorator
@inline
export function traceOutermost(address: u32): void {
  if (isDefined(TRACE)) {
    if (!wants(TraceEvent.FRAME_BEGAN)) return;
    const creates = (load<u32>(transaction, EvmTransaction.FLAGS) & EvmTransactionFlag.CREATION) != 0;
    const input = transaction + load<u32>(transaction, EvmTransaction.DATA);
    const length = load<u32>(transaction, EvmTransaction.DATA_LENGTH);
    frameBegins(creates ? Op.CREATE : Op.CALL, frames, address, address, 0, input, length);
  }
}

/** A call of `target` begins, in the frame `callee` above the running one. */
// @ts-ignore: decorator
@inline
export function traceCall(opcode: u32, callee: u32, target: u32): void {
  if (isDefined(TRACE)) {
    if (!wants(TraceEvent.FRAME_BEGAN)) return;
    const self = load<u32>(callee, Frame.ACCOUNT) + Account.ADDRESS;
    const input = load<u32>(callee, Frame.INPUT);
    const length = load<u32>(callee, Frame.INPUT_LENGTH);
    frameBegins(opcode, callee, self, target + Account.ADDRESS, currentGas(), input, length);
  }
}

/** A creation at `address` (20 bytes) begins, in the frame `callee` above the running one. */
// @ts-ignore: decorator
@inline
export function traceCreation(opcode: u32, callee: u32, address: u32, code: u32, length: u32): void {
  if (isDefined(TRACE)) {
    if (wants(TraceEvent.FRAME_BEGAN)) frameBegins(opcode, callee, address, address, currentGas(), code, length);
  }
}

/** `began`: a frame whose flags, gas, caller and value are set; addresses are 20 bytes. */
function frameBegins(
  opcode: u32, began: u32, address: u32, codeAddress: u32, callerGas: i64, input: u32, inputLength: u32,
): void {
  store<u32>(record, opcode, TraceFrame.OPCODE);
  store<u32>(record, (began - frames) / Frame.SIZE, TraceFrame.DEPTH);
  store<i64>(record, load<i64>(began, Frame.GAS), TraceFrame.GAS);
  store<i64>(record, callerGas, TraceFrame.CALLER_GAS);
  store<u32>(record, input, TraceFrame.INPUT);
  store<u32>(record, inputLength, TraceFrame.INPUT_LENGTH);
  memory.copy(record + TraceFrame.CALLER, began + Frame.CALLER, 20);
  memory.copy(record + TraceFrame.ADDRESS, address, 20);
  memory.copy(record + TraceFrame.CODE_ADDRESS, codeAddress, 20);
  store<u32>(record, load<u32>(began, Frame.FLAGS) & FrameFlag.STATIC, TraceFrame.STATIC);
  u256.copy(record + TraceFrame.VALUE, began + Frame.VALUE);
  const creates = opcode == Op.CREATE || opcode == Op.CREATE2;
  store<u32>(record, creates ? 0 : precompileNumber(codeAddress), TraceFrame.PRECOMPILE);
  store<i64>(record, reservoirLeft(), TraceFrame.RESERVOIR);
  hostTrace(TraceEvent.FRAME_BEGAN, record);
}

/** The code of the running frame ended; what follows is up to the frame's kind. */
// @ts-ignore: decorator
@inline
export function traceCodeEnd(exit: u32): void {
  if (isDefined(TRACE)) {
    codeEnd = exit == Exit.HALTED ? TraceCodeEnd.HALTED : TraceCodeEnd.ENDED;
    codeGas = load<i64>(frame, Frame.GAS);
    gasBehind = currentGas();
  }
}

/** The running frame ended, with its gas settled and its output noted. */
// @ts-ignore: decorator
@inline
export function traceReturn(exit: u32): void {
  if (isDefined(TRACE)) traceFrameEnd(depth, exit, load<i64>(frame, Frame.GAS), output, outputLength);
}

/** Frame `number` ended. */
// @ts-ignore: decorator
@inline
export function traceFrameEnd(number: u32, exit: u32, gasLeft: i64, output: u32, outputLength: u32): void {
  if (isDefined(TRACE)) {
    if (!wants(TraceEvent.FRAME_ENDED)) return;
    frameEnds(number, exit, exit == Exit.HALTED ? haltReason : 0, gasLeft, output, outputLength);
  }
}

/** The call or creation that just began is not made after all (EvmHalt). */
// @ts-ignore: decorator
@inline
export function traceRefusal(reason: u32, gasLeft: i64): void {
  if (isDefined(TRACE)) {
    if (wants(TraceEvent.FRAME_ENDED)) frameEnds(depth + 1, Exit.HALTED, reason, gasLeft, 0, 0);
  }
}

function frameEnds(number: u32, exit: u32, reason: u32, gasLeft: i64, output: u32, outputLength: u32): void {
  store<u32>(record, number, TraceFrameEnd.DEPTH);
  store<u32>(record, exit, TraceFrameEnd.STATUS); // Exit and EvmStatus agree
  store<u32>(record, reason, TraceFrameEnd.REASON);
  store<u32>(record, output, TraceFrameEnd.OUTPUT);
  store<u32>(record, outputLength, TraceFrameEnd.OUTPUT_LENGTH);
  store<i64>(record, gasLeft, TraceFrameEnd.GAS_LEFT);
  store<i64>(record, refund, TraceFrameEnd.REFUND);
  store<i64>(record, codeEnd == TraceCodeEnd.ENDED ? codeGas : gasLeft, TraceFrameEnd.CODE_GAS);
  store<u32>(record, codeEnd, TraceFrameEnd.CODE_END);
  store<i64>(record, reservoirLeft(), TraceFrameEnd.RESERVOIR);
  store<i64>(record, stateGas, TraceFrameEnd.STATE_GAS);
  if (codeEnd != TraceCodeEnd.NONE) {
    store<u32>(record, lastOpcode, TraceFrameEnd.OPCODE);
    store<i64>(record, lastGas, TraceFrameEnd.GAS);
    store<i64>(record, priceOf(lastOpcode), TraceFrameEnd.PRICE);
    store<i64>(record, gasBehind, TraceFrameEnd.GAS_BEHIND);
    store<u32>(record, lastBase, TraceFrameEnd.STACK);
    store<u32>(record, (lastTop - lastBase) >> 5, TraceFrameEnd.STACK_HEIGHT);
    store<u32>(record, memoryStart, TraceFrameEnd.MEMORY);
    store<u32>(record, lastMemorySize, TraceFrameEnd.MEMORY_SIZE);
  }
  codeEnd = TraceCodeEnd.NONE;
  hostTrace(TraceEvent.FRAME_ENDED, record);
}

/** An instruction of the running frame, whose stack lies from `base` to `top`, is about to run. */
// @ts-ignore: decorator
@inline
export function traceStep(opcode: u32, pc: u32, gas: i64, base: u32, top: u32): void {
  if (isDefined(TRACE)) {
    lastOpcode = opcode;
    lastGas = gas;
    lastBase = base;
    lastTop = top;
    lastMemorySize = memorySize;
    // Of no code, the STOP behind its end is no step, as in geth.
    if (wantsStep(opcode) && load<u32>(frame, Frame.CODE_LENGTH) != 0) step(opcode, pc, gas, base, top);
  }
}

/** What an opcode costs at least; -1: the fork does not know it. */
function priceOf(opcode: u32): i64 {
  const row = opcodeTable + opcode * EvmOpcode.SIZE;
  return load<u16>(row, EvmOpcode.NEEDED) > STACK_SIZE ? -1 : i64(load<u32>(row, EvmOpcode.PRICE));
}

function step(opcode: u32, pc: u32, gas: i64, base: u32, top: u32): void {
  store<u32>(record, pc, TraceStep.PC);
  store<u32>(record, opcode, TraceStep.OPCODE);
  store<i64>(record, gas, TraceStep.GAS);
  store<i64>(record, refund, TraceStep.REFUND);
  store<u32>(record, depth, TraceStep.DEPTH);
  store<u32>(record, base, TraceStep.STACK);
  store<u32>(record, (top - base) >> 5, TraceStep.STACK_HEIGHT);
  store<u32>(record, memoryStart, TraceStep.MEMORY);
  store<u32>(record, memorySize, TraceStep.MEMORY_SIZE);
  store<u32>(record, returned, TraceStep.RETURNED);
  store<u32>(record, returnedLength, TraceStep.RETURNED_LENGTH);
  store<u32>(record, load<u32>(frame, Frame.ACCOUNT) + Account.ADDRESS, TraceStep.ADDRESS);
  store<i64>(record, priceOf(opcode), TraceStep.PRICE);
  store<i64>(record, reservoirLeft(), TraceStep.RESERVOIR);
  store<i64>(record, stateGas, TraceStep.STATE_GAS);
  hostTrace(TraceEvent.STEPPED, record);
}

/** Value moved; see `noteTransfer`. */
// @ts-ignore: decorator
@inline
export function traceTransfer(from: u32, to: u32, value: u32, number: u32, kind: u32): void {
  if (isDefined(TRACE)) {
    if (!wants(TraceEvent.TRANSFERRED)) return;
    writeTransfer(record, from, to, value, number, kind);
    hostTrace(TraceEvent.TRANSFERRED, record);
  }
}

/** `log`: an EvmLog. */
// @ts-ignore: decorator
@inline
export function traceLog(log: u32): void {
  if (isDefined(TRACE)) {
    if (wants(TraceEvent.LOGGED)) hostTrace(TraceEvent.LOGGED, log);
  }
}

// @ts-ignore: decorator
@inline
export function traceDestruction(own: u32, beneficiary: u32, value: u32, destroys: bool): void {
  if (isDefined(TRACE)) {
    if (!wants(TraceEvent.SELF_DESTRUCTED)) return;
    memory.copy(record + TraceDestruction.ADDRESS, own + Account.ADDRESS, 20);
    memory.copy(record + TraceDestruction.BENEFICIARY, beneficiary + Account.ADDRESS, 20);
    store<u32>(record, depth, TraceDestruction.DEPTH);
    store<u32>(record, u32(destroys), TraceDestruction.DESTROYS);
    u256.copy(record + TraceDestruction.VALUE, value);
    hostTrace(TraceEvent.SELF_DESTRUCTED, record);
  }
}
