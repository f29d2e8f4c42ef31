// What the bytes of a contract say about the state it will touch.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { addressOf, factsOf, slotOf } from '../../../src/state/remote/code-facts.ts';

const facts = (code: Hex) => factsOf(code, hexFromBytes(keccak_256(bytesFromHex(code))));
const slot = (base: number) => ({ base: BigInt(base), keys: [], offset: 0n });

describe('the facts of code', () => {
  test('are the slots that it names', () => {
    // SLOAD(7); SSTORE(3 + 2, 1); SLOAD(keccak256("...")) by its number
    const large = 'b5'.repeat(32);
    expect(facts(`0x600754506001600360020155607f${'00'}7f${large}54`).patterns).toEqual([
      slot(7),
      slot(5),
      { base: BigInt(`0x${large}`), keys: [], offset: 0n },
    ]);
  });

  test('are mappings by caller, by a word of the data, and within mappings', () => {
    // m[caller] at 2; m[word 1] at 3, second field; m[caller][address] at 4
    const balances = '3360005260026020526040600020' + '54';
    const words = '60243560005260036020526040600020600101' + '54';
    const mask = `73${'ff'.repeat(20)}`;
    const allowances = `336000526004602052604060002060205244${mask}16600052604060002054`;
    expect(facts(`0x${balances}${words}${allowances}`).patterns).toEqual([
      { base: 2n, keys: ['caller'], offset: 0n },
      { base: 3n, keys: [{ word: 1 }], offset: 1n },
      { base: 4n, keys: ['caller', 'address'], offset: 0n },
    ]);
  });

  test('do not reach from one stretch of code into the next', () => {
    expect(facts('0x60075b54').patterns).toEqual([]);
    expect(facts('0x6007005450').patterns).toEqual([]);
  });

  test('are addresses, but no masks', () => {
    const address = `12${'3a'.repeat(18)}45`;
    expect(facts(`0x73${address}7f${'00'.repeat(12)}${address}73${'ff'.repeat(20)}`).addresses).toEqual([
      `0x${address}`,
    ]);
  });

  test('are whether others may work on the storage: proxies, and delegations of EIP-7702', () => {
    const address = `12${'3a'.repeat(18)}45`;
    expect(facts('0x6000f4').delegates).toBe(true);
    expect(facts(`0xef0100${address}`)).toEqual({ patterns: [], addresses: [`0x${address}`], delegates: true });
    expect(facts('0x6000f1').delegates).toBe(false);
  });

  test('end with the code, wherever it breaks off', () => {
    for (let size = 0; size < 40; size++) {
      for (const byte of ['60', '7f', '54', '20', '8f', '9f', 'f4', 'ff']) facts(`0x${byte.repeat(size)}`);
    }
  });
});

test('the slot of an entry is keccak256 of key and slot, with the field behind it', () => {
  const key = bytes32FromNumber(5n);
  const bytes = new Uint8Array([...key, ...bytes32FromNumber(2n)]);
  const expected = BigInt(hexFromBytes(keccak_256(bytes)));
  expect(slotOf({ base: 2n, keys: ['caller'], offset: 3n }, [key])).toBe(expected + 3n);
  expect(slotOf({ base: 2n, keys: [], offset: 3n }, [])).toBe(5n);
});

test('numbers are taken for addresses where they look like one', () => {
  expect(addressOf(BigInt(`0x12${'3a'.repeat(18)}45`))).toBe(`0x12${'3a'.repeat(18)}45`);
  for (const number of [
    0n,
    1n,
    10n ** 27n,
    (1n << 160n) - 1n,
    1n << 160n,
    1n << 159n,
    BigInt(`0x12${'00'.repeat(19)}`),
  ]) {
    expect(addressOf(number)).toBeUndefined();
  }
});
