// The server: what comes over HTTP and WebSocket is answered, bounded, and refused in words; viem and ethers work with it.

import { connect } from 'node:net';
import { ContractFactory, JsonRpcProvider, parseEther, Wallet, WebSocketProvider } from 'ethers';
import { createPublicClient, createTestClient, createWalletClient, http, parseAbi, webSocket } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type RpcServer, startRpcServer } from '../../../src/cli/rpc-server.ts';
import { createEngine, devGenesis, type Engine, type Hex, rpcState, type World } from '../../../src/index.ts';

let engine: Engine;
let world: World;
let server: RpcServer;
let keys: readonly Hex[];

beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
  const { state, config, block, accounts } = await devGenesis();
  world = await engine.openWorld({ state, chain: config, block });
  keys = accounts.map(({ privateKey }) => privateKey);
  const provider = world.provider({ accounts: keys });
  const limits = { bodyBytes: 100_000, batch: 10, heldBytes: 1_000_000, timeoutMs: 20_000 };
  server = await startRpcServer({ provider, host: '127.0.0.1', port: 0, cors: ['http://app.test'], limits });
});

afterAll(async () => {
  await server.close();
  await engine.dispose();
});

async function post(body: string, headers: Record<string, string> = {}) {
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
  const response = await fetch(server.url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, answer: text === '' ? undefined : JSON.parse(text) };
}

const request = (method: string, params: unknown[] = [], id: unknown = 1) => ({ jsonrpc: '2.0', id, method, params });

describe('over HTTP', () => {
  test('requests and batches are answered in order, notifications not', async () => {
    const { answer } = await post(JSON.stringify(request('eth_chainId', [], 'a')));
    expect(answer).toEqual({ jsonrpc: '2.0', id: 'a', result: '0x7a69' });
    const { id: _, ...notification } = request('eth_chainId');
    const batch = [request('eth_chainId', [], 7), notification, request('eth_nothing', [], null)];
    const { answer: answers } = await post(JSON.stringify(batch));
    expect(answers).toMatchObject([
      { id: 7, result: '0x7a69' },
      { id: null, error: { code: -32601 } },
    ]);
    expect((await post(JSON.stringify(notification))).answer).toBeUndefined();
  });

  test('what is no request is refused by its kind', async () => {
    const codeOf = async (body: string) => (await post(body)).answer.error.code;
    expect(await codeOf('{"jsonrpc":')).toBe(-32700);
    expect(await codeOf('[]')).toBe(-32600);
    expect(await codeOf('7')).toBe(-32600);
    expect(await codeOf('{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}')).toBe(-32600);
    expect(await codeOf(JSON.stringify(Array.from({ length: 11 }, () => request('eth_chainId'))))).toBe(-32600);
    expect((await post('[7]')).answer).toMatchObject([{ error: { code: -32600 } }]);
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await fetch(server.url, { method: 'PUT' })).status).toBe(405);
    expect((await fetch(server.url)).status).toBe(200);
  });

  test('bodies that are too large are refused, also where 100 MB are on their way, and the server answers on', async () => {
    expect(await post(`"${'a'.repeat(200_000)}"`)).toMatchObject({ status: 413, answer: { error: { code: -32600 } } });
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n',
    );
    const part = Buffer.alloc(1 << 16, 0x61);
    let sent = 0;
    const closed = new Promise((resolve) => socket.on('close', resolve));
    const send = () => {
      while (sent < 100_000_000 && !socket.destroyed) {
        sent += part.length;
        if (!socket.write(part)) return void socket.once('drain', send);
      }
    };
    send();
    await closed;
    expect(sent).toBeLessThan(50_000_000);
    expect((await post(JSON.stringify(request('eth_chainId')))).answer.result).toBe('0x7a69');
  });

  test('pages that were not invited, and names that lead here from elsewhere, are not answered', async () => {
    const body = JSON.stringify(request('eth_chainId'));
    expect((await post(body, { origin: 'http://evil.test' })).status).toBe(403);
    const invited = await post(body, { origin: 'http://app.test' });
    expect([invited.status, invited.headers.get('access-control-allow-origin')]).toEqual([200, 'http://app.test']);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nhost: evil.test\r\n\r\n');
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
    expect(answer).toMatch(/^HTTP\/1.1 403/);
  });

  test('many connections at once, some of which leave in the middle, do not keep it from answering', async () => {
    const leaving = Array.from({ length: 50 }, async () => {
      const controller = new AbortController();
      const asked = fetch(server.url, {
        ...{ method: 'POST', signal: controller.signal, headers: { 'content-type': 'application/json' } },
        body: JSON.stringify(request('eth_getBlockByNumber', ['latest', true])),
      });
      controller.abort();
      await asked.catch(() => {});
    });
    const staying = Array.from({ length: 200 }, (_, id) => post(JSON.stringify(request('eth_blockNumber', [], id))));
    await Promise.all(leaving);
    const answers = await Promise.all(staying);
    expect(answers.map(({ answer }) => answer.id)).toEqual(Array.from({ length: 200 }, (_, id) => id));
  });
});

/** Returns its argument plus one, and logs it: PUSH the word at 4, ADD, MSTORE, LOG1 with the topic of Added, RETURN. */
const TOPIC = 'a8bb31e9d8ab8a1d4b1d2ce4bf4fc7d6ab1e1c5f0d1a3f9e2a62e5a0a5c7f201';
const RUNTIME = `600435600101600052 7f${TOPIC} 60206000a1 60206000f3`.replaceAll(' ', '');
const BYTECODE: Hex = `0x60${(RUNTIME.length / 2).toString(16)}600c60003960${(RUNTIME.length / 2).toString(16)}6000f3${RUNTIME}`;

describe('over WebSocket', () => {
  test('subscriptions tell of new heads, until the client has gone', async () => {
    const socket = new WebSocket(server.url.replace('http', 'ws'));
    await new Promise((resolve) => socket.once('open', resolve));
    const messages: { id?: number; method?: string; params?: { result: { number: string } } }[] = [];
    const next = () => new Promise<void>((resolve) => socket.once('message', () => resolve()));
    socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
    socket.send(JSON.stringify(request('eth_subscribe', ['newHeads'])));
    await next();
    socket.send(JSON.stringify(request('evm_mine', [], 2)));
    while (messages.length < 3) await next();
    expect(messages.map(({ id, method }) => id ?? method).sort()).toEqual([1, 2, 'eth_subscription'].sort());
    socket.close();
  });

  test('uninvited pages are refused', async () => {
    const socket = new WebSocket(server.url.replace('http', 'ws'), { origin: 'http://evil.test' });
    await expect(new Promise((_, reject) => socket.once('error', reject))).rejects.toThrow('403');
  });
});

const SOCKET = { reconnect: false, keepAlive: false };

describe('with viem', () => {
  const account = () => privateKeyToAccount(keys[0]!);

  test('a contract is deployed, written to and watched, over HTTP and without a server', async () => {
    for (const transport of [
      http(server.url),
      world.transport(),
      webSocket(server.url.replace('http', 'ws'), SOCKET),
    ]) {
      const client = createPublicClient({ chain: foundry, transport, pollingInterval: 10 });
      const wallet = createWalletClient({ chain: foundry, transport, account: account() });
      const fees = { gas: 200_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n };
      const deployed = await client.waitForTransactionReceipt({
        hash: await wallet.deployContract({ abi: [], bytecode: BYTECODE, ...fees }),
      });
      expect(deployed.status).toBe('success');
      const abi = parseAbi(['function add(uint256) returns (uint256)', 'event Added(uint256)']);
      const address = deployed.contractAddress!;
      const hash = await wallet.writeContract({ abi, address, functionName: 'add', args: [41n], ...fees });
      const receipt = await client.waitForTransactionReceipt({ hash });
      expect(BigInt(receipt.logs[0]!.data)).toBe(42n);
      const block = await client.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true });
      expect(block.transactions[0]).toMatchObject({ hash, from: account().address.toLowerCase() });
      expect(await client.getLogs({ address, fromBlock: 0n })).toHaveLength(1);
      expect((await client.getProof({ address, storageKeys: [] })).nonce).toBe(1);
      expect(await client.getTransactionCount({ address: account().address })).toBeGreaterThan(1);
      expect((await client.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })).reward).toHaveLength(2);
    }
  });

  test('its test client sets, mines and goes back', async () => {
    const client = createTestClient({ chain: foundry, mode: 'anvil', transport: http(server.url) });
    const other = createPublicClient({ chain: foundry, transport: http(server.url), cacheTime: 0 });
    const address = '0x00000000000000000000000000000000000000c1';
    const id = await client.snapshot();
    const before = await other.getBlockNumber();
    await client.setBalance({ address, value: 5n });
    await client.mine({ blocks: 3 });
    expect(await other.getBlockNumber()).toBe(before + 3n);
    expect(await other.getBalance({ address })).toBe(5n);
    await client.revert({ id });
    expect([await other.getBlockNumber(), await other.getBalance({ address })]).toEqual([before, 0n]);
  });
});

describe('with ethers', () => {
  test('a wallet sends, a contract is deployed, and its logs are found', async () => {
    const provider = new JsonRpcProvider(server.url, undefined, {
      polling: true,
      pollingInterval: 20,
      cacheTimeout: -1,
    });
    const wallet = new Wallet(keys[1]!, provider);
    const sent = await wallet.sendTransaction({ to: wallet.address, value: parseEther('1'), gasLimit: 21_000 });
    expect((await sent.wait())?.status).toBe(1);
    const factory = new ContractFactory(['function add(uint256) returns (uint256)'], BYTECODE, wallet);
    const contract = await factory.deploy({ gasLimit: 200_000 });
    await contract.waitForDeployment();
    const address = await contract.getAddress();
    const receipt = await (await contract.getFunction('add')(41, { gasLimit: 100_000 })).wait();
    expect(receipt.status).toBe(1);
    expect(await provider.getLogs({ address, fromBlock: 0 })).toHaveLength(1);
    expect((await provider.getBlock('latest', true))?.prefetchedTransactions).toHaveLength(1);
    provider.destroy();
  });

  test('over WebSocket it hears of blocks', async () => {
    const provider = new WebSocketProvider(server.url.replace('http', 'ws'), undefined, {
      cacheTimeout: -1,
    });
    const heard = new Promise((resolve) => void provider.once('block', resolve));
    await provider.getBlockNumber();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await provider.send('evm_mine', []);
    expect(await heard).toBe(await provider.getBlockNumber());
    await provider.destroy();
  });
});

test('a world over another node goes on from its block, and the node stays as it is', async () => {
  const state = rpcState({ transport: server.url });
  const { hash } = await state.pinned();
  const block = (await state.fetchBlock(hash)) as never;
  const { config, accounts } = await devGenesis();
  const forked = await engine.openWorld({ state: state.at(hash), chain: config, block });
  const provider = forked.provider({ accounts: accounts.map(({ privateKey }) => privateKey) });
  const ask = (method: string, ...params: unknown[]) => provider.request({ method, params });
  const [from, to] = [accounts[3]!.address, '0x00000000000000000000000000000000000000c3'];
  const number = Number(await ask('eth_blockNumber'));
  const sent = await ask('eth_sendTransaction', { from, to, value: '0x7', gas: '0x5208' });
  expect(await ask('eth_getTransactionReceipt', sent)).toMatchObject({
    status: '0x1',
    blockNumber: `0x${(number + 1).toString(16)}`,
  });
  expect([await ask('eth_getBalance', to), await ask('eth_getBalance', to, `0x${number.toString(16)}`)]).toEqual([
    '0x7',
    '0x0',
  ]);
  const trace = await ask('debug_traceTransaction', sent, { tracer: 'callTracer' });
  expect(trace).toMatchObject({ from, to, value: '0x7' });
  expect((await post(JSON.stringify(request('eth_getBalance', [to])))).answer.result).toBe('0x0');
  await expect(ask('eth_getProof', to, [])).rejects.toThrow('no root here');
  await forked.dispose();
});
