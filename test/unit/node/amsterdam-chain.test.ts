// A chain of one's own that comes to Amsterdam: headers, access lists, both kinds of gas, and what eth_config says of it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, devGenesis, type Engine, type Hex, type Provider, type World } from '../../../src/index.ts';

const START = 1_000;
let engine: Engine;
let world: World;
let provider: Provider;

beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
  const { state, config, block, accounts } = await devGenesis({ accounts: 2, amsterdamTime: START });
  world = await engine.openWorld({ state, chain: config, block });
  provider = world.provider({ accounts: accounts.map(({ privateKey }) => privateKey) });
});

afterAll(() => engine.dispose());

function ask<T = Record<string, Hex>>(method: string, ...params: unknown[]): Promise<T> {
  return provider.request({ method, params }) as Promise<T>;
}

interface ForkAnswer {
  readonly activationTime: number;
  readonly systemContracts: Readonly<Record<string, Hex>>;
}

const config = () => ask<{ current: ForkAnswer; next: ForkAnswer | null }>('eth_config');

async function blockAt(timestamp: number): Promise<Record<string, Hex>> {
  await ask('evm_setNextBlockTimestamp', timestamp);
  await ask('evm_mine');
  return ask('eth_getBlockByNumber', 'latest', false);
}

test('blocks before it have neither a slot nor a list, and eth_config says what is to come', async () => {
  const block = await blockAt(START - 2);
  expect([block.slotNumber, block.blockAccessListHash]).toEqual([undefined, undefined]);
  const { current, next } = await config();
  expect(current.systemContracts.BUILDER_EXIT_CONTRACT_ADDRESS).toBeUndefined();
  expect(next).toMatchObject({
    activationTime: START,
    systemContracts: {
      BUILDER_DEPOSIT_CONTRACT_ADDRESS: '0x0000bff46984e3725691fa540a8c7589300d8282',
      BUILDER_EXIT_CONTRACT_ADDRESS: '0x000064d678505ad48f8ccb093bc65613800e8282',
    },
  });
});

test('from its time on headers have both, value leaves a log, and new accounts cost state gas', async () => {
  const first = await blockAt(START);
  expect(first.slotNumber).toBe('0x1');
  expect(first.blockAccessListHash).toMatch(/^0x[0-9a-f]{64}$/);
  const [from] = await ask<Hex[]>('eth_accounts');
  const to = `0x${'77'.repeat(20)}`;
  const gas = await ask<Hex>('eth_estimateGas', { from, to, value: '0x5' });
  const used = 12_000n + 3_000n + 6_000n + 183_600n;
  // An estimate may be too much by one part in sixty-four, as geth's.
  expect(Number(BigInt(gas) - used)).toBeGreaterThanOrEqual(0);
  expect(BigInt(gas)).toBeLessThan(used + used / 64n);
  await ask('evm_setNextBlockTimestamp', START + 12);
  const hash = await ask<Hex>('eth_sendTransaction', { from, to, value: '0x5', gas });
  const receipt = await ask<{ logs: { address: Hex }[] }>('eth_getTransactionReceipt', hash);
  expect(receipt).toMatchObject({ status: '0x1', gasUsed: `0x${used.toString(16)}` });
  expect(receipt.logs.map(({ address }) => address)).toEqual([`0x${'f'.repeat(39)}e`]);
  const block = await ask('eth_getBlockByNumber', 'latest', false);
  expect(block.slotNumber).toBe('0x2');
  // The larger of both sums: that of the state.
  expect(BigInt(block.gasUsed!)).toBe(183_600n);
  expect(block.blockAccessListHash).not.toBe(first.blockAccessListHash);
  const { current, next } = await config();
  expect([current.activationTime, next]).toEqual([START, null]);
});
