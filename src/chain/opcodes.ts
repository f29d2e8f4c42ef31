// The opcodes: the only table of their numbers, what they take and leave, when they came and what they cost then.
// From it follow the checks of the stack, names, lists and the core's own constants (assembly/execute/evm/rules/opcodes.ts).

import type { Hardfork } from './hardfork.ts';

export interface Opcode {
  readonly number: number;
  readonly name: string;
  /** Words that it takes from the stack, or looks at. */
  readonly operands: number;
  /** Words in their place. */
  readonly results: number;
  /** The fork that brought it. */
  readonly since: Hardfork;
  /** What it costs at least, as that fork has it; later forks change some (rules.ts). */
  readonly price: number;
}

type Row = readonly [number: number, name: string, operands: number, results: number, price: number, since?: Hardfork];

/** `count` opcodes in a row, `name` with a number behind, from `first` on. */
function range(
  start: number,
  name: string,
  first: number,
  count: number,
  row: (n: number) => [number, number, number],
) {
  return Array.from({ length: count }, (_, i): Row => [start + i, `${name}${first + i}`, ...row(first + i)]);
}

/** Prices of the Yellow Paper, appendix G. */
const [ZERO, BASE, VERYLOW, LOW, MID, HIGH] = [0, 2, 3, 5, 8, 10];

const ROWS: readonly Row[] = [
  [0x00, 'STOP', 0, 0, ZERO],
  [0x01, 'ADD', 2, 1, VERYLOW],
  [0x02, 'MUL', 2, 1, LOW],
  [0x03, 'SUB', 2, 1, VERYLOW],
  [0x04, 'DIV', 2, 1, LOW],
  [0x05, 'SDIV', 2, 1, LOW],
  [0x06, 'MOD', 2, 1, LOW],
  [0x07, 'SMOD', 2, 1, LOW],
  [0x08, 'ADDMOD', 3, 1, MID],
  [0x09, 'MULMOD', 3, 1, MID],
  [0x0a, 'EXP', 2, 1, HIGH],
  [0x0b, 'SIGNEXTEND', 2, 1, LOW],
  [0x10, 'LT', 2, 1, VERYLOW],
  [0x11, 'GT', 2, 1, VERYLOW],
  [0x12, 'SLT', 2, 1, VERYLOW],
  [0x13, 'SGT', 2, 1, VERYLOW],
  [0x14, 'EQ', 2, 1, VERYLOW],
  [0x15, 'ISZERO', 1, 1, VERYLOW],
  [0x16, 'AND', 2, 1, VERYLOW],
  [0x17, 'OR', 2, 1, VERYLOW],
  [0x18, 'XOR', 2, 1, VERYLOW],
  [0x19, 'NOT', 1, 1, VERYLOW],
  [0x1a, 'BYTE', 2, 1, VERYLOW],
  [0x1b, 'SHL', 2, 1, VERYLOW, 'constantinople'], // EIP-145
  [0x1c, 'SHR', 2, 1, VERYLOW, 'constantinople'],
  [0x1d, 'SAR', 2, 1, VERYLOW, 'constantinople'],
  [0x1e, 'CLZ', 1, 1, LOW, 'osaka'], // EIP-7939
  [0x20, 'KECCAK256', 2, 1, 30],
  [0x30, 'ADDRESS', 0, 1, BASE],
  [0x31, 'BALANCE', 1, 1, 20],
  [0x32, 'ORIGIN', 0, 1, BASE],
  [0x33, 'CALLER', 0, 1, BASE],
  [0x34, 'CALLVALUE', 0, 1, BASE],
  [0x35, 'CALLDATALOAD', 1, 1, VERYLOW],
  [0x36, 'CALLDATASIZE', 0, 1, BASE],
  [0x37, 'CALLDATACOPY', 3, 0, VERYLOW],
  [0x38, 'CODESIZE', 0, 1, BASE],
  [0x39, 'CODECOPY', 3, 0, VERYLOW],
  [0x3a, 'GASPRICE', 0, 1, BASE],
  [0x3b, 'EXTCODESIZE', 1, 1, 20],
  [0x3c, 'EXTCODECOPY', 4, 0, 20],
  [0x3d, 'RETURNDATASIZE', 0, 1, BASE, 'byzantium'], // EIP-211
  [0x3e, 'RETURNDATACOPY', 3, 0, VERYLOW, 'byzantium'],
  [0x3f, 'EXTCODEHASH', 1, 1, 400, 'constantinople'], // EIP-1052
  [0x40, 'BLOCKHASH', 1, 1, 20],
  [0x41, 'COINBASE', 0, 1, BASE],
  [0x42, 'TIMESTAMP', 0, 1, BASE],
  [0x43, 'NUMBER', 0, 1, BASE],
  [0x44, 'PREVRANDAO', 0, 1, BASE], // DIFFICULTY before Paris
  [0x45, 'GASLIMIT', 0, 1, BASE],
  [0x46, 'CHAINID', 0, 1, BASE, 'istanbul'], // EIP-1344
  [0x47, 'SELFBALANCE', 0, 1, LOW, 'istanbul'], // EIP-1884
  [0x48, 'BASEFEE', 0, 1, BASE, 'london'], // EIP-3198
  [0x49, 'BLOBHASH', 1, 1, VERYLOW, 'cancun'], // EIP-4844
  [0x4a, 'BLOBBASEFEE', 0, 1, BASE, 'cancun'], // EIP-7516
  [0x4b, 'SLOTNUM', 0, 1, BASE, 'amsterdam'], // EIP-7843
  [0x50, 'POP', 1, 0, BASE],
  [0x51, 'MLOAD', 1, 1, VERYLOW],
  [0x52, 'MSTORE', 2, 0, VERYLOW],
  [0x53, 'MSTORE8', 2, 0, VERYLOW],
  [0x54, 'SLOAD', 1, 1, 50],
  [0x55, 'SSTORE', 2, 0, ZERO],
  [0x56, 'JUMP', 1, 0, MID],
  [0x57, 'JUMPI', 2, 0, HIGH],
  [0x58, 'PC', 0, 1, BASE],
  [0x59, 'MSIZE', 0, 1, BASE],
  [0x5a, 'GAS', 0, 1, BASE],
  [0x5b, 'JUMPDEST', 0, 0, 1],
  [0x5c, 'TLOAD', 1, 1, 100, 'cancun'], // EIP-1153
  [0x5d, 'TSTORE', 2, 0, 100, 'cancun'],
  [0x5e, 'MCOPY', 3, 0, VERYLOW, 'cancun'], // EIP-5656
  [0x5f, 'PUSH0', 0, 1, BASE, 'shanghai'], // EIP-3855
  ...range(0x60, 'PUSH', 1, 32, () => [0, 1, VERYLOW]),
  ...range(0x80, 'DUP', 1, 16, (n) => [n, n + 1, VERYLOW]),
  ...range(0x90, 'SWAP', 1, 16, (n) => [n + 1, n + 1, VERYLOW]),
  ...range(0xa0, 'LOG', 0, 5, (topics) => [topics + 2, 0, 375 * (topics + 1)]),
  // EIP-8024: the byte behind says how deep they reach, and so what they need of the stack
  [0xe6, 'DUPN', 0, 1, VERYLOW, 'amsterdam'],
  [0xe7, 'SWAPN', 0, 0, VERYLOW, 'amsterdam'],
  [0xe8, 'EXCHANGE', 0, 0, VERYLOW, 'amsterdam'],
  [0xf0, 'CREATE', 3, 1, 32000],
  [0xf1, 'CALL', 7, 1, 40],
  [0xf2, 'CALLCODE', 7, 1, 40],
  [0xf3, 'RETURN', 2, 0, ZERO],
  [0xf4, 'DELEGATECALL', 6, 1, 40, 'homestead'], // EIP-7
  [0xf5, 'CREATE2', 4, 1, 32000, 'constantinople'], // EIP-1014
  [0xfa, 'STATICCALL', 6, 1, 700, 'byzantium'], // EIP-214
  [0xfd, 'REVERT', 2, 0, ZERO, 'byzantium'], // EIP-140
  [0xff, 'SELFDESTRUCT', 1, 0, ZERO],
];

/** INVALID: in no fork, now or later (EIP-141). */
export const INVALID = 0xfe;

/** In the order of their numbers. */
export const OPCODES: readonly Opcode[] = ROWS.map(
  ([number, name, operands, results, price, since = 'chainstart']) => ({
    number,
    name,
    operands,
    results,
    since,
    price,
  }),
);

const BY_NUMBER: ReadonlyMap<number, Opcode> = new Map(OPCODES.map((opcode) => [opcode.number, opcode]));

/** The opcode of a number, of whatever fork; `undefined` where there is none. */
export function opcodeNumbered(number: number): Opcode | undefined {
  return BY_NUMBER.get(number);
}

/** The name of an opcode, of whatever fork; `undefined` where there is none. */
export function nameOfOpcode(number: number): string | undefined {
  return number === INVALID ? 'INVALID' : BY_NUMBER.get(number)?.name;
}

const BY_NAME: ReadonlyMap<string, Opcode> = new Map(OPCODES.map((opcode) => [opcode.name, opcode]));

/**
 * The opcode of a name.
 * @throws RangeError where there is none
 */
export function opcodeNamed(name: string): Opcode {
  const opcode = BY_NAME.get(name);
  if (opcode === undefined) throw new RangeError(`no opcode is called ${name}`);
  return opcode;
}

/**
 * The numbers of some opcodes, by their names.
 * @throws RangeError for a name that no opcode has
 */
export function numbersOf<Name extends string>(...names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name) => [name, opcodeNamed(name).number])) as Record<Name, number>;
}
