// Tiny contracts for tests, written as opcodes.

import type { Hex } from '../../../src/base/hex.ts';

const OPCODES = {
  STOP: '00',
  ADD: '01',
  SUB: '03',
  ISZERO: '15',
  ADDRESS: '30',
  BALANCE: '31',
  CALLER: '33',
  CALLVALUE: '34',
  CALLDATALOAD: '35',
  CALLDATASIZE: '36',
  CALLDATACOPY: '37',
  EXTCODEHASH: '3f',
  BLOCKHASH: '40',
  COINBASE: '41',
  SELFBALANCE: '47',
  POP: '50',
  MLOAD: '51',
  MSTORE: '52',
  SLOAD: '54',
  SSTORE: '55',
  JUMPI: '57',
  GAS: '5a',
  JUMPDEST: '5b',
  DUP1: '80',
  LOG1: 'a1',
  CREATE: 'f0',
  CALL: 'f1',
  RETURN: 'f3',
  DELEGATECALL: 'f4',
  CREATE2: 'f5',
  STATICCALL: 'fa',
  REVERT: 'fd',
  SELFDESTRUCT: 'ff',
  TLOAD: '5c',
  TSTORE: '5d',
  NUMBER: '43',
  EXTCODESIZE: '3b',
} as const;

/** Assembles opcode names and numbers (which become PUSH1 or PUSH32). */
export function assemble(source: string): Hex {
  const code = source
    .trim()
    .split(/\s+/)
    .map((word) => {
      const opcode = OPCODES[word as keyof typeof OPCODES];
      if (opcode !== undefined) return opcode;
      const digits = BigInt(word).toString(16);
      return digits.length <= 2 ? `60${digits.padStart(2, '0')}` : `7f${digits.padStart(64, '0')}`;
    });
  return `0x${code.join('')}`;
}

/** Init code that returns `runtime` (at most 255 bytes). */
export function deploying(runtime: Hex): Hex {
  const size = (runtime.length - 2) / 2;
  // PUSH1 size, DUP1, PUSH1 11, PUSH1 0, CODECOPY, PUSH1 0, RETURN
  return `0x60${size.toString(16).padStart(2, '0')}80600b6000396000f3${runtime.slice(2)}`;
}

/** A 32-byte word. */
export function word(value: bigint | Hex): string {
  return BigInt(value).toString(16).padStart(64, '0');
}

/** Sends the call's value on to the address in the first word. */
export const FORWARD = assemble('0 0 0 0 CALLVALUE 0 CALLDATALOAD GAS CALL 0 SSTORE STOP');
/** Calls the address in the first word without value, and keeps whether it worked. */
export const CALL_FREE = assemble('0 0 0 0 0 0 CALLDATALOAD GAS CALL 0 SSTORE STOP');
/** Self-destructs in favour of the address in the first word. */
export const DESTROY = assemble('0 CALLDATALOAD SELFDESTRUCT');
/** Stores the second word in the slot named by the first, and logs it. */
export const STORE = assemble('32 CALLDATALOAD 0 CALLDATALOAD SSTORE 7 0 0 LOG1 STOP');
/** Adds one to slot 0. */
export const COUNT = assemble('0 SLOAD 1 ADD 0 SSTORE STOP');
/** Keeps the balance of the beneficiary. */
export const READ_COINBASE = assemble('COINBASE BALANCE 0 SSTORE STOP');
/** Keeps the code hash and size of the address in the first word (from Constantinople on). */
export const READ_CODE_HASH = assemble('0 CALLDATALOAD EXTCODEHASH 0 SSTORE 0 CALLDATALOAD EXTCODESIZE 1 SSTORE STOP');
/** Writes, then fails. */
export const FAIL = assemble('1 0 SSTORE 0 0 REVERT');
/** Creates a contract out of the call data with CREATE2 and salt 0, giving it the call's value; keeps the address. */
export const FACTORY = assemble('CALLDATASIZE 0 0 CALLDATACOPY 0 CALLDATASIZE 0 CALLVALUE CREATE2 0 SSTORE STOP');
/** The same with CREATE. */
export const CREATOR = assemble('CALLDATASIZE 0 0 CALLDATACOPY CALLDATASIZE 0 CALLVALUE CREATE 0 SSTORE STOP');
/** Keeps BLOCKHASH of the number in the first word. */
export const READ_BLOCK_HASH = assemble('0 CALLDATALOAD BLOCKHASH 0 SSTORE STOP');
