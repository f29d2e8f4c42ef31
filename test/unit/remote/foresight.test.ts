// What is guessed from what has come, where many calls leave no single one to look at.
import { expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import type { BlockInput, TransactionInput } from '../../../src/block/block-input.ts';
import { Foresight } from '../../../src/state/remote/foresight.ts';
import type { Unit } from '../../../src/state/remote/state-keys.ts';

const address = (byte: string): Hex => `0x${byte.repeat(20)}`;
const [POOL, TOKEN] = [address('a1'), address('b7')];
const word = (value: Hex): Hex => `0x${value.slice(2).padStart(64, '0')}`;
/** storage[0] */
const POOL_CODE: Hex = '0x5f5400';
/** A mapping at slot 3, by caller; and one of them by nobody knows what. */
const TOKEN_CODE: Hex = '0x335f52600360205260405f2054005b60443560243501515f52600460205260405f205400';

const codeOf = (code: Hex) => ({ code, codeHash: hexFromBytes(keccak256(bytesFromHex(code))) });
const balance = hexFromBytes(keccak256(bytesFromHex(`${word(POOL)}${'3'.padStart(64, '0')}`)));

/** Six calls of nobody in particular. */
function begun(): { foresight: Foresight; slots: () => string[] } {
  const emitted: Unit[] = [];
  const foresight = new Foresight(
    (units) => emitted.push(...units),
    () => undefined,
  );
  const transactions = Array.from({ length: 6 }, (_, at): TransactionInput => {
    const [from, to] = [address(`1${at}`), address(`2${at}`)];
    return { from, to, nonce: '0x0', gas: '0x5208', value: '0x0', input: '0x12345678' };
  });
  foresight.begin({ transactions } as unknown as BlockInput);
  const slots = () => emitted.flatMap((unit) => (unit.kind === 'storage' ? [`${unit.address} ${unit.slot}`] : []));
  return { foresight, slots };
}

test('who is named in the storage of a contract is asked what the contract has of it, whichever of them comes first', () => {
  for (const isTokenFirst of [false, true]) {
    const { foresight, slots } = begun();
    if (isTokenFirst) foresight.account(TOKEN, codeOf(TOKEN_CODE));
    foresight.account(POOL, codeOf(POOL_CODE));
    expect(slots().filter((slot) => slot.startsWith(TOKEN))).toEqual([]);
    foresight.slot(POOL, word(TOKEN));
    if (!isTokenFirst) foresight.account(TOKEN, codeOf(TOKEN_CODE));
    expect(slots().filter((slot) => slot.startsWith(TOKEN))).toEqual([`${TOKEN} ${balance}`]);
  }
});
