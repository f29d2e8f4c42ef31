// The interpreter: one loop around one switch, which compiles to a jump table. It runs the running frame until it ends
// or another one is to run; stack and price are checked before the switch. What needs more than a few lines is a
// handler elsewhere.
//
// `top` is one past the stack's top: operands lie at top - 32, top - 64, …; the stack grows upwards.

import { EvmBlock, EvmOpcode } from "../../../layout";
import { addModulo, divide, divideSigned, modulo, moduloSigned, multiplyModulo } from "../../../base/u256-division";
import * as u256 from "../../../base/u256";
import { expByteGas, opcodeTable } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import { block, frame, gasPrice, memorySize, memoryStart, origin, returnedLength, setOutput } from "../memory/context";
import { Exit } from "../memory/exits";
import { expandMemory, rangeLength, rangeOffset, takeRange } from "../memory/ranges";
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

/** 32 bytes of this that begin at byte n are a mask of the last n bytes. */
const PUSH_MASKS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
], 16);

/** The word at `out` = the `size` bytes at `from`, big-endian; the bytes before them are read and masked. */
// @ts-ignore: decorator
@inline
function push(out: u32, from: u32, size: u32): void {
  const start = from + size - 32;
  const mask = PUSH_MASKS + size;
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

/** Whether the stack from `base` to `top` is as high as an opcode needs (EvmOpcode), and has room for its results. */
// @ts-ignore: decorator
@inline
function fits(row: u32, base: u32, top: u32): bool {
  return top - load<u16>(row, EvmOpcode.NEEDED) - base <= load<u16>(row, EvmOpcode.ROOM);
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
  const opcodes = opcodeTable;
  const base = load<u32>(running, Frame.STACK_BASE);
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
    const row = opcodes + opcode * EvmOpcode.SIZE;
    gas -= i64(load<u32>(row, EvmOpcode.PRICE));
    if (!fits(row, base, top)) return haltAt(pc, gas, top);
    if (gas < 0) return haltAt(pc, gas, top);
    switch (opcode) {
      case Op.STOP:
        store<i64>(running, gas, Frame.GAS);
        setOutput(0, 0);
        return Exit.SUCCESS;
      case Op.ADD:
        u256.add(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.MUL:
        u256.multiply(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SUB:
        u256.subtract(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.DIV:
        divide(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SDIV:
        divideSigned(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.MOD:
        modulo(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SMOD:
        moduloSigned(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.ADDMOD:
        addModulo(top - 96, top - 32, top - 64, top - 96);
        top -= 64;
        break;
      case Op.MULMOD:
        multiplyModulo(top - 96, top - 32, top - 64, top - 96);
        top -= 64;
        break;
      case Op.EXP:
        gas -= expByteGas * i64((263 - u256.leadingZeros(top - 64)) >> 3);
        if (gas < 0) return haltAt(pc, gas, top);
        u256.power(top - 64, top - 32, top - 64, temporary + Temporary.SQUARE);
        top -= 32;
        break;
      case Op.SIGNEXTEND:
        u256.signExtend(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.LT:
        u256.set(top - 64, u64(u256.less(top - 32, top - 64)));
        top -= 32;
        break;
      case Op.GT:
        u256.set(top - 64, u64(u256.less(top - 64, top - 32)));
        top -= 32;
        break;
      case Op.SLT:
        u256.set(top - 64, u64(u256.lessSigned(top - 32, top - 64)));
        top -= 32;
        break;
      case Op.SGT:
        u256.set(top - 64, u64(u256.lessSigned(top - 64, top - 32)));
        top -= 32;
        break;
      case Op.EQ:
        u256.set(top - 64, u64(u256.equal(top - 32, top - 64)));
        top -= 32;
        break;
      case Op.ISZERO:
        u256.set(top - 32, u64(u256.isZero(top - 32)));
        break;
      case Op.AND:
        u256.and(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.OR:
        u256.or(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.XOR:
        u256.xor(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.NOT:
        u256.not(top - 32, top - 32);
        break;
      case Op.BYTE:
        u256.byteAt(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SHL:
        u256.shiftLeft(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SHR:
        u256.shiftRight(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.SAR:
        u256.shiftRightSigned(top - 64, top - 32, top - 64);
        top -= 32;
        break;
      case Op.CLZ:
        u256.set(top - 32, u256.leadingZeros(top - 32));
        break;
      case Op.KECCAK256:
        gas = hashMemory(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 32;
        break;
      case Op.ADDRESS:
        u256.loadAddress(top, load<u32>(running, Frame.ACCOUNT) + Account.ADDRESS);
        top += 32;
        break;
      case Op.BALANCE:
        gas = balance(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.ORIGIN:
        u256.loadAddress(top, origin);
        top += 32;
        break;
      case Op.CALLER:
        u256.loadAddress(top, running + Frame.CALLER);
        top += 32;
        break;
      case Op.CALLVALUE:
        u256.copy(top, running + Frame.VALUE);
        top += 32;
        break;
      case Op.CALLDATALOAD:
        callDataLoad(top - 32);
        break;
      case Op.CALLDATASIZE:
        u256.set(top, load<u32>(running, Frame.INPUT_LENGTH));
        top += 32;
        break;
      case Op.CALLDATACOPY:
        gas = callDataCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.CODESIZE:
        u256.set(top, codeLength);
        top += 32;
        break;
      case Op.CODECOPY:
        gas = codeCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.GASPRICE:
        u256.copy(top, gasPrice);
        top += 32;
        break;
      case Op.EXTCODESIZE:
        gas = extCodeSize(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.EXTCODECOPY:
        gas = extCodeCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 128;
        break;
      case Op.RETURNDATASIZE:
        u256.set(top, returnedLength);
        top += 32;
        break;
      case Op.RETURNDATACOPY:
        gas = returnDataCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.EXTCODEHASH:
        gas = extCodeHash(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.BLOCKHASH:
        gas = blockHash(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.COINBASE:
        u256.loadAddress(top, block + EvmBlock.COINBASE);
        top += 32;
        break;
      case Op.TIMESTAMP:
        u256.set(top, load<u64>(block, EvmBlock.TIMESTAMP));
        top += 32;
        break;
      case Op.NUMBER:
        u256.set(top, load<u64>(block, EvmBlock.NUMBER));
        top += 32;
        break;
      case Op.PREVRANDAO:
        u256.copy(top, block + EvmBlock.RANDAO);
        top += 32;
        break;
      case Op.GASLIMIT:
        u256.set(top, load<u64>(block, EvmBlock.GAS_LIMIT));
        top += 32;
        break;
      case Op.CHAINID:
        u256.copy(top, block + EvmBlock.CHAIN_ID);
        top += 32;
        break;
      case Op.SELFBALANCE:
        gas = selfBalance(top, gas);
        if (gas < 0) return u32(-gas);
        top += 32;
        break;
      case Op.BASEFEE:
        u256.copy(top, block + EvmBlock.BASE_FEE);
        top += 32;
        break;
      case Op.BLOBHASH:
        blobHash(top - 32);
        break;
      case Op.BLOBBASEFEE:
        u256.copy(top, block + EvmBlock.BLOB_BASE_FEE);
        top += 32;
        break;
      case Op.POP:
        top -= 32;
        break;
      case Op.MLOAD: {
        const offset = u256.clamped(top - 32, FAR);
        if (offset + 32 > memorySize) {
          gas = expandMemory(offset + 32, gas);
          if (gas < 0) return u32(-gas);
        }
        u256.loadBigEndian(top - 32, memoryStart + u32(offset));
        break;
      }
      case Op.MSTORE: {
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
        gas = loadStorage(top - 32, gas);
        if (gas < 0) return u32(-gas);
        break;
      case Op.SSTORE:
        gas = storeStorage(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.JUMP: {
        const destination = u32(u256.clamped(top - 32, codeLength));
        if (destination == codeLength || !isJumpDestination(map, destination)) return haltAt(pc, gas, top);
        pc = code + destination;
        top -= 32;
        break;
      }
      case Op.JUMPI: {
        if (!u256.isZero(top - 64)) {
          const destination = u32(u256.clamped(top - 32, codeLength));
          if (destination == codeLength || !isJumpDestination(map, destination)) return haltAt(pc, gas, top);
          pc = code + destination;
        }
        top -= 64;
        break;
      }
      case Op.PC:
        u256.set(top, pc - code - 1);
        top += 32;
        break;
      case Op.MSIZE:
        u256.set(top, memorySize);
        top += 32;
        break;
      case Op.GAS:
        u256.set(top, gas);
        top += 32;
        break;
      case Op.JUMPDEST:
        break;
      case Op.TLOAD:
        loadTransient(top - 32);
        break;
      case Op.TSTORE:
        gas = storeTransient(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.MCOPY:
        gas = memoryCopy(top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.PUSH0:
        u256.clear(top);
        top += 32;
        break;
      case Op.PUSH1:
        u256.set(top, u64(load<u8>(pc)));
        pc += 1;
        top += 32;
        break;
      case Op.PUSH2:
        u256.set(top, u64(bswap(load<u16>(pc))));
        pc += 2;
        top += 32;
        break;
      case Op.PUSH3: push(top, pc, 3); pc += 3; top += 32; break;
      case Op.PUSH4:
        u256.set(top, u64(bswap(load<u32>(pc))));
        pc += 4;
        top += 32;
        break;
      case Op.PUSH5: push(top, pc, 5); pc += 5; top += 32; break;
      case Op.PUSH6: push(top, pc, 6); pc += 6; top += 32; break;
      case Op.PUSH7: push(top, pc, 7); pc += 7; top += 32; break;
      case Op.PUSH8: push(top, pc, 8); pc += 8; top += 32; break;
      case Op.PUSH9: push(top, pc, 9); pc += 9; top += 32; break;
      case Op.PUSH10: push(top, pc, 10); pc += 10; top += 32; break;
      case Op.PUSH11: push(top, pc, 11); pc += 11; top += 32; break;
      case Op.PUSH12: push(top, pc, 12); pc += 12; top += 32; break;
      case Op.PUSH13: push(top, pc, 13); pc += 13; top += 32; break;
      case Op.PUSH14: push(top, pc, 14); pc += 14; top += 32; break;
      case Op.PUSH15: push(top, pc, 15); pc += 15; top += 32; break;
      case Op.PUSH16: push(top, pc, 16); pc += 16; top += 32; break;
      case Op.PUSH17: push(top, pc, 17); pc += 17; top += 32; break;
      case Op.PUSH18: push(top, pc, 18); pc += 18; top += 32; break;
      case Op.PUSH19: push(top, pc, 19); pc += 19; top += 32; break;
      case Op.PUSH20: push(top, pc, 20); pc += 20; top += 32; break;
      case Op.PUSH21: push(top, pc, 21); pc += 21; top += 32; break;
      case Op.PUSH22: push(top, pc, 22); pc += 22; top += 32; break;
      case Op.PUSH23: push(top, pc, 23); pc += 23; top += 32; break;
      case Op.PUSH24: push(top, pc, 24); pc += 24; top += 32; break;
      case Op.PUSH25: push(top, pc, 25); pc += 25; top += 32; break;
      case Op.PUSH26: push(top, pc, 26); pc += 26; top += 32; break;
      case Op.PUSH27: push(top, pc, 27); pc += 27; top += 32; break;
      case Op.PUSH28: push(top, pc, 28); pc += 28; top += 32; break;
      case Op.PUSH29: push(top, pc, 29); pc += 29; top += 32; break;
      case Op.PUSH30: push(top, pc, 30); pc += 30; top += 32; break;
      case Op.PUSH31: push(top, pc, 31); pc += 31; top += 32; break;
      case Op.PUSH32:
        u256.loadBigEndian(top, pc);
        pc += 32;
        top += 32;
        break;
      case Op.DUP1: u256.copy(top, top - 32); top += 32; break;
      case Op.DUP2: u256.copy(top, top - 64); top += 32; break;
      case Op.DUP3: u256.copy(top, top - 96); top += 32; break;
      case Op.DUP4: u256.copy(top, top - 128); top += 32; break;
      case Op.DUP5: u256.copy(top, top - 160); top += 32; break;
      case Op.DUP6: u256.copy(top, top - 192); top += 32; break;
      case Op.DUP7: u256.copy(top, top - 224); top += 32; break;
      case Op.DUP8: u256.copy(top, top - 256); top += 32; break;
      case Op.DUP9: u256.copy(top, top - 288); top += 32; break;
      case Op.DUP10: u256.copy(top, top - 320); top += 32; break;
      case Op.DUP11: u256.copy(top, top - 352); top += 32; break;
      case Op.DUP12: u256.copy(top, top - 384); top += 32; break;
      case Op.DUP13: u256.copy(top, top - 416); top += 32; break;
      case Op.DUP14: u256.copy(top, top - 448); top += 32; break;
      case Op.DUP15: u256.copy(top, top - 480); top += 32; break;
      case Op.DUP16: u256.copy(top, top - 512); top += 32; break;
      case Op.SWAP1: swap(top, 1); break;
      case Op.SWAP2: swap(top, 2); break;
      case Op.SWAP3: swap(top, 3); break;
      case Op.SWAP4: swap(top, 4); break;
      case Op.SWAP5: swap(top, 5); break;
      case Op.SWAP6: swap(top, 6); break;
      case Op.SWAP7: swap(top, 7); break;
      case Op.SWAP8: swap(top, 8); break;
      case Op.SWAP9: swap(top, 9); break;
      case Op.SWAP10: swap(top, 10); break;
      case Op.SWAP11: swap(top, 11); break;
      case Op.SWAP12: swap(top, 12); break;
      case Op.SWAP13: swap(top, 13); break;
      case Op.SWAP14: swap(top, 14); break;
      case Op.SWAP15: swap(top, 15); break;
      case Op.SWAP16: swap(top, 16); break;
      case Op.LOG0:
        gas = log(top, 0, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.LOG1:
        gas = log(top, 1, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.LOG2:
        gas = log(top, 2, gas);
        if (gas < 0) return u32(-gas);
        top -= 128;
        break;
      case Op.LOG3:
        gas = log(top, 3, gas);
        if (gas < 0) return u32(-gas);
        top -= 160;
        break;
      case Op.LOG4:
        gas = log(top, 4, gas);
        if (gas < 0) return u32(-gas);
        top -= 192;
        break;
      case Op.CREATE:
        store<u32>(running, pc, Frame.PC);
        gas = create(Op.CREATE, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 64;
        break;
      case Op.CALL:
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.CALL, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 192;
        break;
      case Op.CALLCODE:
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.CALLCODE, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 192;
        break;
      case Op.RETURN:
        gas = takeRange(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        store<i64>(running, gas, Frame.GAS);
        setOutput(memoryStart + rangeOffset, rangeLength);
        return Exit.SUCCESS;
      case Op.DELEGATECALL:
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.DELEGATECALL, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 160;
        break;
      case Op.CREATE2:
        store<u32>(running, pc, Frame.PC);
        gas = create(Op.CREATE2, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 96;
        break;
      case Op.STATICCALL:
        store<u32>(running, pc, Frame.PC);
        gas = call(Op.STATICCALL, top, gas);
        if (gas < 0) return u32(-gas);
        top -= 160;
        break;
      case Op.REVERT:
        gas = takeRange(top - 32, top - 64, gas);
        if (gas < 0) return u32(-gas);
        store<i64>(running, gas, Frame.GAS);
        setOutput(memoryStart + rangeOffset, rangeLength);
        return Exit.REVERTED;
      case Op.SELFDESTRUCT:
        gas = selfDestruct(top, gas);
        if (gas < 0) return u32(-gas);
        store<i64>(running, gas, Frame.GAS);
        return Exit.SUCCESS;
      default:
        return haltAt(pc, gas, top);
    }
  }
}
