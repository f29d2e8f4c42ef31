// The interpreter: one loop around one switch, which compiles to a jump table. It runs the running frame until it ends or
// another one is to run; stack and gas are checked in each case. What needs more than a few lines is a handler elsewhere.
//
// `top` is one past the stack's top: operands lie at top - 32, top - 64, …; the stack grows upwards.

import { EvmBlock } from "../../../layout";
import { addModulo, divide, divideSigned, modulo, moduloSigned, multiplyModulo } from "../../../base/u256-division";
import * as u256 from "../../../base/u256";
import { expByteGas, gasTable } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import { block, frame, gasPrice, memorySize, memoryStart, origin, returnedLength, setOutput } from "../memory/context";
import { Exit } from "../memory/exits";
import { expandMemory, rangeLength, rangeOffset, takeRange } from "../memory/ranges";
import { STACK_SIZE } from "../memory/segments";
import { Frame, Temporary, temporary } from "../memory/workspace";
import { Account } from "../state/accounts";
import { call } from "./calls";
import { create } from "./creation";
import {
  balance, blobHash, blockHash, callDataCopy, callDataLoad, codeCopy, extCodeCopy, extCodeHash, extCodeSize, hashMemory,
  log, memoryCopy, returnDataCopy, selfBalance,
} from "./environment";
import { beginCode, haltAt } from "./halts";
import { selfDestruct } from "./self-destruction";
import { loadStorage, loadTransient, storeStorage, storeTransient } from "./storage";
import { traceStep } from "./tracing";

/** Memory offsets beyond this cannot be paid for. */
const FAR: u64 = 1 << 40;

/** Bits of the 32 bytes that end with the immediate of PUSHn: the lower n bytes, n = 0 … 32; big-endian words. */
const PUSH_MASKS = memory.data<u8>([

  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
]);

/** The word at `out` = the `size` bytes at `from`, big-endian; the bytes before them are read and masked. */
// @ts-ignore: decorator
@inline
function push(out: u32, from: u32, size: u32): void {
  const start = from + size - 32;
  const mask = PUSH_MASKS + (size << 5);
  const high = v128.and(v128.load(start), v128.load(mask));
  const low = v128.and(v128.load(start, 16), v128.load(mask, 16));
  v128.store(out, u256.reversed(low));
  v128.store(out, u256.reversed(high), 16);
}

// @ts-ignore: decorator
@inline
function swap(top: u32, depth: u32): void {
  const other = top - 32 - (depth << 5);
  const a0 = load<u64>(top - 32);
  const a1 = load<u64>(top - 24);
  const a2 = load<u64>(top - 16);
  const a3 = load<u64>(top - 8);
  u256.copy(top - 32, other);
  store<u64>(other, a0);
  store<u64>(other, a1, 8);
  store<u64>(other, a2, 16);
  store<u64>(other, a3, 24);
}

/** Whether code may be entered at byte `destination`. */
// @ts-ignore: decorator
@inline
function isJumpDestination(map: u32, destination: u32): bool {
  return ((load<u8>(map + (destination >> 3)) >> u8(destination & 7)) & 1) != 0;
}

/** Runs the running frame: how it ended (Exit). Its program counter, stack and gas are kept in the frame meanwhile. */
export function interpret(): u32 {
  beginCode();
  const running = frame;
  const costs = gasTable;
  const base = load<u32>(running, Frame.STACK_BASE);
  const limit = base + STACK_SIZE;
  const code = load<u32>(running, Frame.CODE);
  const codeLength = load<u32>(running, Frame.CODE_LENGTH);
  const map = load<u32>(running, Frame.JUMP_MAP);
  let pc = load<u32>(running, Frame.PC);
  let top = load<u32>(running, Frame.STACK);
  let gas = load<i64>(running, Frame.GAS);
  while (true) {
    const opcode = u32(load<u8>(pc));
    traceStep(opcode, pc - code, gas, base, top);
    pc++;
    gas -= load<i64>(costs + (opcode << 3));
    if (gas < 0) return haltAt(pc, gas, top - base);
    switch (opcode) {
      case Op.STOP:
        store<i64>(running, gas, Frame.GAS);
        setOutput(0, 0);
        return Exit.SUCCESS;
      case Op.ADD:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.add(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.MUL:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.multiply(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SUB:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.subtract(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.DIV:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        divide(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SDIV:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        divideSigned(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.MOD:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        modulo(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SMOD:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        moduloSigned(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.ADDMOD:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        addModulo(top - 96, top - 32, top - 64, top - 96);
        top -= 64;
        break;
      case Op.MULMOD:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        multiplyModulo(top - 96, top - 32, top - 64, top - 96);
        top -= 64;
        break;
      case Op.EXP:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        gas -= expByteGas * i64((263 - u256.leadingZeros(top - 64)) >> 3);
        if (gas < 0) return haltAt(pc, gas, top - base);
        u256.power(top - 64, top - 32, top - 64, temporary + Temporary.SQUARE);
        top -= 32;
        break;
      case Op.SIGNEXTEND:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.signExtend(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.LT:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.set(top - 64, u64(u256.less(top - 32, top - 64)));
        top -= 32;
        break;
      case Op.GT:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.set(top - 64, u64(u256.less(top - 64, top - 32)));
        top -= 32;
        break;
      case Op.SLT:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.set(top - 64, u64(u256.lessSigned(top - 32, top - 64)));
        top -= 32;
        break;
      case Op.SGT:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.set(top - 64, u64(u256.lessSigned(top - 64, top - 32)));
        top -= 32;
        break;
      case Op.EQ:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.set(top - 64, u64(u256.equal(top - 32, top - 64)));
        top -= 32;
        break;
      case Op.ISZERO:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        u256.set(top - 32, u64(u256.isZero(top - 32)));
        break;
      case Op.AND:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.and(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.OR:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.or(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.XOR:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.xor(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.NOT:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        u256.not(top - 32, top - 32);
        break;
      case Op.BYTE:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.byteAt(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SHL:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.shiftLeft(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SHR:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.shiftRight(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SAR:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        u256.shiftRightSigned(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.CLZ:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        u256.set(top - 32, u256.leadingZeros(top - 32));
        break;
      case Op.KECCAK256:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        gas = hashMemory(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 32;
        break;
      case Op.ADDRESS:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.loadAddress(top, load<u32>(running, Frame.ACCOUNT) + Account.ADDRESS);
        top += 32;
        break;
      case Op.BALANCE:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        gas = balance(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.ORIGIN:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.loadAddress(top, origin);
        top += 32;
        break;
      case Op.CALLER:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.loadAddress(top, running + Frame.CALLER);
        top += 32;
        break;
      case Op.CALLVALUE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, running + Frame.VALUE);
        top += 32;
        break;
      case Op.CALLDATALOAD:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        callDataLoad(top - 32);
        break;
      case Op.CALLDATASIZE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, load<u32>(running, Frame.INPUT_LENGTH));
        top += 32;
        break;
      case Op.CALLDATACOPY:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        gas = callDataCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.CODESIZE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, codeLength);
        top += 32;
        break;
      case Op.CODECOPY:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        gas = codeCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.GASPRICE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, gasPrice);
        top += 32;
        break;
      case Op.EXTCODESIZE:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        gas = extCodeSize(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.EXTCODECOPY:
        if (top - base < 128) return haltAt(pc, gas, top - base);
        gas = extCodeCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 128;
        break;
      case Op.RETURNDATASIZE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, returnedLength);
        top += 32;
        break;
      case Op.RETURNDATACOPY:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        gas = returnDataCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.EXTCODEHASH:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        gas = extCodeHash(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.BLOCKHASH:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        gas = blockHash(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.COINBASE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.loadAddress(top, block + EvmBlock.COINBASE);
        top += 32;
        break;
      case Op.TIMESTAMP:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, load<u64>(block, EvmBlock.TIMESTAMP));
        top += 32;
        break;
      case Op.NUMBER:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, load<u64>(block, EvmBlock.NUMBER));
        top += 32;
        break;
      case Op.PREVRANDAO:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, block + EvmBlock.RANDAO);
        top += 32;
        break;
      case Op.GASLIMIT:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, load<u64>(block, EvmBlock.GAS_LIMIT));
        top += 32;
        break;
      case Op.CHAINID:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, block + EvmBlock.CHAIN_ID);
        top += 32;
        break;
      case Op.SELFBALANCE:
        if (top == limit) return haltAt(pc, gas, top - base);
        gas = selfBalance(top, gas);
        if (gas < 0) return u32(-gas);
        top += 32;
        break;
      case Op.BASEFEE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, block + EvmBlock.BASE_FEE);
        top += 32;
        break;
      case Op.BLOBHASH:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        blobHash(top - 32);
        break;
      case Op.BLOBBASEFEE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, block + EvmBlock.BLOB_BASE_FEE);
        top += 32;
        break;
      case Op.POP:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        top -= 32;
        break;
      case Op.MLOAD: {
        if (top - base < 32) return haltAt(pc, gas, top - base);
        const offset = u256.clamped(top - 32, FAR);
        if (offset + 32 > memorySize) {
          gas = expandMemory(offset + 32, gas);
          if (gas < 0) return u32(-gas);
        }
        u256.loadBigEndian(top - 32, memoryStart + u32(offset));
        break;
      }
      case Op.MSTORE: {
        if (top - base < 64) return haltAt(pc, gas, top - base);
        const offset = u256.clamped(top - 32, FAR);
        if (offset + 32 > memorySize) {
          gas = expandMemory(offset + 32, gas);
          if (gas < 0) return u32(-gas);
        }
        u256.storeBigEndian(memoryStart + u32(offset), top - 64);
        top -= 64;
        break;
      }
      case Op.MSTORE8: {
        if (top - base < 64) return haltAt(pc, gas, top - base);
        const offset = u256.clamped(top - 32, FAR);
        if (offset + 1 > memorySize) {
          gas = expandMemory(offset + 1, gas);
          if (gas < 0) return u32(-gas);
        }
        store<u8>(memoryStart + u32(offset), load<u8>(top - 64));
        top -= 64;
        break;
      }
      case Op.SLOAD:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        gas = loadStorage(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.SSTORE:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        gas = storeStorage(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.JUMP: {
        if (top - base < 32) return haltAt(pc, gas, top - base);
        const destination = u32(u256.clamped(top - 32, codeLength));
        if (destination == codeLength || !isJumpDestination(map, destination)) return haltAt(pc, gas, top - base);
        pc = code + destination;
        top -= 32;
        break;
      }
      case Op.JUMPI: {
        if (top - base < 64) return haltAt(pc, gas, top - base);
        if (!u256.isZero(top - 64)) {
          const destination = u32(u256.clamped(top - 32, codeLength));
          if (destination == codeLength || !isJumpDestination(map, destination)) return haltAt(pc, gas, top - base);
          pc = code + destination;
        }
        top -= 64;
        break;
      }
      case Op.PC:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, pc - code - 1);
        top += 32;
        break;
      case Op.MSIZE:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, memorySize);
        top += 32;
        break;
      case Op.GAS:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, gas);
        top += 32;
        break;
      case Op.JUMPDEST:
        break;
      case Op.TLOAD:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        loadTransient(top - 32);
        break;
      case Op.TSTORE:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        gas = storeTransient(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.MCOPY:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        gas = memoryCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.PUSH0:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.clear(top);
        top += 32;
        break;
      case Op.PUSH1:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, u64(load<u8>(pc)));
        pc += 1;
        top += 32;
        break;
      case Op.PUSH2:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, u64(bswap(load<u16>(pc))));
        pc += 2;
        top += 32;
        break;
      case Op.PUSH3:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 3);
        pc += 3;
        top += 32;
        break;
      case Op.PUSH4:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.set(top, u64(bswap(load<u32>(pc))));
        pc += 4;
        top += 32;
        break;
      case Op.PUSH5:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 5);
        pc += 5;
        top += 32;
        break;
      case Op.PUSH6:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 6);
        pc += 6;
        top += 32;
        break;
      case Op.PUSH7:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 7);
        pc += 7;
        top += 32;
        break;
      case Op.PUSH8:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 8);
        pc += 8;
        top += 32;
        break;
      case Op.PUSH9:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 9);
        pc += 9;
        top += 32;
        break;
      case Op.PUSH10:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 10);
        pc += 10;
        top += 32;
        break;
      case Op.PUSH11:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 11);
        pc += 11;
        top += 32;
        break;
      case Op.PUSH12:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 12);
        pc += 12;
        top += 32;
        break;
      case Op.PUSH13:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 13);
        pc += 13;
        top += 32;
        break;
      case Op.PUSH14:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 14);
        pc += 14;
        top += 32;
        break;
      case Op.PUSH15:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 15);
        pc += 15;
        top += 32;
        break;
      case Op.PUSH16:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 16);
        pc += 16;
        top += 32;
        break;
      case Op.PUSH17:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 17);
        pc += 17;
        top += 32;
        break;
      case Op.PUSH18:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 18);
        pc += 18;
        top += 32;
        break;
      case Op.PUSH19:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 19);
        pc += 19;
        top += 32;
        break;
      case Op.PUSH20:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 20);
        pc += 20;
        top += 32;
        break;
      case Op.PUSH21:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 21);
        pc += 21;
        top += 32;
        break;
      case Op.PUSH22:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 22);
        pc += 22;
        top += 32;
        break;
      case Op.PUSH23:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 23);
        pc += 23;
        top += 32;
        break;
      case Op.PUSH24:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 24);
        pc += 24;
        top += 32;
        break;
      case Op.PUSH25:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 25);
        pc += 25;
        top += 32;
        break;
      case Op.PUSH26:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 26);
        pc += 26;
        top += 32;
        break;
      case Op.PUSH27:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 27);
        pc += 27;
        top += 32;
        break;
      case Op.PUSH28:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 28);
        pc += 28;
        top += 32;
        break;
      case Op.PUSH29:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 29);
        pc += 29;
        top += 32;
        break;
      case Op.PUSH30:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 30);
        pc += 30;
        top += 32;
        break;
      case Op.PUSH31:
        if (top == limit) return haltAt(pc, gas, top - base);
        push(top, pc, 31);
        pc += 31;
        top += 32;
        break;
      case Op.PUSH32:
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.loadBigEndian(top, pc);
        pc += 32;
        top += 32;
        break;
      case Op.DUP1:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 32);
        top += 32;
        break;
      case Op.DUP2:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 64);
        top += 32;
        break;
      case Op.DUP3:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 96);
        top += 32;
        break;
      case Op.DUP4:
        if (top - base < 128) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 128);
        top += 32;
        break;
      case Op.DUP5:
        if (top - base < 160) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 160);
        top += 32;
        break;
      case Op.DUP6:
        if (top - base < 192) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 192);
        top += 32;
        break;
      case Op.DUP7:
        if (top - base < 224) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 224);
        top += 32;
        break;
      case Op.DUP8:
        if (top - base < 256) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 256);
        top += 32;
        break;
      case Op.DUP9:
        if (top - base < 288) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 288);
        top += 32;
        break;
      case Op.DUP10:
        if (top - base < 320) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 320);
        top += 32;
        break;
      case Op.DUP11:
        if (top - base < 352) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 352);
        top += 32;
        break;
      case Op.DUP12:
        if (top - base < 384) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 384);
        top += 32;
        break;
      case Op.DUP13:
        if (top - base < 416) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 416);
        top += 32;
        break;
      case Op.DUP14:
        if (top - base < 448) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 448);
        top += 32;
        break;
      case Op.DUP15:
        if (top - base < 480) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 480);
        top += 32;
        break;
      case Op.DUP16:
        if (top - base < 512) return haltAt(pc, gas, top - base);
        if (top == limit) return haltAt(pc, gas, top - base);
        u256.copy(top, top - 512);
        top += 32;
        break;
      case Op.SWAP1:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        swap(top, 1);
        break;
      case Op.SWAP2:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        swap(top, 2);
        break;
      case Op.SWAP3:
        if (top - base < 128) return haltAt(pc, gas, top - base);
        swap(top, 3);
        break;
      case Op.SWAP4:
        if (top - base < 160) return haltAt(pc, gas, top - base);
        swap(top, 4);
        break;
      case Op.SWAP5:
        if (top - base < 192) return haltAt(pc, gas, top - base);
        swap(top, 5);
        break;
      case Op.SWAP6:
        if (top - base < 224) return haltAt(pc, gas, top - base);
        swap(top, 6);
        break;
      case Op.SWAP7:
        if (top - base < 256) return haltAt(pc, gas, top - base);
        swap(top, 7);
        break;
      case Op.SWAP8:
        if (top - base < 288) return haltAt(pc, gas, top - base);
        swap(top, 8);
        break;
      case Op.SWAP9:
        if (top - base < 320) return haltAt(pc, gas, top - base);
        swap(top, 9);
        break;
      case Op.SWAP10:
        if (top - base < 352) return haltAt(pc, gas, top - base);
        swap(top, 10);
        break;
      case Op.SWAP11:
        if (top - base < 384) return haltAt(pc, gas, top - base);
        swap(top, 11);
        break;
      case Op.SWAP12:
        if (top - base < 416) return haltAt(pc, gas, top - base);
        swap(top, 12);
        break;
      case Op.SWAP13:
        if (top - base < 448) return haltAt(pc, gas, top - base);
        swap(top, 13);
        break;
      case Op.SWAP14:
        if (top - base < 480) return haltAt(pc, gas, top - base);
        swap(top, 14);
        break;
      case Op.SWAP15:
        if (top - base < 512) return haltAt(pc, gas, top - base);
        swap(top, 15);
        break;
      case Op.SWAP16:
        if (top - base < 544) return haltAt(pc, gas, top - base);
        swap(top, 16);
        break;
      case Op.LOG0:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        gas = log(top, 0, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.LOG1:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        gas = log(top, 1, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.LOG2:
        if (top - base < 128) return haltAt(pc, gas, top - base);
        gas = log(top, 2, gas);
        if (gas < 0) return u32(-gas);
        top -= 128;
        break;
      case Op.LOG3:
        if (top - base < 160) return haltAt(pc, gas, top - base);
        gas = log(top, 3, gas);
        if (gas < 0) return u32(-gas);
        top -= 160;
        break;
      case Op.LOG4:
        if (top - base < 192) return haltAt(pc, gas, top - base);
        gas = log(top, 4, gas);
        if (gas < 0) return u32(-gas);
        top -= 192;
        break;
      case Op.CREATE:
        if (top - base < 96) return haltAt(pc, gas, top - base);
        store<u32>(running, pc, Frame.PC);
        gas = create(Op.CREATE, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.CALL:
        if (top - base < 224) return haltAt(pc, gas, top - base);
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.CALL, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 192;
        break;
      case Op.CALLCODE:
        if (top - base < 224) return haltAt(pc, gas, top - base);
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.CALLCODE, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 192;
        break;
      case Op.RETURN:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        gas = takeRange(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        store<i64>(running, gas, Frame.GAS);
        setOutput(memoryStart + rangeOffset, rangeLength);
        return Exit.SUCCESS;
      case Op.DELEGATECALL:
        if (top - base < 192) return haltAt(pc, gas, top - base);
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.DELEGATECALL, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 160;
        break;
      case Op.CREATE2:
        if (top - base < 128) return haltAt(pc, gas, top - base);
        store<u32>(running, pc, Frame.PC);
        gas = create(Op.CREATE2, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.STATICCALL:
        if (top - base < 192) return haltAt(pc, gas, top - base);
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.STATICCALL, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 160;
        break;
      case Op.REVERT:
        if (top - base < 64) return haltAt(pc, gas, top - base);
        gas = takeRange(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        store<i64>(running, gas, Frame.GAS);
        setOutput(memoryStart + rangeOffset, rangeLength);
        return Exit.REVERTED;
      case Op.SELFDESTRUCT:
        if (top - base < 32) return haltAt(pc, gas, top - base);
        gas = selfDestruct(top, gas);
        if (gas < 0) return u32(-gas);
        store<i64>(running, gas, Frame.GAS);
        return Exit.SUCCESS;
      default:
        return haltAt(pc, gas, top - base);
    }
  }
}
