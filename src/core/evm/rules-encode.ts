// The rules of a fork as the core reads them (layout.ts: EvmRules).

import { EvmRules } from '../../../assembly/layout.ts';
import { OPCODES } from '../../chain/opcodes.ts';
import { NUMBERS, type Rules, SWITCHES } from '../../chain/rules.ts';

const OPCODE_COUNT = 256;
/** Bytes of a price, a number or a switch. */
const PLACE = 8;
/** What the core takes for more than there can be of anything. */
const UNLIMITED = 2n ** 63n - 1n;

const numbers = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
const switches = Object.keys(SWITCHES) as (keyof typeof SWITCHES)[];
const records = new WeakMap<Rules, Uint8Array>();

/**
 * The record of `rules`. Made once for each; not to be changed.
 * @throws RangeError for a number that the core cannot take: a fraction, or one below 0 or above 2^63 - 1
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
    view.setBigInt64(EvmRules.PRICES + number * PLACE, UNLIMITED, true);
  }
  for (const { name, number } of OPCODES) {
    const price = rules.prices[name];
    if (price !== undefined) view.setBigInt64(EvmRules.PRICES + number * PLACE, limited(name, price), true);
  }
  values.forEach((value, i) => {
    view.setBigInt64(EvmRules.NUMBERS + i * PLACE, value, true);
  });
  return record;
}

function limited(name: string, value: number): bigint {
  if (value === Number.POSITIVE_INFINITY) return UNLIMITED;
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`the core cannot take ${value} as ${name}`);
  return BigInt(value);
}
