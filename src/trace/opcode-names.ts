// The names of opcodes as geth prints them.

import { nameOfOpcode, opcodeNamed } from '../chain/opcodes.ts';

/** What geth names although no fork here has it, or names differently. */
const geths = new Map<number, string>([
  [opcodeNamed('PREVRANDAO').number, 'DIFFICULTY'],
  [0x4b, 'SLOTNUM'],
  [0xd0, 'DATALOAD'],
  [0xd1, 'DATALOADN'],
  [0xd2, 'DATASIZE'],
  [0xd3, 'DATACOPY'],
  [0xe0, 'RJUMP'],
  [0xe1, 'RJUMPI'],
  [0xe2, 'RJUMPV'],
  [0xe3, 'CALLF'],
  [0xe4, 'RETF'],
  [0xe5, 'JUMPF'],
  [0xe6, 'DUPN'],
  [0xe7, 'SWAPN'],
  [0xe8, 'EXCHANGE'],
  [0xec, 'EOFCREATE'],
  [0xee, 'RETURNCONTRACT'],
  [0xf7, 'RETURNDATALOAD'],
  [0xf8, 'EXTCALL'],
  [0xf9, 'EXTDELEGATECALL'],
  [0xfb, 'EXTSTATICCALL'],
]);

const names = Array.from(
  { length: 256 },
  (_, opcode) => geths.get(opcode) ?? nameOfOpcode(opcode) ?? `opcode 0x${opcode.toString(16)} not defined`,
);

export function opcodeName(opcode: number): string {
  return names[opcode] ?? '';
}
