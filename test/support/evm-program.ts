// EVM programs as lists of items with labels: an assembler, its text form, a disassembler, the opcodes with their stack effect.
import { Op } from '../../assembly/execute/evm/rules/opcodes.ts';
import { type Hardfork, isAtLeast } from '../../src/chain/hardfork.ts';

export interface Opcode {
  code: number;
  name: string;
  /** Words taken from the stack, and put there. */
  inputs: number;
  outputs: number;
  since: Hardfork;
}

/** Opcodes that take and leave the same number of words, by "inputs outputs"; PUSH, DUP and SWAP are made below. */
const effects: Record<string, string> = {
  '0 0': 'STOP JUMPDEST',
  '0 1':
    'ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE COINBASE TIMESTAMP NUMBER ' +
    'PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBBASEFEE PC MSIZE GAS PUSH0',
  '1 0': 'POP JUMP SELFDESTRUCT',
  '1 1': 'ISZERO NOT CLZ BALANCE CALLDATALOAD EXTCODESIZE EXTCODEHASH BLOCKHASH BLOBHASH MLOAD SLOAD TLOAD',
  '2 0': 'MSTORE MSTORE8 SSTORE JUMPI TSTORE LOG0 RETURN REVERT',
  '2 1': 'ADD MUL SUB DIV SDIV MOD SMOD EXP SIGNEXTEND LT GT SLT SGT EQ AND OR XOR BYTE SHL SHR SAR KECCAK256',
  '3 0': 'CALLDATACOPY CODECOPY RETURNDATACOPY MCOPY LOG1',
  '3 1': 'ADDMOD MULMOD CREATE',
  '4 0': 'EXTCODECOPY LOG2',
  '4 1': 'CREATE2',
  '5 0': 'LOG3',
  '6 0': 'LOG4',
  '6 1': 'DELEGATECALL STATICCALL',
  '7 1': 'CALL CALLCODE',
};

/** Opcodes that were not there from the start. */
const arrivals: Partial<Record<Hardfork, string>> = {
  homestead: 'DELEGATECALL',
  byzantium: 'REVERT STATICCALL RETURNDATASIZE RETURNDATACOPY',
  constantinople: 'SHL SHR SAR CREATE2 EXTCODEHASH',
  istanbul: 'CHAINID SELFBALANCE',
  london: 'BASEFEE',
  shanghai: 'PUSH0',
  cancun: 'TLOAD TSTORE MCOPY BLOBHASH BLOBBASEFEE',
  osaka: 'CLZ',
};

const numbers = Op as unknown as Record<string, number>;

function listOpcodes(): Opcode[] {
  const since = new Map(
    Object.entries(arrivals).flatMap(([fork, names]) => names.split(' ').map((name) => [name, fork as Hardfork])),
  );
  const list: Opcode[] = [];
  const add = (name: string, inputs: number, outputs: number) => {
    const code = numbers[name];
    if (code === undefined) throw new Error(`no opcode ${name}`);
    list.push({ code, name, inputs, outputs, since: since.get(name) ?? 'chainstart' });
  };
  for (const [effect, names] of Object.entries(effects)) {
    const [inputs, outputs] = effect.split(' ').map(Number) as [number, number];
    for (const name of names.split(' ')) add(name, inputs, outputs);
  }
  for (let size = 1; size <= 32; size++) add(`PUSH${size}`, 0, 1);
  for (let depth = 1; depth <= 16; depth++) {
    add(`DUP${depth}`, depth, depth + 1);
    add(`SWAP${depth}`, depth + 1, depth + 1);
  }
  return list;
}

const opcodes = listOpcodes();
const byName = new Map(opcodes.map((opcode) => [opcode.name, opcode]));
const byCode = new Map(opcodes.map((opcode) => [opcode.code, opcode]));

/** @throws Error for a name that is not an opcode */
export function opcode(name: string): Opcode {
  const found = byName.get(name);
  if (found === undefined) throw new Error(`no opcode ${name}`);
  return found;
}

/** Whether `fork` knows the opcode. */
export function isActive({ since }: Opcode, fork: Hardfork): boolean {
  return isAtLeast(fork, since);
}

export type Item =
  | { kind: 'op'; code: number }
  /** PUSH0 for width 0. */
  | { kind: 'push'; value: bigint; width: number }
  /** A JUMPDEST that targets name. */
  | { kind: 'label'; name: string }
  /** PUSH2 of where a label or data begins. */
  | { kind: 'target'; name: string }
  /** PUSH2 of the length of data. */
  | { kind: 'size'; name: string }
  /** A program inside the program, such as init code. */
  | { kind: 'data'; name: string; program: Item[] }
  | { kind: 'bytes'; bytes: Uint8Array };

function sizeOf(item: Item): number {
  switch (item.kind) {
    case 'op':
    case 'label':
      return 1;
    case 'push':
      return 1 + item.width;
    case 'target':
    case 'size':
      return 3;
    case 'bytes':
      return item.bytes.length;
    case 'data':
      return lengthOf(item.program);
  }
}

function lengthOf(items: readonly Item[]): number {
  return items.reduce((length, item) => length + sizeOf(item), 0);
}

/** The code; targets that nobody defines are 0, so that any item may be left out. */
export function assemble(items: readonly Item[]): Uint8Array {
  const places = new Map<string, { at: number; size: number }>();
  let length = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (item.kind === 'label' || item.kind === 'data') places.set(item.name, { at: length, size });
    length += size;
  }
  const code = new Uint8Array(length);
  let at = 0;
  for (const item of items) {
    if (item.kind === 'op') code[at] = item.code;
    else if (item.kind === 'label') code[at] = numbers.JUMPDEST!;
    else if (item.kind === 'push') putPush(code, at, item.value, item.width);
    else if (item.kind === 'target') putPush(code, at, BigInt(places.get(item.name)?.at ?? 0), 2);
    else if (item.kind === 'size') putPush(code, at, BigInt(places.get(item.name)?.size ?? 0), 2);
    else code.set(item.kind === 'bytes' ? item.bytes : assemble(item.program), at);
    at += sizeOf(item);
  }
  return code;
}

function putPush(code: Uint8Array, at: number, value: bigint, width: number): void {
  code[at] = numbers.PUSH0! + width;
  for (let byte = width; byte > 0; byte--, value >>= 8n) code[at + byte] = Number(value & 0xffn);
}

/** Bytes that a number needs, at least 1. */
export function widthOf(value: bigint): number {
  return value === 0n ? 1 : Math.ceil(value.toString(16).length / 2);
}

/**
 * A program out of words: opcode names, numbers (pushed at their shortest), `name:` for a jump destination, `@name` to
 * push where it is, `#00ff` for bytes as they are.
 */
export function program(source: string): Uint8Array {
  return assemble(
    source
      .trim()
      .split(/\s+/)
      .map((word): Item => {
        if (word.endsWith(':')) return { kind: 'label', name: word.slice(0, -1) };
        if (word.startsWith('@')) return { kind: 'target', name: word.slice(1) };
        if (word.startsWith('#')) return { kind: 'bytes', bytes: new Uint8Array(Buffer.from(word.slice(1), 'hex')) };
        if (/^\d/.test(word)) return { kind: 'push', value: BigInt(word), width: widthOf(BigInt(word)) };
        return { kind: 'op', code: opcode(word).code };
      }),
  );
}

/** The code as text, one line per jump destination. */
export function disassemble(code: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at < code.length; at++) {
    const byte = code[at]!;
    const name = byCode.get(byte)?.name ?? `0x${byte.toString(16).padStart(2, '0')}?`;
    const width = byte >= numbers.PUSH1! && byte <= numbers.PUSH32! ? byte - numbers.PUSH0! : 0;
    if (byte === numbers.JUMPDEST) words.push('\n   ');
    if (width === 0) words.push(byte === numbers.JUMPDEST ? `${at}:` : name);
    else words.push(`${name} 0x${Buffer.from(code.subarray(at + 1, at + 1 + width)).toString('hex')}`);
    at += width;
  }
  return words.join(' ');
}
