// The core's sources that are made from src/chain: the opcodes by number, and the rules in force (assembly/execute/evm/rules).

import { INVALID, OPCODES } from '../../src/chain/opcodes.ts';
import { NUMBERS, SWITCHES } from '../../src/chain/rules.ts';

/** Places of a rule in EvmRules.NUMBERS, in bytes. */
const PLACE = 8;

export function opcodesSource(): string {
  const opcodes = [...OPCODES, { name: 'INVALID', number: INVALID }].sort((left, right) => left.number - right.number);
  const lines = opcodes.map(({ name, number }) => {
    return `  static readonly ${name}: u32 = 0x${number.toString(16).padStart(2, '0')};\n`;
  });
  return `// The opcodes by number. Made from src/chain/opcodes.ts: \`npx vitest run --project unit test/unit/chain -u\`.

export abstract class Op {
${lines.join('')}}
`;
}

/** A number is read as one and a switch as one because of the list in which it stands, not because of its name. */
export function forkRulesSource(): string {
  const numbers = Object.entries(NUMBERS);
  const switches = Object.entries(SWITCHES);
  const declarations = [
    ...numbers.map(([name, doc]) => `/** ${sentence(doc)} */\nexport let ${name}: i64 = 0;\n`),
    ...switches.map(([name, doc]) => `/** ${sentence(doc)} */\nexport let ${name}: bool = false;\n`),
  ];
  const readsNumbers = numbers.map(([name], i) => `  ${name} = load<i64>(record, ${i * PLACE});\n`);
  const readsSwitches = switches.map(([name], i) => `  ${name} = load<i64>(record, ${i * PLACE}) != 0;\n`);
  return `// The rules in force: prices are gas. Made from src/chain/rules.ts: \`npx vitest run --project unit test/unit/chain -u\`.

import { EvmRules } from "../../../layout";

/** Address of 256 EvmOpcode; 0 before the rules are read. */
export let opcodeTable: u32 = 0;

${declarations.join('')}
/** Called when the worker joins a block. */
export function forgetRules(): void {
  opcodeTable = 0;
}

/** Reads the EvmRules at \`record\`, unless they have been read. */
export function useRules(record: u32): void {
  if (opcodeTable == record + EvmRules.OPCODES) return;
  opcodeTable = record + EvmRules.OPCODES;
  readNumbers(record + EvmRules.NUMBERS);
  readSwitches(record + EvmRules.NUMBERS + ${numbers.length * PLACE});
}

function readNumbers(record: u32): void {
${readsNumbers.join('')}}

function readSwitches(record: u32): void {
${readsSwitches.join('')}}
`;
}

function sentence(doc: string): string {
  return `${doc[0]!.toUpperCase()}${doc.slice(1)}.`;
}
