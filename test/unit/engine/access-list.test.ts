// The access list of a block (EIP-7928) as executeBlock makes it, and one that is given with the block.
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as contracts from '../../../src/chain/system-contracts.ts';
import { type BlockInput, createEngine, type Engine, type Hex, memoryState } from '../../../src/index.ts';

const addressOf = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const [alice, bob, coinbase, reader] = [0xa, 0xb, 0xc, 0xd].map(addressOf) as [Hex, Hex, Hex, Hex];
/** Reads slot 1, stores 2 in slot 2, and what was there in slot 3. */
const READER = '0x6001545060026002556003546003550000';
const state = memoryState({
  [alice]: { balance: 10n ** 18n },
  [reader]: { code: READER, storage: { '0x1': 7n, '0x3': 9n } },
});
const block = {
  ...{ number: '0x1', timestamp: '0x1', gasLimit: '0x1c9c380', miner: coinbase, baseFeePerGas: '0x0' },
  ...{ difficulty: '0x0', parentHash: `0x${'00'.repeat(32)}`, mixHash: `0x${'00'.repeat(32)}` },
  transactions: [
    { from: alice, to: reader, value: '0x0', gas: '0x186a0', gasPrice: '0x0', nonce: '0x0', input: '0x' },
    { from: alice, to: bob, value: '0x5', gas: '0x5208', gasPrice: '0x0', nonce: '0x1', input: '0x' },
  ],
} as unknown as BlockInput;
const none = { storageChanges: [], storageReads: [], balanceChanges: [], nonceChanges: [], codeChanges: [] };
const at = (blockAccessIndex: Hex) => ({ blockAccessIndex });
const list = [
  {
    ...none,
    address: alice,
    balanceChanges: [{ ...at('0x2'), postBalance: '0xde0b6b3a763fffb' }],
    nonceChanges: [
      { ...at('0x1'), postNonce: '0x1' },
      { ...at('0x2'), postNonce: '0x2' },
    ],
  },
  { ...none, address: bob, balanceChanges: [{ ...at('0x2'), postBalance: '0x5' }] },
  // It is paid nothing, and looked at for that.
  { ...none, address: coinbase },
  {
    ...none,
    address: reader,
    storageChanges: [{ slot: '0x2', slotChanges: [{ ...at('0x1'), postValue: '0x2' }] }],
    storageReads: ['0x1', '0x3'],
  },
];

/** Of requests, that have none. */
const { WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS, BUILDER_DEPOSIT_REQUESTS, BUILDER_EXIT_REQUESTS } = contracts;
const required = [WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS, BUILDER_DEPOSIT_REQUESTS, BUILDER_EXIT_REQUESTS];
const CONTRACTS = Object.fromEntries(required.map((address) => [address, { code: '0x00' }]));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2, hardfork: 'paris' });
}, 60_000);
afterAll(() => engine.dispose());

test('says what the block met, and when it changed what', async () => {
  const made = await engine.executeBlock({ block, state, blockAccessList: true });
  expect(made.blockAccessList).toEqual(list);
  expect(made.blockAccessListHash).toMatch(/^0x[0-9a-f]{64}$/);
  const unasked = await engine.executeBlock({ block, state });
  expect([unasked.blockAccessList, unasked.blockAccessListHash]).toEqual([undefined, undefined]);
});

test('that is given is compared, and the first wrong entry named', async () => {
  const run = (given: unknown) =>
    engine.executeBlock({
      ...{ block: { ...block, blockAccessList: given } as BlockInput, state, blockAccessList: true },
      verify: { blockAccessListHash: true },
    });
  expect((await run(list)).mismatches).toEqual([]);
  const lie = structuredClone(list);
  lie[3]!.storageReads = ['0x1'];
  lie[1]!.balanceChanges[0]!.postBalance = '0x6';
  expect((await run(lie)).mismatches).toEqual([
    { name: `blockAccessList.${bob}.balanceChanges at 2`, expected: '0x6', actual: '0x5' },
  ]);
  await expect(run([...list].reverse())).rejects.toThrow('block.blockAccessList[1].address: out of order');
  await expect(run('0x80')).rejects.toThrow('block.blockAccessList: expected a list, got bytes');
});

test('may name more than its gas allows where the fork has no such limit', async () => {
  // Asks for the balances of a hundred accounts, 700 gas each.
  const asking = Array.from({ length: 100 }, (_, at) => `60${(0x20 + at).toString(16)}3150`).join('');
  const [transaction] = block.transactions;
  const cheap = {
    ...block,
    gasLimit: '0x186a0',
    difficulty: '0x1',
    baseFeePerGas: undefined,
    transactions: [transaction],
  };
  const result = await engine.executeBlock({
    ...{ block: cheap as unknown as BlockInput, hardfork: 'istanbul', blockReward: false },
    state: memoryState({ [alice]: { balance: 1n }, [reader]: { code: `0x${asking}` } }),
    ...{ blockAccessList: true, verify: { blockAccessListHash: true } },
  });
  expect(result.blockAccessList!.length).toBeGreaterThan(100_000 / 2000);
  expect(result.mismatches).toEqual([]);
});

test('is missed by name where it is not recorded', async () => {
  const newer = {
    slotNumber: '0x1',
    withdrawals: [],
    excessBlobGas: '0x0',
    parentBeaconBlockRoot: `0x${'00'.repeat(32)}`,
  };
  const complete = memoryState({ ...CONTRACTS, [alice]: { balance: 10n ** 18n }, [reader]: { code: READER } });
  const amsterdam = { block: { ...block, ...newer } as BlockInput, state: complete, hardfork: 'amsterdam' } as const;
  const { omitted } = await engine.executeBlock({ ...amsterdam, blockAccessList: false, verify: true });
  expect(omitted.find(({ name }) => name === 'blockAccessListHash')).toMatchObject({ reason: 'not-computed' });
  const made = await engine.executeBlock({ ...amsterdam, verify: true });
  expect(made.blockAccessList).toBeDefined();
  expect(made.omitted.find(({ name }) => name === 'blockAccessListHash')).toMatchObject({ reason: 'not-in-block' });
});
