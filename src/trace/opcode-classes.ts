// Opcodes by what they are for: what a profile adds their gas up by.

import { nameOfOpcode } from '../chain/opcodes.ts';

export const OPCODE_CLASSES = [
  ...['arithmetic', 'comparison', 'keccak', 'environment', 'account', 'copy', 'stack', 'memory'],
  ...['storage', 'transient', 'control', 'log', 'call', 'creation'],
] as const;

export type OpcodeClass = (typeof OPCODE_CLASSES)[number];

const NAMES: readonly (readonly [OpcodeClass, RegExp])[] = [
  ['arithmetic', /^(ADD|MUL|SUB|S?DIV|S?MOD|ADDMOD|MULMOD|EXP|SIGNEXTEND)$/],
  ['comparison', /^(S?LT|S?GT|EQ|ISZERO|AND|OR|XOR|NOT|BYTE|SHL|SHR|SAR|CLZ)$/],
  ['keccak', /^KECCAK256$/],
  ['account', /^(BALANCE|SELFBALANCE|EXTCODE(SIZE|COPY|HASH))$/],
  ['copy', /^(CALLDATA|CODE|RETURNDATA)COPY$/],
  ['memory', /^(MLOAD|MSTORE8?|MSIZE|MCOPY)$/],
  ['storage', /^(SLOAD|SSTORE)$/],
  ['transient', /^(TLOAD|TSTORE)$/],
  ['control', /^(STOP|JUMPI?|JUMPDEST|PC|GAS|RETURN|REVERT|INVALID)$/],
  ['log', /^LOG\d$/],
  ['call', /^(CALL|CALLCODE|DELEGATECALL|STATICCALL)$/],
  ['creation', /^(CREATE2?|SELFDESTRUCT)$/],
  ['stack', /^(POP|PUSH\d+|DUP\d+|SWAP\d+|DUPN|SWAPN|EXCHANGE)$/],
];

const classes = Array.from({ length: 256 }, (_, opcode): OpcodeClass => {
  const name = nameOfOpcode(opcode);
  // What no fork knows halts its frame, as INVALID does.
  if (name === undefined) return 'control';
  return NAMES.find(([, names]) => names.test(name))?.[0] ?? 'environment';
});

export function classOfOpcode(opcode: number): OpcodeClass {
  return classes[opcode] ?? 'control';
}
