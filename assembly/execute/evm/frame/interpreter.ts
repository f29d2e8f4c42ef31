// The interpreter: one loop around one switch, which compiles to a jump table. It runs the running frame until it ends
// or another one is to run. Stack and price are checked before the switch; opcodes that need no more than their price
// are cases that go on with the next one; the others are handlers, which answer how the frame is left (Exit).
//
// `top` is one past the stack's top: operands lie at top - 32, top - 64, …; the stack grows upwards.

import { EvmBlock, EvmHalt, EvmOpcode, STACK_SIZE } from "../../../layout";
import { addModulo, divide, divideSigned, modulo, moduloSigned, multiplyModulo } from "../../../base/u256-division";
import * as u256 from "../../../base/u256";
import { opcodeTable } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import {
  block, frame, gasPrice, memorySize, memoryStart, memoryWritable, origin, returnedLength, setOutput,
} from "../memory/context";
import { Exit } from "../memory/exits";
import { currentGas, setGas } from "../memory/gas";
import { Frame } from "../memory/workspace";
import { Account } from "../state/accounts";
import { call } from "./calls";
import { create } from "./creation";
import {
  balance, blobHash, blockHash, callDataLoad, extCodeCopy, extCodeHash, extCodeSize, log, selfBalance,
} from "./environment";
import { power } from "./exponentiation";
import { beginCode, haltUnfit, haltFor } from "./halts";
import {
  callDataCopy, codeCopy, endWith, hashMemory, loadBeyond, memoryCopy, offsetIn, returnDataCopy, storeBeyond,
  storeByteBeyond,
} from "./memory-access";
import { haltDeep, pairDepths, singleDepth } from "./immediates";
import { isMarked, jumpBeyond } from "./jumps";
import {
  SELECTION, SELECTION_BRANCH, TOGETHER, branchEnd, branchOn, branchPrice, isSelection, landing, priceOf,
} from "./sequences";
import { selfDestruct } from "./self-destruction";
import { loadStorage, loadTransient, storeStorage, storeTransient } from "./storage";
import { traceStep } from "./tracing";

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

/** The byte of code in the word at `word`; its length for all beyond. */
// @ts-ignore: decorator
@inline
function jumpByte(word: u32, codeLength: u32): u32 {
  return u32(u256.clamped(word, codeLength));
}

/** Whether code may be entered at a byte. */
// @ts-ignore: decorator
@inline
function mayJump(map: u32, byte: u32, codeLength: u32): bool {
  return byte != codeLength && isMarked(map, byte);
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
  let exit: u32 = Exit.NONE;
  while (true) {
    const opcode = u32(load<u8>(pc));
    traceStep(opcode, pc - code, gas, base, top);
    pc++;
    const row = opcodes + opcode * EvmOpcode.SIZE;
    gas -= i64(load<u32>(row, EvmOpcode.PRICE));
    if (!fits(row, base, top)) return haltUnfit(pc, top);
    if (gas < 0) return Exit.HALTED;
    switch (opcode) {
      case Op.ADD: u256.add(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.MUL: u256.multiply(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.SUB: u256.subtract(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.DIV: divide(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.SDIV: divideSigned(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.MOD: modulo(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.SMOD: moduloSigned(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.ADDMOD: addModulo(top - 96, top - 32, top - 64, top - 96); top -= 64; continue;
      case Op.MULMOD: multiplyModulo(top - 96, top - 32, top - 64, top - 96); top -= 64; continue;
      case Op.EXP: setGas(gas); exit = power(top - 32, top - 64); top -= 32; break;
      case Op.SIGNEXTEND: u256.signExtend(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.LT: {
        top -= 32;
        const is = u256.less(top, top - 32);
        const end = branchOn(is, pc, gas, opcodes, code, codeLength, map);
        if (end != 0) { gas -= branchPrice(opcodes, is); pc = end; top -= 32; continue; }
        u256.set(top - 32, u64(is));
        continue;
      }
      case Op.GT: {
        top -= 32;
        const is = u256.less(top - 32, top);
        const end = branchOn(is, pc, gas, opcodes, code, codeLength, map);
        if (end != 0) { gas -= branchPrice(opcodes, is); pc = end; top -= 32; continue; }
        u256.set(top - 32, u64(is));
        continue;
      }
      case Op.SLT: u256.set(top - 64, u64(u256.lessSigned(top - 32, top - 64))); top -= 32; continue;
      case Op.SGT: u256.set(top - 64, u64(u256.lessSigned(top - 64, top - 32))); top -= 32; continue;
      case Op.EQ: {
        top -= 32;
        const is = u256.equal(top, top - 32);
        const end = branchOn(is, pc, gas, opcodes, code, codeLength, map);
        if (end != 0) { gas -= branchPrice(opcodes, is); pc = end; top -= 32; continue; }
        u256.set(top - 32, u64(is));
        continue;
      }
      case Op.ISZERO: {
        const is = u256.isZero(top - 32);
        const end = top - base < STACK_SIZE ? branchOn(is, pc, gas, opcodes, code, codeLength, map) : 0;
        if (end != 0) { gas -= branchPrice(opcodes, is); pc = end; top -= 32; continue; }
        u256.set(top - 32, u64(is));
        continue;
      }
      case Op.AND: u256.and(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.OR: u256.or(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.XOR: u256.xor(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.NOT: u256.not(top - 32, top - 32); continue;
      case Op.BYTE: u256.byteAt(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.SHL: u256.shiftLeft(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.SHR: u256.shiftRight(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.SAR: u256.shiftRightSigned(top - 64, top - 32, top - 64); top -= 32; continue;
      case Op.CLZ: u256.set(top - 32, u256.leadingZeros(top - 32)); continue;
      case Op.KECCAK256: setGas(gas); exit = hashMemory(top); top -= 32; break;

      case Op.ADDRESS:
        u256.loadAddress(top, load<u32>(running, Frame.ACCOUNT) + Account.ADDRESS);
        top += 32;
        continue;
      case Op.BALANCE: setGas(gas); exit = balance(top - 32); break;
      case Op.ORIGIN: u256.loadAddress(top, origin); top += 32; continue;
      case Op.CALLER: u256.loadAddress(top, running + Frame.CALLER); top += 32; continue;
      case Op.CALLVALUE: u256.copy(top, running + Frame.VALUE); top += 32; continue;
      case Op.CALLDATALOAD: callDataLoad(top - 32); continue;
      case Op.CALLDATASIZE: u256.set(top, load<u32>(running, Frame.INPUT_LENGTH)); top += 32; continue;
      case Op.CALLDATACOPY: setGas(gas); exit = callDataCopy(top); top -= 96; break;
      case Op.CODESIZE: u256.set(top, codeLength); top += 32; continue;
      case Op.CODECOPY: setGas(gas); exit = codeCopy(top); top -= 96; break;
      case Op.GASPRICE: u256.copy(top, gasPrice); top += 32; continue;
      case Op.EXTCODESIZE: setGas(gas); exit = extCodeSize(top - 32); break;
      case Op.EXTCODECOPY: setGas(gas); exit = extCodeCopy(top); top -= 128; break;
      case Op.RETURNDATASIZE: u256.set(top, returnedLength); top += 32; continue;
      case Op.RETURNDATACOPY: setGas(gas); exit = returnDataCopy(top); top -= 96; break;
      case Op.EXTCODEHASH: setGas(gas); exit = extCodeHash(top - 32); break;

      case Op.BLOCKHASH: setGas(gas); exit = blockHash(top - 32); break;
      case Op.COINBASE: u256.loadAddress(top, block + EvmBlock.COINBASE); top += 32; continue;
      case Op.TIMESTAMP: u256.set(top, load<u64>(block, EvmBlock.TIMESTAMP)); top += 32; continue;
      case Op.NUMBER: u256.set(top, load<u64>(block, EvmBlock.NUMBER)); top += 32; continue;
      case Op.PREVRANDAO: u256.copy(top, block + EvmBlock.RANDAO); top += 32; continue;
      case Op.GASLIMIT: u256.set(top, load<u64>(block, EvmBlock.GAS_LIMIT)); top += 32; continue;
      case Op.CHAINID: u256.copy(top, block + EvmBlock.CHAIN_ID); top += 32; continue;
      case Op.SELFBALANCE: setGas(gas); exit = selfBalance(top); top += 32; break;
      case Op.BASEFEE: u256.copy(top, block + EvmBlock.BASE_FEE); top += 32; continue;
      case Op.BLOBHASH: blobHash(top - 32); continue;
      case Op.BLOBBASEFEE: u256.copy(top, block + EvmBlock.BLOB_BASE_FEE); top += 32; continue;

      case Op.SLOTNUM: u256.set(top, load<u64>(block, EvmBlock.SLOT_NUMBER)); top += 32; continue;

      case Op.POP: top -= 32; continue;
      case Op.MLOAD: {
        const offset = offsetIn(top - 32);
        if (offset + 32 > memorySize) { setGas(gas); exit = loadBeyond(top - 32); break; }
        u256.loadBigEndian(top - 32, memoryStart + u32(offset));
        continue;
      }
      case Op.MSTORE: {
        const offset = offsetIn(top - 32);
        if (offset + 32 > memoryWritable) { setGas(gas); exit = storeBeyond(top - 32, top - 64); top -= 64; break; }
        u256.storeBigEndian(memoryStart + u32(offset), top - 64);
        top -= 64;
        continue;
      }
      case Op.MSTORE8: {
        const offset = offsetIn(top - 32);
        top -= 64;
        if (offset + 1 > memoryWritable) { setGas(gas); exit = storeByteBeyond(top + 32, top); break; }
        store<u8>(memoryStart + u32(offset), load<u8>(top));
        continue;
      }
      case Op.SLOAD: setGas(gas); exit = loadStorage(top - 32); break;
      case Op.SSTORE: setGas(gas); exit = storeStorage(top - 32, top - 64); top -= 64; break;
      case Op.JUMP: {
        const byte = jumpByte(top - 32, codeLength);
        if (!mayJump(map, byte, codeLength)) return jumpBeyond(byte, top - 32, gas);
        pc = code + byte;
        top -= 32;
        if (TOGETHER) { gas -= priceOf(opcodes, Op.JUMPDEST); pc++; if (gas < 0) return Exit.HALTED; }
        continue;
      }
      case Op.JUMPI: {
        if (u256.isZero(top - 64)) { top -= 64; continue; }
        const byte = jumpByte(top - 32, codeLength);
        if (!mayJump(map, byte, codeLength)) return jumpBeyond(byte, top - 64, gas);
        pc = code + byte;
        top -= 64;
        if (TOGETHER) { gas -= priceOf(opcodes, Op.JUMPDEST); pc++; if (gas < 0) return Exit.HALTED; }
        continue;
      }
      case Op.PC: u256.set(top, pc - code - 1); top += 32; continue;
      case Op.MSIZE: u256.set(top, memorySize); top += 32; continue;
      case Op.GAS: u256.set(top, gas); top += 32; continue;
      case Op.JUMPDEST: continue;
      case Op.TLOAD: loadTransient(top - 32); continue;
      case Op.TSTORE: setGas(gas); exit = storeTransient(top - 32, top - 64); top -= 64; break;
      case Op.MCOPY: setGas(gas); exit = memoryCopy(top); top -= 96; break;

      case Op.PUSH0: u256.clear(top); top += 32; continue;
      case Op.PUSH1: u256.set(top, u64(load<u8>(pc))); pc += 1; top += 32; continue;
      case Op.PUSH2: {
        const next = u32(load<u8>(pc, 2));
        if (TOGETHER && next == Op.JUMPI) {
          const price = priceOf(opcodes, Op.JUMPI);
          if (top != base && gas >= price + priceOf(opcodes, Op.JUMPDEST)) {
            if (u256.isZero(top - 32)) { gas -= price; pc += 3; top -= 32; continue; }
            const end = landing(pc, code, codeLength, map);
            if (end != 0) { gas -= price + priceOf(opcodes, Op.JUMPDEST); pc = end; top -= 32; continue; }
          }
        } else if (TOGETHER && next == Op.JUMP) {
          const price = priceOf(opcodes, Op.JUMP) + priceOf(opcodes, Op.JUMPDEST);
          const end = landing(pc, code, codeLength, map);
          if (end != 0 && gas >= price) { gas -= price; pc = end; continue; }
        }
        u256.set(top, u64(bswap(load<u16>(pc))));
        pc += 2;
        top += 32;
        continue;
      }
      case Op.PUSH3: push(top, pc, 3); pc += 3; top += 32; continue;
      case Op.PUSH4: u256.set(top, u64(bswap(load<u32>(pc)))); pc += 4; top += 32; continue;
      case Op.PUSH5: push(top, pc, 5); pc += 5; top += 32; continue;
      case Op.PUSH6: push(top, pc, 6); pc += 6; top += 32; continue;
      case Op.PUSH7: push(top, pc, 7); pc += 7; top += 32; continue;
      case Op.PUSH8: push(top, pc, 8); pc += 8; top += 32; continue;
      case Op.PUSH9: push(top, pc, 9); pc += 9; top += 32; continue;
      case Op.PUSH10: push(top, pc, 10); pc += 10; top += 32; continue;
      case Op.PUSH11: push(top, pc, 11); pc += 11; top += 32; continue;
      case Op.PUSH12: push(top, pc, 12); pc += 12; top += 32; continue;
      case Op.PUSH13: push(top, pc, 13); pc += 13; top += 32; continue;
      case Op.PUSH14: push(top, pc, 14); pc += 14; top += 32; continue;
      case Op.PUSH15: push(top, pc, 15); pc += 15; top += 32; continue;
      case Op.PUSH16: push(top, pc, 16); pc += 16; top += 32; continue;
      case Op.PUSH17: push(top, pc, 17); pc += 17; top += 32; continue;
      case Op.PUSH18: push(top, pc, 18); pc += 18; top += 32; continue;
      case Op.PUSH19: push(top, pc, 19); pc += 19; top += 32; continue;
      case Op.PUSH20: push(top, pc, 20); pc += 20; top += 32; continue;
      case Op.PUSH21: push(top, pc, 21); pc += 21; top += 32; continue;
      case Op.PUSH22: push(top, pc, 22); pc += 22; top += 32; continue;
      case Op.PUSH23: push(top, pc, 23); pc += 23; top += 32; continue;
      case Op.PUSH24: push(top, pc, 24); pc += 24; top += 32; continue;
      case Op.PUSH25: push(top, pc, 25); pc += 25; top += 32; continue;
      case Op.PUSH26: push(top, pc, 26); pc += 26; top += 32; continue;
      case Op.PUSH27: push(top, pc, 27); pc += 27; top += 32; continue;
      case Op.PUSH28: push(top, pc, 28); pc += 28; top += 32; continue;
      case Op.PUSH29: push(top, pc, 29); pc += 29; top += 32; continue;
      case Op.PUSH30: push(top, pc, 30); pc += 30; top += 32; continue;
      case Op.PUSH31: push(top, pc, 31); pc += 31; top += 32; continue;
      case Op.PUSH32: u256.loadBigEndian(top, pc); pc += 32; top += 32; continue;
      case Op.DUP1: {
        if (isSelection(pc) && top - base < STACK_SIZE - 32) {
          const is = load<u64>(top - 32) == u64(bswap(load<u32>(pc, 1))) && u256.fits64(top - 32);
          const end = is ? branchEnd(pc + SELECTION_BRANCH, true, code, codeLength, map) : pc + SELECTION;
          const price = priceOf(opcodes, Op.PUSH4) + priceOf(opcodes, Op.EQ) + branchPrice(opcodes, is);
          if (end != 0 && gas >= price) { gas -= price; pc = end; continue; }
        }
        u256.copy(top, top - 32);
        top += 32;
        continue;
      }
      case Op.DUP2: u256.copy(top, top - 64); top += 32; continue;
      case Op.DUP3: u256.copy(top, top - 96); top += 32; continue;
      case Op.DUP4: u256.copy(top, top - 128); top += 32; continue;
      case Op.DUP5: u256.copy(top, top - 160); top += 32; continue;
      case Op.DUP6: u256.copy(top, top - 192); top += 32; continue;
      case Op.DUP7: u256.copy(top, top - 224); top += 32; continue;
      case Op.DUP8: u256.copy(top, top - 256); top += 32; continue;
      case Op.DUP9: u256.copy(top, top - 288); top += 32; continue;
      case Op.DUP10: u256.copy(top, top - 320); top += 32; continue;
      case Op.DUP11: u256.copy(top, top - 352); top += 32; continue;
      case Op.DUP12: u256.copy(top, top - 384); top += 32; continue;
      case Op.DUP13: u256.copy(top, top - 416); top += 32; continue;
      case Op.DUP14: u256.copy(top, top - 448); top += 32; continue;
      case Op.DUP15: u256.copy(top, top - 480); top += 32; continue;
      case Op.DUP16: u256.copy(top, top - 512); top += 32; continue;
      case Op.SWAP1: swap(top, 1); continue;
      case Op.SWAP2: swap(top, 2); continue;
      case Op.SWAP3: swap(top, 3); continue;
      case Op.SWAP4: swap(top, 4); continue;
      case Op.SWAP5: swap(top, 5); continue;
      case Op.SWAP6: swap(top, 6); continue;
      case Op.SWAP7: swap(top, 7); continue;
      case Op.SWAP8: swap(top, 8); continue;
      case Op.SWAP9: swap(top, 9); continue;
      case Op.SWAP10: swap(top, 10); continue;
      case Op.SWAP11: swap(top, 11); continue;
      case Op.SWAP12: swap(top, 12); continue;
      case Op.SWAP13: swap(top, 13); continue;
      case Op.SWAP14: swap(top, 14); continue;
      case Op.SWAP15: swap(top, 15); continue;
      case Op.SWAP16: swap(top, 16); continue;
      case Op.LOG0: setGas(gas); exit = log(0, top); top -= 64; break;
      case Op.LOG1: setGas(gas); exit = log(1, top); top -= 96; break;
      case Op.LOG2: setGas(gas); exit = log(2, top); top -= 128; break;
      case Op.LOG3: setGas(gas); exit = log(3, top); top -= 160; break;
      case Op.LOG4: setGas(gas); exit = log(4, top); top -= 192; break;

      // EIP-8024: the immediate says which words; they must be there.
      case Op.DUPN: {
        const deep = singleDepth(pc);
        if (deep == 0 || deep << 5 > top - base) return haltDeep(deep);
        u256.copy(top, top - (deep << 5));
        pc++;
        top += 32;
        continue;
      }
      case Op.SWAPN: {
        const deep = singleDepth(pc);
        if (deep == 0 || (deep + 1) << 5 > top - base) return haltDeep(deep);
        swap(top, deep);
        pc++;
        continue;
      }
      case Op.EXCHANGE: {
        const pair = pairDepths(pc);
        if (pair == 0 || ((pair >> 8) + 1) << 5 > top - base) return haltDeep(pair);
        swap(top - ((pair & 255) << 5), (pair >> 8) - (pair & 255));
        pc++;
        continue;
      }

      case Op.STOP: setGas(gas); exit = Exit.SUCCESS; setOutput(0, 0); break;
      case Op.CREATE: setGas(gas); exit = create(Op.CREATE, top); top -= 64; break;
      case Op.CALL: setGas(gas); exit = call(Op.CALL, top); top -= 192; break;
      case Op.CALLCODE: setGas(gas); exit = call(Op.CALLCODE, top); top -= 192; break;
      case Op.RETURN: setGas(gas); exit = endWith(Exit.SUCCESS, top); break;
      case Op.DELEGATECALL: setGas(gas); exit = call(Op.DELEGATECALL, top); top -= 160; break;
      case Op.CREATE2: setGas(gas); exit = create(Op.CREATE2, top); top -= 96; break;
      case Op.STATICCALL: setGas(gas); exit = call(Op.STATICCALL, top); top -= 160; break;
      case Op.REVERT: setGas(gas); exit = endWith(Exit.REVERTED, top); break;
      case Op.SELFDESTRUCT: setGas(gas); exit = selfDestruct(top); break;
      default: return haltFor(EvmHalt.INVALID_OPCODE); // no stack is high enough to come here
    }
    // A handler has run: the gas is what it has left.
    gas = currentGas();
    if (exit == Exit.NONE) continue;
    store<u32>(running, pc, Frame.PC);
    store<i64>(running, gas, Frame.GAS);
    return exit;
  }
}
