// Storage that is read in bulk: the same as slot by slot, whatever it is written like.
import { expect, test } from 'vitest';
import { keyFromBytes } from '../../../src/base/hex.ts';
import { memoryState } from '../../../src/index.ts';
import { imageOf } from '../../../src/run/state-loading.ts';
import { packedStoragesOf } from '../../../src/state/memory-account.ts';
import { count } from '../../support/effort.ts';

const ADDRESS = `0x${'aa'.repeat(20)}`;
type Storage = Record<string, string | number>;
const stateOf = (storage: Storage | ReadonlyMap<string, string | number>) =>
  memoryState({ [ADDRESS]: { balance: 1n, storage: storage as Record<string, string> } });
const isPacked = (storage: Storage) => packedStoragesOf(stateOf(storage).accounts)?.[0] !== undefined;
const full = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`;

/** Small numbers, and such with zeros in front and behind. */
function random(): bigint {
  const bits = BigInt(Math.floor(Math.random() * 257));
  const digits = Array.from({ length: 8 }, () => Math.floor(Math.random() * 2 ** 32).toString(16)).join('');
  return BigInt(`0x${digits}`) & ((1n << bits) - 1n);
}

test('random storage gives the accounts and the image that a map of it gives', async () => {
  for (let round = 0; round < count('packed-storage', { ci: 200, long: 5000 }); round++) {
    const slots = new Set(Array.from({ length: 1 + Math.floor(Math.random() * 20) }, random));
    const isFull = Math.random() < 0.5;
    const storage = Object.fromEntries(
      Array.from(slots, (slot) => [isFull ? full(slot) : `0x${slot.toString(16)}`, `0x${random().toString(16)}`]),
    );
    const [packed, mapped] = [stateOf(storage), stateOf(new Map(Object.entries(storage)))];
    expect(isPacked(storage)).toBe(true);
    expect(packedStoragesOf(mapped.accounts)).toEqual([undefined]);
    expect((await imageOf(packed)).image).toEqual((await imageOf(mapped)).image);
    expect(structuredClone(packed.accounts)).toEqual(structuredClone(mapped.accounts));
  }
});

test('storage that is written in any other way is read slot by slot, as before', () => {
  const one = (storage: Storage) => [
    ...stateOf(storage)
      .accounts.get(keyFromBytes(new Uint8Array(20).fill(0xaa)))!
      .storage.values(),
  ];
  const odd: Storage[] = [
    { '0x01': '0x2' },
    { '0X1': '0x2' },
    { '1': 2 },
    { '0x1': 2 },
    { [full(1n).slice(2)]: '0x02' },
    { '0x1': '2' },
  ];
  for (const storage of odd) {
    if (Object.keys(storage)[0] === '0X1') {
      expect(() => stateOf(storage)).toThrow(
        'state["0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"].storage["0X1"]: not a number: "0X1"',
      );
      continue;
    }
    expect(one(storage)).toEqual(one({ '0x1': '0x2' }));
  }
});

test.for([
  [{ '0x1': '0x2', '0x01': '0x2' }, 'storage["0x01"]: the same slot is listed twice'],
  [{ '0xa': '0x2', '0xA': '0x2' }, 'storage["0xA"]: the same slot is listed twice'],
  [{ '0x1': '0x2', [full(1n)]: '0x2' }, `the same slot is listed twice`],
  [{ '0x1': '0xg' }, 'storage["0x1"]: not a hex quantity: "0xg"'],
  [{ '0xg': '0x1' }, 'storage["0xg"]: not a hex quantity: "0xg"'],
  [{ '0x1': `0x1${'0'.repeat(64)}` }, 'does not fit 256 bits'],
  [{ '0x': '0x1' }, 'storage["0x"]: not a hex quantity: "0x"'],
  [{ '0x1': -1 }, 'storage["0x1"]: negative: -1'],
] as [Storage, string][])('%o is refused with the same words', ([storage, message]) => {
  expect(() => stateOf(storage)).toThrow(message);
  expect(() => stateOf(new Map(Object.entries(storage)))).toThrow(message);
});
