// The core's source of the rules in force, made from src/chain/rules.ts: assembly/execute/evm/rules/fork-rules.ts.

import { NUMBERS, SWITCHES } from '../../src/chain/rules.ts';

/** Places of a rule in EvmRules.NUMBERS, in bytes. */
const PLACE = 8;

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

/** Address of 256 i64: what each opcode costs at least. */
export let gasTable: u32 = 0;

${declarations.join('')}
/** Called when the worker joins a block. */
export function forgetRules(): void {
  gasTable = 0;
}

/** Reads the EvmRules at \`record\`, unless they have been read. */
export function useRules(record: u32): void {
  if (gasTable == record + EvmRules.PRICES) return;
  gasTable = record + EvmRules.PRICES;
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
