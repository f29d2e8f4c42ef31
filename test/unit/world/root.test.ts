// The root of a world's state, which costs what has changed, against the root of all of it: whatever happened in between.
import { afterAll, describe, expect, test } from 'vitest';
import { bytes32FromNumber, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import type { AccountDiff } from '../../../src/block/state-diff.ts';
import { createEngine, InputError, memoryState } from '../../../src/index.ts';
import { stateAfter } from '../../../src/state/state-after.ts';
import { stateRootOf } from '../../../src/state/state-root.ts';
import { count } from '../../support/effort.ts';
import { Random } from '../../support/fuzz-random.ts';

const engine = await createEngine({ workers: 1 });
afterAll(() => engine.dispose());

const SENDER: Hex = `0x${'11'.repeat(20)}`;
const MINER: Hex = `0x${'99'.repeat(20)}`;
/** Writes the block's number to the slot that the caller names, which clears it where that is 0. */
const WRITER: Hex = `0x${'cc'.repeat(20)}`;
/** SELFDESTRUCT to the caller. */
const FALLING: Hex = `0x${'dd'.repeat(20)}`;
const word = (value: number | bigint): Hex => hexFromBytes(bytes32FromNumber(BigInt(value)));
const addressOf = (index: number): Hex => `0x${(index * 0x9e3779b1 + 1).toString(16).padStart(40, '0')}`;

const alloc = {
  [SENDER]: { balance: 10n ** 20n },
  // PUSH1 32, CALLDATALOAD, PUSH0, CALLDATALOAD, SSTORE
  [WRITER]: { code: '0x6020356000355500', storage: Object.fromEntries([1, 2, 3].map((i) => [word(i), word(i)])) },
  [FALLING]: { code: '0x33ff', balance: 5, storage: { [word(1)]: word(1) } },
  ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [addressOf(i), { balance: i + 1 }])),
};

describe('the root of a world', () => {
  for (const hardfork of ['berlin', 'chainstart'] as const) {
    test(`is that of all of its state after blocks, settings and reverts (${hardfork})`, async () => {
      const random = new Random(hardfork.length);
      const emptyIsAbsent = hardfork !== 'chainstart';
      for (let round = count('lives of a root', { ci: 3, long: 100 }); round > 0; round--) {
        let state = memoryState(alloc);
        await using world = await engine.openWorld({ state });
        const snapshots: { id: number; state: typeof state; number: number; nonce: number }[] = [];
        let [number, nonce] = [0, 0];
        const set = (address: Hex, change: AccountDiff) => {
          state = stateAfter(state, new Map([[address, change]]), { emptyIsAbsent: true });
        };
        for (let step = 0; step < 40; step++) {
          const address = random.below(4) === 0 ? WRITER : addressOf(random.below(50));
          const what = random.below(8);
          if (what === 0) {
            const balance = BigInt(random.below(3));
            await world.setBalance(address, balance);
            set(address, { balance, storage: new Map() });
          } else if (what === 1) {
            const slot = random.below(6);
            const value = random.below(2);
            await world.setStorage(WRITER, slot, value);
            set(WRITER, { storage: new Map([[word(slot), word(value)]]) });
          } else if (what === 2) {
            snapshots.push({ id: world.snapshot(), state, number, nonce });
          } else if (what === 3 && snapshots.length > 0) {
            const at = random.below(snapshots.length);
            snapshots.length = at + 1;
            const back = snapshots[at]!;
            await world.revert(back.id);
            ({ state, number, nonce } = back);
          } else {
            const falls = random.below(6) === 0;
            const input = word(random.below(6)) + word(random.below(3)).slice(2);
            const result = await world.executeBlock({
              hardfork,
              block: {
                ...{ number: `0x${(++number).toString(16)}`, parentHash: word(0), timestamp: '0x1', difficulty: '0x1' },
                ...{ gasLimit: '0x1c9c380', miner: random.below(2) === 0 ? MINER : addressOf(random.below(50)) },
                transactions: [
                  {
                    ...{
                      type: '0x0',
                      from: SENDER,
                      nonce: `0x${(nonce++).toString(16)}`,
                      gas: '0x186a0',
                      gasPrice: '0x0',
                    },
                    ...{
                      to: falls ? FALLING : WRITER,
                      value: falls ? '0x0' : `0x${random.below(2)}`,
                      input: input as Hex,
                    },
                  },
                ],
                uncles: [],
              },
            });
            state = stateAfter(state, result.stateDiff, { emptyIsAbsent });
          }
          if (random.below(3) > 0) {
            expect(await world.stateRoot()).toBe(await stateRootOf(state, new Map(), { emptyIsAbsent: false }));
          }
        }
        await using fork = await world.fork();
        expect(await fork.stateRoot()).toBe(await world.stateRoot());
      }
    });
  }

  test('takes a state that is known as a whole', async () => {
    const { load, blockHash } = memoryState(alloc);
    await using world = await engine.openWorld({ state: { load, blockHash } });
    await expect(world.stateRoot()).rejects.toThrow(InputError);
  });
});
