// JSON-RPC over a world of one's own: blocks are made, read and taken back, and what is wrong with a request is told.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createEngine,
  devGenesis,
  type Engine,
  type Hex,
  memoryState,
  type Provider,
  type World,
} from '../../../src/index.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
});
afterAll(() => engine.dispose());

const CARL = '0x00000000000000000000000000000000000ca401';
/** Logs the word 42 with the topic 7, and returns. */
const LOGGER = '0x602a5f52600760205fa100';

interface Setting {
  readonly world: World;
  readonly provider: Provider;
  readonly ask: <T = unknown>(method: string, ...params: unknown[]) => Promise<T>;
  readonly alice: Hex;
}

async function setting(mining: 'instant' | 'none' = 'instant'): Promise<Setting> {
  const { state, config, block, accounts } = await devGenesis({ accounts: 2, alloc: { [CARL]: { code: LOGGER } } });
  const world = await engine.openWorld({ state, chain: config, block });
  const provider = world.provider({ mining, accounts: accounts.map(({ privateKey }) => privateKey) });
  const ask = async <T>(method: string, ...params: unknown[]) => (await provider.request({ method, params })) as T;
  return { world, provider, ask, alice: accounts[0]!.address };
}

describe('what is not of this library is told by it with a code, and never as a mistake that passes', () => {
  const unclear = Object.assign(new Error('lost its disk'), { code: -32603, data: { at: 'block 5' } });
  test.each<[string, unknown, Record<string, unknown>]>([
    ['an error with the code -32603', unclear, { code: -32000, message: 'lost its disk', data: { at: 'block 5' } }],
    ['an error without a code', new Error('no answer'), { code: -32000, message: 'no answer' }],
    ['an error with a code of the system', Object.assign(new Error('read'), { code: 'EIO' }), { code: -32000 }],
    ['an error with a code of its own', Object.assign(new Error('later'), { code: -32005 }), { code: -32005 }],
    ['something that is no error', 'gone', { code: -32000, message: 'gone' }],
    ['nothing', undefined, { code: -32000 }],
  ])('%s', async (_, thrown, expected) => {
    const state = {
      blockHash: () => Promise.reject(thrown),
      load: () => Promise.reject(thrown),
    };
    const { config, block } = await devGenesis({ accounts: 0 });
    const world = await engine.openWorld({ state, chain: config, block });
    const ask = (method: string, ...params: unknown[]) => world.provider().request({ method, params });
    await expect(ask('eth_getBalance', CARL, 'latest')).rejects.toMatchObject(expected);
    const transport = world.transport()();
    const failed = transport.request({ method: 'eth_getBalance', params: [CARL, 'latest'] });
    await expect(failed).rejects.toMatchObject(expected);
    // What runs says of whom it came.
    const simulation = { blockStateCalls: [{ calls: [{ to: CARL }] }] };
    for (const ran of [
      ask('eth_call', { to: CARL }, 'latest'),
      ask('eth_simulateV1', simulation, 'latest'),
      ask('debug_traceCall', { to: CARL }, 'latest', { tracer: 'callTracer' }),
    ]) {
      await expect(ran).rejects.toMatchObject({ name: 'StateSourceError', code: -38007 });
    }
    await world.dispose();
  });
});

describe('a chain of its own', () => {
  test('a transaction becomes a block at once, whose header is what our own verification computes', async () => {
    const { world, ask, alice } = await setting();
    const before = world.snapshot();
    const hash = await ask('eth_sendTransaction', { from: alice, to: CARL, value: '0x5', gas: '0x186a0' });
    const receipt = await ask<Record<string, unknown>>('eth_getTransactionReceipt', hash);
    expect(receipt).toMatchObject({ status: '0x1', from: alice, to: CARL, blockNumber: '0x1', type: '0x2' });
    const block = await ask<Record<string, unknown>>('eth_getBlockByNumber', 'latest', true);
    expect(await ask('eth_getBalance', CARL)).toBe('0x5');

    // The block as anybody gets it, on the state before it.
    await world.revert(before);
    expect(await ask('eth_blockNumber')).toBe('0x0');
    const verified = await world.executeBlock({ block: block as never, senders: 'recover', verify: true });
    expect(verified.mismatches).toEqual([]);
    expect(verified.omitted.map(({ name }) => name)).toEqual(['stateRoot']);
    expect(await ask('eth_getBlockByNumber', 'latest', true)).toEqual(block);
    const raw = await ask<string>('debug_getRawBlock', 'latest');
    expect(raw.length / 2 - 1).toBe(Number(block.size));
    await world.dispose();
  });

  test('the root of the state stands in the header, and a proof over it gives the balance', async () => {
    const { world, ask, alice } = await setting();
    await ask('eth_sendTransaction', { from: alice, to: CARL, value: '0x5', gas: '0x186a0' });
    const { stateRoot } = await ask<{ stateRoot: string }>('eth_getBlockByNumber', 'latest', false);
    const { accountProof, balance } = await ask<{ accountProof: string[]; balance: string }>('eth_getProof', CARL, []);
    const { keccak_256 } = await import('@noble/hashes/sha3.js');
    const node = Buffer.from(accountProof[0]!.slice(2), 'hex');
    expect(`0x${Buffer.from(keccak_256(node)).toString('hex')}`).toBe(stateRoot);
    expect(balance).toBe('0x5');
    expect(await ask('eth_getBalance', CARL, '0x0')).toBe('0x0');
    await world.dispose();
  });

  test('without mining transactions wait, in the order of their nonces, until evm_mine', async () => {
    const { world, ask, alice } = await setting('none');
    for (const nonce of ['0x1', '0x0', '0x5']) {
      await ask('eth_sendTransaction', { from: alice, to: CARL, gas: '0x186a0', nonce });
    }
    expect(await ask('txpool_status')).toEqual({ pending: '0x2', queued: '0x1' });
    expect(await ask('eth_getTransactionCount', alice, 'pending')).toBe('0x2');
    expect(await ask('eth_blockNumber')).toBe('0x0');
    await ask('evm_setNextBlockTimestamp', 1000);
    await ask('evm_mine');
    const block = await ask<{ transactions: unknown[]; timestamp: string }>('eth_getBlockByNumber', 'latest', false);
    expect(block.transactions.length).toBe(2);
    expect(block.timestamp).toBe('0x3e8');
    expect(await ask('txpool_status')).toEqual({ pending: '0x0', queued: '0x1' });
    await world.dispose();
  });

  test('withdrawals are paid by the next block, sixteen at most, and stand in its header', async () => {
    const { world, ask } = await setting('none');
    const withdrawal = (index: number) => ({
      ...{ index: `0x${index.toString(16)}`, validatorIndex: '0x1' },
      address: CARL,
      amount: '0x2',
    });
    for (let index = 0; index < 18; index++) await ask('dev_addWithdrawal', withdrawal(index));
    await ask('evm_mine');
    const first = await ask<{ withdrawals: unknown[] }>('eth_getBlockByNumber', 'latest', false);
    expect(first.withdrawals).toEqual(Array.from({ length: 16 }, (_, index) => withdrawal(index)));
    expect(await world.getBalance(CARL)).toBe(32n * 10n ** 9n);
    await ask('evm_mine');
    await ask('evm_mine');
    expect(await world.getBalance(CARL)).toBe(36n * 10n ** 9n);
    await expect(ask('dev_addWithdrawal', { index: '0x0' })).rejects.toThrow('params[0].validatorIndex');
    await world.dispose();
  });

  test('a snapshot is gone back to once, with its blocks, logs and filters', async () => {
    const { world, ask, provider, alice } = await setting();
    const logs: unknown[] = [];
    provider.on('message', ({ data }) => logs.push(data.result));
    await ask('eth_subscribe', 'logs', { address: CARL });
    const filter = await ask('eth_newBlockFilter');
    const id = await ask('evm_snapshot');
    await ask('eth_sendTransaction', { from: alice, to: CARL, gas: '0x186a0' });
    expect(await ask<unknown[]>('eth_getFilterChanges', filter)).toHaveLength(1);
    const found = await ask<{ data: string }[]>('eth_getLogs', { address: CARL, fromBlock: '0x0', topics: [] });
    expect(found).toMatchObject([{ data: `0x${'2a'.padStart(64, '0')}`, removed: false }]);
    expect(await ask('evm_revert', id)).toBe(true);
    expect(await ask('eth_blockNumber')).toBe('0x0');
    expect(await ask('eth_getLogs', { fromBlock: '0x0' })).toEqual([]);
    expect(logs).toMatchObject([{ removed: false }, { removed: true }]);
    expect(await ask('evm_revert', id)).toBe(false);
    await world.dispose();
  });

  test('accounts are set from outside, and acted for without a key', async () => {
    const { world, ask } = await setting();
    const dora = `0x${'d0'.repeat(20)}`;
    await ask('anvil_setBalance', dora, '0xde0b6b3a7640000');
    await ask('hardhat_setNonce', dora, '0x7');
    await ask('anvil_setCode', dora, '0x00');
    await ask('anvil_setCode', dora, '0x');
    await ask('hardhat_setStorageAt', CARL, '0x1', `0x${'9'.padStart(64, '0')}`);
    expect(await ask('eth_getStorageAt', CARL, '0x1')).toBe(`0x${'9'.padStart(64, '0')}`);
    const request = { from: dora, to: CARL, value: '0x1', gas: '0x186a0' };
    await expect(ask('eth_sendTransaction', request)).rejects.toMatchObject({ code: -32000 });
    await ask('anvil_impersonateAccount', dora);
    const hash = await ask('eth_sendTransaction', request);
    expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ from: dora, status: '0x1' });
    expect(await ask('eth_getTransactionCount', dora)).toBe('0x8');
    await world.dispose();
  });

  test('what cannot be in a block is refused when it is sent', async () => {
    const { world, ask, alice } = await setting();
    const send = (change: object) => ask('eth_sendTransaction', { from: alice, to: CARL, gas: '0x186a0', ...change });
    await expect(send({ value: '0xffffffffffffffffffffff' })).rejects.toThrow('insufficient funds');
    await expect(send({ gas: '0x5207' })).rejects.toThrow('intrinsic gas too low');
    await expect(send({ gas: '0xffffffff' })).rejects.toThrow('exceeds block gas limit');
    await expect(ask('eth_sendRawTransaction', '0x02')).rejects.toMatchObject({ code: -32000 });
    expect(await ask('eth_blockNumber')).toBe('0x0');
    await world.dispose();
  });
});

describe('calls', () => {
  test('run at any block, with overrides, and leave the state as it was', async () => {
    const { world, ask } = await setting('none');
    await ask('evm_mine');
    const NUMBER = '0x435f5260205ff3';
    const override = { [CARL]: { code: NUMBER } };
    const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;
    expect(await ask('eth_call', { to: CARL }, 'latest', override)).toBe(word(1));
    expect(await ask('eth_call', { to: CARL }, '0x0', override)).toBe(word(0));
    expect(await ask('eth_call', { to: CARL }, 'latest', override, { number: '0x63' })).toBe(word(99));
    expect(await ask('eth_call', { to: CARL, data: '0x12', input: '0x34' })).toBe('0x');
    expect(await ask('eth_getCode', CARL)).toBe(LOGGER);
    await world.dispose();
  });

  test('are estimated, listed and traced; a transaction that names no gas gets what it needs', async () => {
    const { world, ask, alice } = await setting();
    const request = { from: alice, to: CARL };
    const gas = await ask<string>('eth_estimateGas', request);
    expect(Number(gas)).toBeGreaterThan(21_000);
    expect(await ask('eth_createAccessList', request)).toMatchObject({ accessList: [] });
    expect(await ask('debug_traceCall', request, 'latest', { tracer: 'callTracer' })).toMatchObject({ to: CARL });
    const steps = await ask<{ structLogs: unknown[] }>('debug_traceCall', request, 'latest', {});
    expect(steps.structLogs).toHaveLength(8);
    const hash = await ask('eth_sendTransaction', request);
    expect(await ask('eth_getTransactionByHash', hash)).toMatchObject({ gas });
    expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' });
    const reverts = { [CARL]: { code: '0x5f5ffd' } };
    await expect(ask('eth_estimateGas', request, 'latest', reverts)).rejects.toMatchObject({ code: 3 });
    await world.dispose();
  });

  test('that revert have code 3 and their data, and what cannot be read is named by its parameter', async () => {
    const { world, ask } = await setting('none');
    const reverts = { [CARL]: { code: '0x60015f5260205ffd' } };
    await expect(ask('eth_call', { to: CARL }, 'latest', reverts)).rejects.toMatchObject({
      ...{ code: 3, data: `0x${'1'.padStart(64, '0')}` },
      message: expect.stringMatching(/^execution reverted/),
    });
    const halts = { [CARL]: { code: '0xfe' } };
    await expect(ask('eth_call', { to: CARL }, 'latest', halts)).rejects.toMatchObject({ code: -32000 });
    await expect(ask('eth_call', { to: '0x12' })).rejects.toThrow(/^params\[0\]\.to: /);
    await expect(ask('eth_call', { to: CARL, gas: 'x' })).rejects.toThrow(/^params\[0\]\.gas: /);
    await expect(ask('eth_call', { to: CARL }, 'latest', { [CARL]: { nonce: 'x' } })).rejects.toThrow(/^params\[2\]/);
    await world.dispose();
  });
});

describe('what is wrong with a request', () => {
  test('is told with a code that no client asks again after', async () => {
    const { world, ask, provider, alice } = await setting('none');
    await expect(ask('eth_getBalanc', alice)).rejects.toMatchObject({
      code: -32601,
      message: 'there is no method "eth_getBalanc"; did you mean eth_getBalance?',
    });
    await expect(ask('eth_getBalance', '0x12')).rejects.toMatchObject({ code: -32602 });
    await expect(ask('eth_getBalance', '0x12')).rejects.toThrow(/^params\[0\]: expected 20 bytes/);
    await expect(ask('eth_getBalance')).rejects.toThrow('params[0]: address is missing');
    await expect(ask('eth_getBalance', alice, 'latest', 1)).rejects.toThrow('params: 3 given, at most 2 expected');
    await expect(ask('eth_getBalance', alice, '0x9')).rejects.toMatchObject({ code: -32000 });
    await expect(ask('eth_getBalance', alice, 'newest')).rejects.toThrow(
      'params[1]: expected a hex quantity or one of',
    );
    await expect(ask('eth_getBlockByNumber', '2', false)).rejects.toMatchObject({ code: -32602 });
    await expect(provider.request({ method: 'eth_getBalance', params: { address: alice } })).rejects.toMatchObject({
      code: -32602,
    });
    await expect(provider.request({} as never)).rejects.toMatchObject({ code: -32602 });
    await world.dispose();
    await expect(ask('eth_chainId')).rejects.toMatchObject({ code: 4900 });
  });

  test('a world without a chain whose forks are known is told what it lacks', async () => {
    const world = await engine.openWorld({ state: memoryState({}) });
    await expect(world.provider().request({ method: 'eth_chainId' })).rejects.toThrow('options.chain: missing');
    await world.dispose();
  });
});
