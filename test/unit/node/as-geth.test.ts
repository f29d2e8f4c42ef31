// Answers that geth 1.17.10 was asked for and gave otherwise than we did: each by hand here, on a chain of our own.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, devGenesis, type Engine, type Provider } from '../../../src/index.ts';

const COUNTER = '0x00000000000000000000000000000000000c0de1';
const BOB = '0x0000000000000000000000000000000000000b0b';
/** Returns its slot 0 when it is called without value, else adds one to it. */
const CODE = '0x34600c575f545f5260205ff35b5f546001015f5500';
const NO_CHAIN = '0x7fffffffffffffee';

let engine: Engine;
let provider: Provider;
let alice: string;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
  const { state, config, block, accounts } = await devGenesis({ accounts: 1 });
  const world = await engine.openWorld({ state, chain: config, block });
  provider = world.provider({ accounts: accounts.map(({ privateKey }) => privateKey), mining: 'none' });
  alice = accounts[0]!.address;
  await ask('anvil_setCode', COUNTER, CODE);
  for (let blocks = 0; blocks < 2; blocks++) {
    for (let count = 0; count < 3; count++) {
      await ask('eth_sendTransaction', { from: alice, to: COUNTER, value: '0x1', gas: '0x186a0' });
    }
    await ask('evm_mine');
  }
});
afterAll(() => engine.dispose());

const ask = <T = unknown>(method: string, ...params: unknown[]) => provider.request({ method, params }) as Promise<T>;
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    ({ code }) => code,
  );
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;

test.each([
  ['0x1', undefined, 3],
  ['0x1', '0x0', 0],
  ['0x1', '0x2', 2],
  ['0x2', '0x0', 3],
  ['0x2', '0x1', 4],
  ['latest', '0x2', 5],
  ['latest', undefined, 6],
])('debug_traceCall of block %s begins where transaction %s does', async (block, txIndex, counted) => {
  const call = { to: COUNTER, gas: '0x186a0' };
  const options = { tracer: 'callTracer', ...(txIndex !== undefined && { txIndex }) };
  expect(await ask('debug_traceCall', call, block, options)).toMatchObject({ output: word(counted) });
  const prestate = await ask<Record<string, { balance: string }>>('debug_traceCall', call, block, {
    ...options,
    tracer: 'prestateTracer',
  });
  expect(prestate[COUNTER]).toMatchObject({ balance: `0x${counted.toString(16)}` });
  // Overrides stand on top of it.
  const stateOverrides = { [COUNTER]: { stateDiff: { [word(0)]: word(77) } } };
  expect(await ask('debug_traceCall', call, block, { ...options, stateOverrides })).toMatchObject({ output: word(77) });
});

test('a simulated call with a price and a list has the type of lists; without one its chain is what geth makes of no signature', async () => {
  const call = { from: alice, to: BOB, gasPrice: '0x0' };
  const [block] = await ask<{ transactions: Record<string, unknown>[] }[]>('eth_simulateV1', {
    blockStateCalls: [{ calls: [call, { ...call, accessList: [] }, { from: alice, to: BOB }] }],
    returnFullTransactions: true,
  });
  expect(block!.transactions).toMatchObject([
    { type: '0x0', chainId: NO_CHAIN },
    { type: '0x1', chainId: '0x7a69', accessList: [], yParity: '0x0' },
    { type: '0x2', chainId: '0x7a69' },
  ]);
});

test('what is wrong with a simulation is told in the order in which it would run', async () => {
  const contradiction = { from: alice, to: BOB, gasPrice: '0x1', maxFeePerGas: '0x1' };
  const simulate = (calls: object[], validation = false, rest: object[] = []) =>
    code(ask('eth_simulateV1', { blockStateCalls: [{ calls }, ...rest], validation }));
  expect(await simulate([contradiction])).toBe(-32000);
  expect(await simulate([{ from: alice, to: BOB, gas: '0x1' }, contradiction])).toBe(-38013);
  expect(await simulate([contradiction], false, [{ blockOverrides: { number: '0x1' } }])).toBe(-38020);
  const both = { blockOverrides: {}, stateOverrides: { [BOB]: { state: {}, stateDiff: {} } } };
  expect(await simulate([], false, [both])).toBe(-32000);
  expect(await simulate([{ from: alice, to: BOB, gas: '0x1' }], false, [both])).toBe(-38013);
  expect(await simulate([{ ...contradiction, gas: '0xffffffffff' }])).toBe(-38015);
  const tip = { from: alice, to: BOB, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' };
  expect(await simulate([tip], true)).toBe(-32602);
  expect(await simulate([{ ...tip, nonce: '0x99' }], true)).toBe(-38011);
  // Funds before the least gas; the block's gas before the nonce; a tip above its fee before the base fee.
  expect(await simulate([{ from: BOB, to: alice, value: '0xffff', gas: '0x1' }])).toBe(-38014);
  expect(await simulate([{ from: alice, to: BOB, nonce: '0x99', gas: '0xffffffffff' }], true)).toBe(-38015);
  expect(await simulate([{ from: alice, to: BOB, maxPriorityFeePerGas: '0x1' }], true)).toBe(-32602);
  expect(await code(ask('eth_simulateV1', { blockStateCalls: [null] }))).toBe('done');
});

test('a list names none of those that are there anyway, also where the request does', async () => {
  const sha256 = '0x0000000000000000000000000000000000000002';
  const accessList = [sha256, alice, BOB].map((address) => ({ address, storageKeys: [word(1)] }));
  const listed = await ask('eth_createAccessList', { from: alice, to: COUNTER, accessList }, 'latest');
  expect(listed).toMatchObject({
    accessList: [
      { address: BOB, storageKeys: [word(1)] },
      { address: COUNTER, storageKeys: [word(0)] },
    ],
  });
});

test('an empty list changes nothing about what a transfer needs', async () => {
  expect(await ask('eth_estimateGas', { from: alice, to: BOB, accessList: [] })).toBe('0x5208');
});

test('blobs of a simulated call that names no fee are paid for', async () => {
  const blobVersionedHashes = [`0x01${'22'.repeat(31)}`];
  const call = { from: alice, to: BOB, blobVersionedHashes };
  const balance = { to: BOB, input: '0x' };
  const [free, paid] = await Promise.all(
    [[], [call]].map((calls) =>
      ask<{ calls: { returnData: string }[] }[]>('eth_simulateV1', {
        blockStateCalls: [
          // Returns the balance of alice.
          { stateOverrides: { [BOB]: { code: `0x73${alice.slice(2)}315f5260205ff3` } }, calls: [...calls, balance] },
        ],
      }),
    ),
  );
  const left = (answer: typeof free) => BigInt(answer![0]!.calls.at(-1)!.returnData);
  // A blob has 2^17 gas, and costs 1 wei for each.
  expect(left(free) - left(paid)).toBe(131_072n);
});
