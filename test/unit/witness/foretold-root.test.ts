// The root of the state after a block by the list that came with it: hashed while the block runs, and believed only where the list is true.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventLoopTurn } from '../../../src/base/platform.ts';
import type { BlockAccessList } from '../../../src/block/block-access-list.ts';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { diffOfList, holdsAll } from '../../../src/block/listed-diff.ts';
import type { StateDiff } from '../../../src/block/state-diff.ts';
import {
  BUILDER_DEPOSIT_REQUESTS,
  BUILDER_EXIT_REQUESTS,
  CONSOLIDATION_REQUESTS,
  WITHDRAWAL_REQUESTS,
} from '../../../src/chain/system-contracts.ts';
import { createEngine, createWitness, type Engine, type Hex, memoryState } from '../../../src/index.ts';
import { ForetoldRoot } from '../../../src/job/foretold-root.ts';
import { stateRootOf } from '../../../src/state/state-root.ts';
import { WitnessState } from '../../../src/state/witness/witness-state.ts';

vi.mock('../../../src/state/state-root.ts', { spy: true });

const hardfork = 'amsterdam';
const addressOf = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const word = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
const [alice, bob, spender] = [addressOf(0xa11ce), addressOf(0xb0b), addressOf(0x5e2)];
const list: BlockAccessList = [
  {
    ...{ address: spender, storageReads: ['0x5'], balanceChanges: [], nonceChanges: [], codeChanges: [] },
    storageChanges: [{ slot: '0x0', slotChanges: [{ blockAccessIndex: '0x1', postValue: '0x1' }] }],
  },
  {
    ...{ address: alice, storageReads: [], storageChanges: [], codeChanges: [] },
    balanceChanges: [
      { blockAccessIndex: '0x1', postBalance: '0x9' },
      { blockAccessIndex: '0x2', postBalance: '0x8' },
    ],
    nonceChanges: [{ blockAccessIndex: '0x2', postNonce: '0x2' }],
  },
  { address: bob, storageReads: [], storageChanges: [], balanceChanges: [], nonceChanges: [], codeChanges: [] },
];
const left: StateDiff = new Map([
  [spender, { storage: new Map([[word(0), word(1)]]) }],
  [alice, { storage: new Map(), balance: 8n, nonce: 2n }],
]);

test('the diff of a list has the last values, and nothing of what was only met', () => {
  expect(diffOfList(list)).toEqual(left);
});

describe('a root that was foretold', () => {
  const foretold = (given = list) => {
    const asked: StateDiff[] = [];
    const root = new ForetoldRoot(given, async (diff) => {
      asked.push(diff);
      return word(7);
    });
    return { root, asked };
  };
  const found = { blockAccessList: structuredClone(list), stateDiff: left };

  test('is asked for before the block has an end, once', async () => {
    const { root, asked } = foretold();
    await eventLoopTurn();
    await eventLoopTurn();
    expect(asked).toEqual([left]);
    expect(await root.of(found)).toBe(word(7));
    expect(asked).toHaveLength(1);
  });

  test('is none where the block has met anything else, or the state is another', async () => {
    const others: StateDiff[] = [
      new Map([...left, [bob, { storage: new Map(), balance: 1n }]]),
      new Map([...left, [alice, null]]),
      new Map([...left, [alice, { storage: new Map(), balance: 9n, nonce: 2n }]]),
      new Map([...left, [alice, { storage: new Map(), nonce: 3n }]]),
      new Map([...left, [alice, { storage: new Map(), code: '0x00' }]]),
      new Map([...left, [spender, { storage: new Map([[word(0), word(2)]]) }]]),
      new Map([...left, [spender, { storage: new Map([[word(1), word(1)]]) }]]),
      new Map([...left, [spender, { storage: new Map([[word(0), word(1)]]), destroyed: true }]]),
    ];
    for (const stateDiff of others) {
      expect(holdsAll(left, stateDiff)).toBe(false);
      expect(await foretold().root.of({ ...found, stateDiff })).toBeUndefined();
    }
    expect(await foretold().root.of({ ...found, blockAccessList: list.toReversed() })).toBeUndefined();
    expect(await foretold(list.slice(0, 2)).root.of(found)).toBeUndefined();
    // What came back to what it was is in no diff.
    expect(await foretold().root.of({ ...found, stateDiff: new Map([...left].slice(0, 1)) })).toBe(word(7));
  });

  test('is none where there is no root', async () => {
    const root = new ForetoldRoot(list, async () => {
      throw new Error('a node is missing');
    });
    expect(await root.of(found)).toBeUndefined();
  });
});

describe('a block with its list', () => {
  const contracts = [WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS, BUILDER_DEPOSIT_REQUESTS, BUILDER_EXIT_REQUESTS];
  const alloc = {
    ...{ [alice]: { balance: 10n ** 18n }, [bob]: { balance: 10n ** 18n } },
    // Stores 1 in slot 0 where nothing is, and counts slot 1 up.
    [spender]: { code: '0x6001600055600154600101600155', storage: { [word(1)]: word(5) } },
    ...Object.fromEntries(contracts.map((address) => [address, { code: '0x00', nonce: 1 }])),
  } as const;
  let engine: Engine;
  let block: BlockInput;
  let blockAccessList: BlockAccessList;

  beforeAll(async () => {
    engine = await createEngine({ workers: 2, chainId: 1, hardfork });
    const header = {
      ...{ number: '0x1', timestamp: '0x64', gasLimit: '0x3938700', miner: addressOf(0xfee), baseFeePerGas: '0x7' },
      ...{ difficulty: '0x0', mixHash: word(1), parentHash: word(2), excessBlobGas: '0x0', slotNumber: '0x9' },
    } as unknown as BlockInput;
    await using world = await engine.openWorld({ state: memoryState(alloc), block: header });
    const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 3n };
    const calls = [
      ...[spender, bob, spender].map((to) => ({ from: alice, to, value: 0n, ...fees })),
      { from: bob, to: addressOf(0xdead), value: 5n, ...fees },
      // A contract of one byte.
      { from: bob, input: '0x6001600c60003960016000f300' as Hex, ...fees },
    ];
    const [simulated] = await world.simulate({ validation: true, blockStateCalls: [{ calls }] });
    block = simulated!.block;
    ({ blockAccessList } = (await engine.executeBlock({ block, state: memoryState(alloc), senders: 'trust' })) as {
      blockAccessList: BlockAccessList;
    });
  }, 60_000);
  afterAll(() => engine.dispose());

  const everything = { stateRoot: true, blockAccessListHash: true, receiptsRoot: true, gasUsed: true };

  /** A list that is another one, in order and valid, in each way that it can be. */
  function lies(): BlockAccessList[] {
    const of = (address: Hex, change: (account: BlockAccessList[number]) => Partial<BlockAccessList[number]>) =>
      blockAccessList.map((account) => (account.address === address ? { ...account, ...change(account) } : account));
    return [
      of(alice, ({ balanceChanges }) => ({
        balanceChanges: balanceChanges.map((change) => ({ ...change, postBalance: '0x1' })),
      })),
      of(alice, () => ({ nonceChanges: [] })),
      of(spender, () => ({ storageChanges: [] })),
      of(spender, ({ storageChanges }) => ({
        storageChanges: storageChanges.map(({ slot, slotChanges }) => ({
          slot,
          slotChanges: slotChanges.map((change) => ({ ...change, postValue: '0x77' })),
        })),
      })),
      blockAccessList.filter(({ address }) => address !== bob),
      [],
    ] as BlockAccessList[];
  }

  test('on a state of which all is known has the root of its header, whatever the list says', async () => {
    const state = memoryState(alloc);
    for (const told of [blockAccessList, ...lies()]) {
      const listed = { ...block, blockAccessList: told };
      vi.mocked(stateRootOf).mockClear();
      const result = await engine.executeBlock({ block: listed, state, senders: 'trust', verify: everything });
      // What a lie foretells is hashed in vain.
      expect(stateRootOf).toHaveBeenCalledTimes(told === blockAccessList ? 1 : 2);
      expect(result.stateRoot).toBe(block.stateRoot);
      expect(result.mismatches.length === 0).toBe(told === blockAccessList);
    }
  });

  test('on a witness, too', async () => {
    const state = memoryState(alloc);
    const witness = await createWitness(engine, { block, state, chainId: 1, hardfork } as never);
    const rootAfter = vi.spyOn(WitnessState.prototype, 'rootAfter');
    for (const told of [blockAccessList, ...lies()]) {
      const listed = { ...block, blockAccessList: told };
      rootAfter.mockClear();
      const result = await engine.executeBlock({ block: listed, witness, senders: 'trust' });
      expect(rootAfter).toHaveBeenCalledTimes(told === blockAccessList ? 1 : 2);
      expect(result.stateRoot).toBe(block.stateRoot);
      expect(result.mismatches.length === 0).toBe(told === blockAccessList);
    }
  });
});
