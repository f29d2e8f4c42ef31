// What calls have read is remembered by code and selector, and no more of it than was agreed.

import { expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { Experience } from '../../../src/state/remote/experience.ts';
import type { Unit } from '../../../src/state/remote/state-keys.ts';

const address = (value: number): Hex => `0x${value.toString(16).padStart(40, '0')}`;
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const slot = (value: number): Unit => ({ kind: 'storage', address: address(7), slot: word(value) });
const NO_BLOCK = { transactions: [] } as unknown as BlockInput;
const expected = (experience: Experience, calls: ReturnType<typeof call>[]) => experience.expected(NO_BLOCK, calls);
const call = (to: number, selector = '0xaabbccdd') => ({ to: address(to), selector });

test('a call of the same code with the same selector is expected to read the same, wherever the code is', () => {
  const experience = new Experience();
  experience.learn([call(1)], [slot(1)]);
  expect(expected(experience, [call(1)])).toEqual([]);
  experience.meet(address(1), word(100));
  experience.meet(address(2), word(100));
  experience.meet(address(3), word(101));
  experience.learn([call(1)], [slot(1), { kind: 'blockHash', number: 5n }, slot(2)]);
  expect(expected(experience, [call(2)])).toEqual([slot(1), slot(2)]);
  expect(expected(experience, [call(3)])).toEqual([]);
  expect(expected(experience, [call(1, '0x11223344')])).toEqual([]);
  expect(expected(experience, [call(1), call(2)])).toEqual([slot(1), slot(2)]);
});

test('what was read last is kept, up to a bound', () => {
  const experience = new Experience();
  experience.meet(address(1), word(100));
  for (let at = 0; at < 2000; at++) experience.learn([call(1)], [slot(at)]);
  const units = expected(experience, [call(1)]);
  expect(units.length).toBe(512);
  expect(units.at(-1)).toEqual(slot(1999));
  for (let at = 0; at < 1024; at++) experience.learn([call(1, word(at))], [slot(at)]);
  expect(expected(experience, [call(1)])).toEqual([]);
  for (let at = 2; at < 20_000; at++) experience.meet(address(at), word(at));
  expect(experience.codeHashAt(address(1))).toBeUndefined();
  expect(experience.codeHashAt(address(19_999))).toBe(word(19_999));
});

test('of a block of many calls nobody knows who has read what', () => {
  const transaction = { to: address(1), input: '0xaabbccdd00' };
  const block = (count: number) =>
    ({ transactions: Array.from({ length: count }, () => transaction) }) as unknown as BlockInput;
  const experience = new Experience();
  expect(experience.callsOf(block(8)).length).toBe(8);
  expect(experience.callsOf(block(9))).toEqual([]);
  const plain = { transactions: [{ to: address(1), input: '0x' }, { input: '0xaabbccdd' }] } as unknown as BlockInput;
  expect(experience.callsOf(plain)).toEqual([]);
});
