// The rules of a fork as the core reads them (layout.ts: EvmRules).

import { EvmOpcode, EvmRules, STACK_SIZE } from '../../../assembly/layout.ts';
import { OPCODES, type Opcode } from '../../chain/opcodes.ts';
import { NUMBERS, type Rules, SWITCHES } from '../../chain/rules.ts';

const OPCODE_COUNT = 256;
/** Bytes of a word of the stack. */
const WORD = 32;
/** Bytes of a number or a switch. */
const PLACE = 8;
/** More than a stack's height: what an opcode needs that is not there. */
const UNREACHABLE = 0xffff;
/** What the core takes for more than there can be of anything. */
const UNLIMITED = 2n ** 63n - 1n;

const numbers = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
const switches = Object.keys(SWITCHES) as (keyof typeof SWITCHES)[];
const records = new WeakMap<Rules, Uint8Array>();

/**
 * The record of `rules`. Made once for each; not to be changed.
 * @throws RangeError for a number that the core cannot take: a fraction, or one below 0 or above 2^63 - 1 (prices: 2^32 - 1)
 */
export function encodedRules(rules: Rules): Uint8Array {
  let record = records.get(rules);
  if (record === undefined) {
    record = encode(rules);
    records.set(rules, record);
  }
  return record;
}

function encode(rules: Rules): Uint8Array {
  const values = [
    ...numbers.map((name) => limited(name, rules[name])),
    ...switches.map((name) => (rules[name] ? 1n : 0n)),
  ];
  if (values.length > EvmRules.CAPACITY) throw new RangeError(`${values.length} rules for ${EvmRules.CAPACITY} places`);
  const record = new Uint8Array(EvmRules.SIZE);
  const view = new DataView(record.buffer);
  for (let number = 0; number < OPCODE_COUNT; number++) {
    view.setUint16(opcodeAt(number) + EvmOpcode.NEEDED, UNREACHABLE, true);
  }
  for (const opcode of OPCODES) {
    const price = rules.prices[opcode.name];
    if (price !== undefined) writeOpcode(view, opcode, price);
  }
  values.forEach((value, i) => {
    view.setBigInt64(EvmRules.NUMBERS + i * PLACE, value, true);
  });
  return record;
}

function opcodeAt(number: number): number {
  return EvmRules.OPCODES + number * EvmOpcode.SIZE;
}

function writeOpcode(view: DataView, { name, number, operands, results }: Opcode, price: number): void {
  if (!Number.isInteger(price) || price < 0 || price >= 2 ** 32) {
    throw new RangeError(`the core cannot take ${price} as the price of ${name}`);
  }
  const needed = operands * WORD;
  const grows = Math.max(0, results - operands) * WORD;
  view.setUint32(opcodeAt(number) + EvmOpcode.PRICE, price, true);
  view.setUint16(opcodeAt(number) + EvmOpcode.NEEDED, needed, true);
  view.setUint16(opcodeAt(number) + EvmOpcode.ROOM, STACK_SIZE - needed - grows, true);
}

function limited(name: string, value: number): bigint {
  if (value === Number.POSITIVE_INFINITY) return UNLIMITED;
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`the core cannot take ${value} as ${name}`);
  return BigInt(value);
}
