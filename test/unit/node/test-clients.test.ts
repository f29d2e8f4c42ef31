// The clients of tests, as they ask: viem's test client as if we were anvil or Hardhat, ethers, and requests by EIP-1193 alone.

import { BrowserProvider, parseEther, Signature, Transaction, TypedDataEncoder, verifyMessage } from 'ethers';
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  type EIP1193RequestFn,
  parseGwei,
  recoverTypedDataAddress,
} from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, devGenesis, type Engine, type Hex, type Provider } from '../../../src/index.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
});
afterAll(() => engine.dispose());

const CARL = '0x00000000000000000000000000000000000ca401';
const DORA = `0x${'d0'.repeat(20)}` as const;
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;

async function opened(mining: 'instant' | 'none' = 'instant') {
  const { state, config, block, accounts } = await devGenesis({ accounts: 2 });
  const world = await engine.openWorld({ state, chain: config, block });
  const provider: Provider = world.provider({ mining, accounts: accounts.map(({ privateKey }) => privateKey) });
  const ask = async <T = unknown>(method: string, ...params: unknown[]) =>
    (await provider.request({ method, params })) as T;
  const transport = custom({ request: provider.request.bind(provider) as EIP1193RequestFn }, { retryCount: 0 });
  const [alice, bob] = accounts.map(({ address }) => address) as [Hex, Hex];
  const reader = createPublicClient({ chain: foundry, transport });
  const wallet = createWalletClient({ account: alice, chain: foundry, transport });
  return { world, provider, ask, transport, alice, bob, reader, wallet };
}

/** What tests of this file take on a busy machine. */
const LONG = { timeout: 120_000 };

describe.each(['anvil', 'hardhat'] as const)("viem's test client for %s", LONG, (mode) => {
  test('sets accounts, and takes the node back to its beginning', async () => {
    const { world, transport, reader, wallet, alice } = await opened();
    const client = createTestClient({ mode, chain: foundry, transport });
    await client.setBalance({ address: DORA, value: parseEther('2') });
    await client.setNonce({ address: DORA, nonce: 7 });
    await client.setCode({ address: CARL, bytecode: '0x6001' });
    await client.setStorageAt({ address: CARL, index: 1, value: word(9) });
    expect(await reader.getBalance({ address: DORA })).toBe(parseEther('2'));
    expect(await reader.getTransactionCount({ address: DORA })).toBe(7);
    expect(await reader.getCode({ address: CARL })).toBe('0x6001');
    expect(await reader.getStorageAt({ address: CARL, slot: '0x1' })).toBe(word(9));
    await client.impersonateAccount({ address: DORA });
    const hash = await wallet.sendTransaction({ account: DORA, to: alice, value: 1n });
    expect(await reader.getTransactionReceipt({ hash })).toMatchObject({ status: 'success', from: DORA });
    await client.stopImpersonatingAccount({ address: DORA });
    await expect(wallet.sendTransaction({ account: DORA, to: alice, value: 1n })).rejects.toThrow('unknown account');
    // Without it nobody's key is asked for.
    const unsigned = await client.sendUnsignedTransaction({ from: DORA, to: alice, value: 1n });
    expect(await reader.getTransactionReceipt({ hash: unsigned })).toMatchObject({ status: 'success', from: DORA });

    await client.reset();
    expect(await reader.getBlockNumber({ cacheTime: 0 })).toBe(0n);
    expect(await reader.getBalance({ address: DORA })).toBe(0n);
    expect(await reader.getCode({ address: CARL })).toBeUndefined();
    const again = await wallet.sendTransaction({ to: CARL, value: 1n });
    expect(await reader.getTransactionReceipt({ hash: again })).toMatchObject({ blockNumber: 1n });
    await expect(client.reset({ blockNumber: 5n })).rejects.toThrow('this node goes on from block 0');
    await expect(client.reset({ jsonRpcUrl: 'http://other.test' })).rejects.toThrow('takes another node');
    await world.dispose();
  });

  test('says when blocks are made, and what stands in them', async () => {
    const { world, transport, reader, wallet } = await opened();
    const client = createTestClient({ mode, chain: foundry, transport });
    expect(await client.getAutomine()).toBe(true);
    await client.setAutomine(false);
    expect(await client.getAutomine()).toBe(false);
    const first = await wallet.sendTransaction({ to: CARL, value: 1n });
    const second = await wallet.sendTransaction({ to: CARL, value: 2n });
    expect(await client.getTxpoolStatus()).toEqual({ pending: 2, queued: 0 });
    const content = await client.getTxpoolContent();
    expect(Object.values(content.pending)[0]).toMatchObject({ 0: { hash: first }, 1: { hash: second } });
    const inspected = await client.inspectTxpool();
    expect(Object.values(inspected.pending)[0]).toMatchObject({ 1: expect.stringContaining('2 wei + 21000 gas') });
    await client.dropTransaction({ hash: second });
    await client.setCoinbase({ address: DORA });
    await client.setNextBlockTimestamp({ timestamp: 5_000_000_000n });
    await client.setNextBlockBaseFeePerGas({ baseFeePerGas: parseGwei('2') });
    await client.setBlockGasLimit({ gasLimit: 31_000_000n });
    await client.mine({ blocks: 1 });
    expect(await reader.getBlock()).toMatchObject({
      ...{ number: 1n, miner: DORA, timestamp: 5_000_000_000n, baseFeePerGas: parseGwei('2'), gasLimit: 31_000_000n },
      transactions: [first],
    });
    await client.mine({ blocks: 3, interval: 60 });
    expect((await reader.getBlock()).timestamp).toBeGreaterThanOrEqual(5_000_000_120n);
    await client.setBlockTimestampInterval({ interval: 5 });
    const before = (await reader.getBlock()).timestamp;
    await client.mine({ blocks: 2 });
    expect((await reader.getBlock()).timestamp).toBe(before + 10n);
    await client.removeBlockTimestampInterval();
    await client.increaseTime({ seconds: 3600 });
    await client.setLoggingEnabled(false);
    await client.setMinGasPrice({ gasPrice: parseGwei('50') });
    await expect(wallet.sendTransaction({ to: CARL, gasPrice: parseGwei('49') })).rejects.toThrow('underpriced');
    await client.setMinGasPrice({ gasPrice: 0n });
    await client.setIntervalMining({ interval: 1 });
    await client.setIntervalMining({ interval: 0 });
    const id = await client.snapshot();
    await client.mine({ blocks: 1 });
    await client.revert({ id });
    expect(await reader.getBlockNumber({ cacheTime: 0 })).toBe(6n);
    await world.dispose();
  });

  test('a state is dumped, and put into another node', async () => {
    const { world, transport, wallet } = await opened();
    const client = createTestClient({ mode, chain: foundry, transport });
    await client.setCode({ address: CARL, bytecode: '0x6001' });
    await client.setStorageAt({ address: CARL, index: 300, value: word(9) });
    await wallet.sendTransaction({ to: DORA, value: 5n });
    const dumped = await client.dumpState();
    await world.dispose();
    const other = await opened();
    await createTestClient({ mode, chain: foundry, transport: other.transport }).loadState({ state: dumped });
    expect(await other.reader.getBalance({ address: DORA })).toBe(5n);
    expect(await other.reader.getCode({ address: CARL })).toBe('0x6001');
    expect(await other.reader.getStorageAt({ address: CARL, slot: '0x12c' })).toBe(word(9));
    expect(await other.reader.getTransactionCount({ address: other.alice })).toBe(1);
    // As anvil does without compression.
    const plain = { accounts: { [DORA]: { nonce: 3, balance: '0x7', code: '0x', storage: {} } } };
    await other.ask('anvil_loadState', `0x${Buffer.from(JSON.stringify(plain)).toString('hex')}`);
    expect(await other.reader.getBalance({ address: DORA })).toBe(7n);
    await expect(other.ask('anvil_loadState', '0x1234')).rejects.toThrow('params[0]: no state');
    await other.world.dispose();
  });
});

describe('signatures of own accounts', LONG, () => {
  const types = {
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallets', type: 'address[]' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'contents', type: 'bytes' },
      { name: 'count', type: 'int8' },
    ],
  } as const;
  const domain = { name: 'Mail', version: '1', chainId: 31_337, verifyingContract: CARL } as const;
  const message = { from: { name: 'Ann', wallets: [CARL, DORA] }, contents: '0x1234', count: -3 } as const;

  test('of typed data and of messages are what viem and ethers recover the account from', async () => {
    const { world, provider, wallet, alice, ask } = await opened();
    const signature = await wallet.signTypedData({ domain, types, primaryType: 'Mail', message });
    const signer = await recoverTypedDataAddress({ domain, types, primaryType: 'Mail', message, signature });
    expect(signer.toLowerCase()).toBe(alice);
    const ethers = await new BrowserProvider(provider).getSigner();
    const copied = { Person: [...types.Person], Mail: [...types.Mail] };
    expect(await ethers.signTypedData(domain, copied, message)).toBe(signature);
    expect(TypedDataEncoder.hash(domain, copied, message)).toMatch(/^0x/);
    for (const signed of [await ethers.signMessage('hello'), await wallet.signMessage({ message: 'hello' })]) {
      expect(verifyMessage('hello', signed).toLowerCase()).toBe(alice);
    }
    const hello = `0x${Buffer.from('hello').toString('hex')}`;
    expect(verifyMessage('hello', await ask<string>('eth_sign', alice, hello)).toLowerCase()).toBe(alice);
    await expect(ask('personal_sign', hello, DORA)).rejects.toThrow('params[1]: there is no key');
    await expect(ask('eth_signTypedData_v4', alice, '{')).rejects.toThrow('params[1]: expected an object');
    await expect(ask('eth_signTypedData_v4', alice, { types: {}, primaryType: 'X' })).rejects.toMatchObject({
      code: -32602,
    });
    await world.dispose();
  });

  test('of transactions are those that ethers reads', async () => {
    const { world, ask, alice, bob } = await opened('none');
    const request = { from: alice, to: bob, value: '0x5', gas: '0x5208' };
    for (const change of [{}, { gasPrice: '0x77359400' }, { gasPrice: '0x77359400', type: '0x1', accessList: [] }]) {
      const { raw, tx } = await ask<{ raw: Hex; tx: { hash: Hex } }>('eth_signTransaction', { ...request, ...change });
      const read = Transaction.from(raw);
      expect(read.from!.toLowerCase()).toBe(alice);
      expect([read.hash, read.gasLimit, read.value]).toEqual([tx.hash, 21_000n, 5n]);
      expect(read.signature).toBeInstanceOf(Signature);
    }
    await world.dispose();
  });
});

describe('transactions', LONG, () => {
  test('are filled in without being sent, for accounts without a key too', async () => {
    const { world, ask, reader, alice } = await opened();
    const { raw, tx } = await ask<{ raw: Hex; tx: Record<string, Hex> }>('eth_fillTransaction', {
      from: DORA,
      to: CARL,
    });
    expect(tx).toMatchObject({ gasPrice: null, nonce: '0x0', gas: '0x5208', type: '0x2', r: '0x0', s: '0x0' });
    expect(tx).not.toHaveProperty('from');
    expect(raw).toMatch(/^0x02/);
    const { transaction } = await reader.fillTransaction({ account: alice, to: CARL, value: 1n });
    expect(transaction).toMatchObject({ nonce: 0, gas: 21_000n, value: 1n, chainId: 31_337, type: 'eip1559' });
    await world.dispose();
  });

  test('are found by sender and nonce, and waited for', async () => {
    const { world, ask, wallet, reader, alice } = await opened();
    const hash = await wallet.sendTransaction({ to: CARL, value: 1n });
    expect(await reader.getTransaction({ sender: alice, nonce: 0 })).toMatchObject({ hash, blockNumber: 1n });
    expect(await ask('eth_getTransactionBySenderAndNonce', alice, '0x1')).toBeNull();
    const { raw } = await ask<{ raw: Hex }>('eth_signTransaction', { from: alice, to: CARL });
    expect(await ask('eth_sendRawTransactionSync', raw)).toMatchObject({ status: '0x1', blockNumber: '0x2' });
    await ask('evm_setAutomine', false);
    const { raw: late, tx } = await ask<{ raw: Hex; tx: { hash: Hex } }>('eth_signTransaction', {
      from: alice,
      to: CARL,
    });
    await expect(ask('eth_sendRawTransactionSync', late, 1)).rejects.toMatchObject({ code: 4, data: tx.hash });
    expect(await ask('eth_getTransactionBySenderAndNonce', alice, '0x2')).toMatchObject({ hash: tx.hash });
    await ask('anvil_removePoolTransactions', alice);
    const other = await ask<{ raw: Hex }>('eth_signTransaction', { from: alice, to: DORA });
    const waited = ask('eth_sendRawTransactionSync', other.raw);
    while ((await ask<{ pending: string }>('txpool_status')).pending === '0x0');
    await ask('evm_mine');
    expect(await waited).toMatchObject({ status: '0x1', blockNumber: '0x3' });
    await world.dispose();
  });
});

describe('by EIP-1193 alone', LONG, () => {
  test('what a page asks of a wallet, and what nodes say of themselves', async () => {
    const { world, ask, alice } = await opened();
    expect(await ask('eth_requestAccounts')).toContain(alice);
    expect(await ask('net_version')).toBe('31337');
    expect(await ask('net_listening')).toBe(true);
    expect(await ask('net_peerCount')).toBe('0x0');
    expect(await ask('web3_clientVersion')).toMatch(/^pevm-wasm\//);
    const [gas, price, nonce] = [
      await ask<Hex>('eth_estimateGas', { from: alice, to: CARL }),
      await ask<Hex>('eth_gasPrice'),
      await ask<Hex>('eth_getTransactionCount', alice, 'pending'),
    ];
    const hash = await ask<Hex>('eth_sendTransaction', { from: alice, to: CARL, gas, gasPrice: price, nonce });
    expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1', type: '0x0' });
    expect(await ask('anvil_nodeInfo')).toMatchObject({ currentBlockNumber: '0x1', environment: { chainId: 31_337 } });
    const { instanceId } = await ask<{ instanceId: string }>('hardhat_metadata');
    await ask('hardhat_reset');
    const { instanceId: next, latestBlockNumber } = await ask<{ instanceId: string; latestBlockNumber: number }>(
      'anvil_metadata',
    );
    expect(latestBlockNumber).toBe(0);
    expect(next).not.toBe(instanceId);
    await ask('anvil_autoImpersonateAccount', true);
    await ask('anvil_addBalance', DORA, '0xde0b6b3a7640000');
    await ask('hardhat_setPrevRandao', word(77));
    await ask('eth_sendTransaction', { from: DORA, to: CARL, value: '0x1' });
    expect(await ask('eth_getBlockByNumber', 'latest', false)).toMatchObject({ mixHash: word(77), number: '0x1' });
    expect(await ask('anvil_getIntervalMining')).toBeNull();
    await world.dispose();
  });
});
