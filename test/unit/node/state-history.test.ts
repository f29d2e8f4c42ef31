// The states of a recorded chain: each is what the steps that lead to it make of the first one, made anew step by step.
import { expect, test } from 'vitest';
import { type Hex, hexFromBytes, keyFromBytes } from '../../../src/base/hex.ts';
import type { StateDiff } from '../../../src/block/state-diff.ts';
import { memoryState, type StateKey, type StateSource } from '../../../src/index.ts';
import { StateHistory } from '../../../src/node/state-history.ts';
import type { MemoryState } from '../../../src/state/memory.ts';
import { stateAfter } from '../../../src/state/state-after.ts';
import { addressOf, expectLinear, patient, processorTime, words } from '../../support/growth.ts';

const ADDRESSES = Array.from({ length: 8 }, (_, at) => addressOf(0xa0 + at));
const SLOTS = Array.from({ length: 4 }, (_, at) => words([at]));
const KEYS: StateKey[] = ADDRESSES.flatMap((address) => [
  { kind: 'account', address },
  { kind: 'code', address },
  ...SLOTS.map((slot) => ({ kind: 'storage', address, slot }) as const),
]);

/** Numbers that look random, the same in every run. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function firstState(below: (limit: number) => number): MemoryState {
  const some = ADDRESSES.filter(() => below(2) === 0);
  const storage = () => Object.fromEntries(SLOTS.filter(() => below(2) === 0).map((slot) => [slot, below(9) + 1]));
  return memoryState(
    Object.fromEntries(
      some.map((address) => [
        address,
        { balance: below(5) + 1, nonce: below(4) > 0 ? 1 : 0, code: below(2) ? '0x00' : '0x', storage: storage() },
      ]),
    ),
  );
}

/** As blocks leave them: what is written for an account that is empty does not count. */
function randomDiff(below: (limit: number) => number): StateDiff {
  const diff: StateDiff = new Map();
  for (const address of ADDRESSES) {
    if (below(3) > 0) continue;
    if (below(6) === 0) {
      diff.set(address, null);
      continue;
    }
    const storage = new Map(SLOTS.filter(() => below(3) === 0).map((slot) => [slot, words([below(3)])]));
    diff.set(address, {
      ...(below(2) && { balance: BigInt(below(3)) }),
      ...(below(2) && { nonce: BigInt(below(2)) }),
      ...(below(3) === 0 && { code: below(2) ? '0x' : (`0x0${below(9)}` as Hex) }),
      storage,
      ...(below(4) === 0 && { destroyed: true as const }),
    });
  }
  return diff;
}

/** Knows the values of a state, and not which accounts there are. */
const distant = ({ load, blockHash }: MemoryState): StateSource => ({
  load: (keys) => load(keys),
  blockHash,
});

test.each([
  ['known as a whole', true],
  ['of a source that is asked', false],
])('after each step, back and forth: %s', patient, async (_, isWhole) => {
  for (let seed = 1; seed <= 60; seed++) {
    const below = random(seed);
    const first = firstState(below);
    const history = new StateHistory(isWhole ? { whole: first } : { source: distant(first) });
    const states = [first];
    for (let round = 0; round < 40; round++) {
      if (below(8) === 0) {
        const length = below(states.length);
        history.truncate(length);
        states.length = length + 1;
      }
      // A source that does not know all of an account cannot say that it is empty.
      const emptyIsAbsent = isWhole && below(4) > 0;
      const diff = randomDiff(below);
      history.append({ diff, emptyIsAbsent });
      states.push(stateAfter(states.at(-1)!, diff, { emptyIsAbsent }));
      expect(history.length).toBe(states.length - 1);
      const at = below(states.length);
      const state = history.stateAt(at);
      const values = await states[at]!.load(KEYS);
      expect(await state.load(KEYS), `seed ${seed}, ${at} of ${history.length}`).toEqual(values);
      expect(await history.valuesAt(at).load(KEYS)).toEqual(values);
      if (!isWhole || below(3) > 0) continue;
      expect(listed(state.description.accounts!)).toEqual(listed(states[at]!.accounts));
      const { accounts, emptyAccounts, storageOnly } = history.valuesAt(at).description;
      expect(accounts).toBeUndefined();
      // Whoever is told that there are no empty accounts does not look for them.
      if (states[at]!.description.emptyAccounts) expect(emptyAccounts).toBe(true);
      if (history.isDescribed) expect(storageOnly).toEqual(states[at]!.storageOnly);
    }
  }
});

function listed(accounts: MemoryState['accounts']) {
  const all = [...accounts.values()].map(({ address, balance, nonce, code, codeHash, storage }) => [
    hexFromBytes(address),
    { balance, nonce, code: code && hexFromBytes(code), codeHash: hexFromBytes(codeHash) },
    [...storage.values()]
      .filter(({ value }) => value.some((byte) => byte !== 0))
      .map(({ slot, value }) => `${keyFromBytes(slot)} ${hexFromBytes(value)}`)
      .sort(),
  ]);
  return all.sort(([a], [b]) => String(a).localeCompare(String(b)));
}

test('a state whose block was taken back says so', async () => {
  const history = new StateHistory({ whole: memoryState({}) });
  const diff: StateDiff = new Map([[ADDRESSES[0]!, { balance: 1n, storage: new Map() }]]);
  history.append({ diff, emptyIsAbsent: true });
  const state = history.stateAt(1);
  history.truncate(0);
  history.append({ diff, emptyIsAbsent: true });
  await expect(state.load(KEYS)).rejects.toThrow('the block of this state was taken back');
  expect(() => state.description).toThrow('the block of this state was taken back');
  await history.stateAt(1).load(KEYS);
});

test(
  '8,000 steps over a large state, and a question after each, take time in proportion to their number',
  patient,
  async () => {
    const whole = memoryState(
      Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [addressOf(0x100000 + at), { balance: 1 }])),
    );
    await expectLinear(2000, async (n) => {
      const history = new StateHistory({ source: whole });
      return processorTime(async () => {
        for (let at = 0; at < n; at++) {
          const address = addressOf(0x200000 + at);
          const diff: StateDiff = new Map([[address, { balance: 1n, storage: new Map() }]]);
          history.append({ diff, emptyIsAbsent: true });
          await history.stateAt(at + 1).load([{ kind: 'account', address }]);
        }
      });
    });
  },
);

test('a root that cannot be reckoned is told to whoever asks for it, and is nobody else’s failure', async () => {
  const broken = new Map(memoryState({}).accounts);
  let isBroken = false;
  broken.values = () => {
    if (isBroken) throw new Error('no accounts');
    return new Map().values();
  };
  const unhandled: unknown[] = [];
  const listener = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listener);
  try {
    const history = new StateHistory({ whole: { ...memoryState({}), accounts: broken } });
    isBroken = true;
    await history.archive();
    // Rejections without a handler are told after the microtasks.
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unhandled).toEqual([]);
    await expect(history.rootAt(0)).rejects.toThrow('no accounts');
  } finally {
    process.off('unhandledRejection', listener);
  }
});
