// `pevm serve --fork`: a chain that goes on from a real node's block, behind a server of its own.
import { createPublicClient, createTestClient, createWalletClient, http, parseEther } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from '../../../src/cli/command-line.ts';
import { serve } from '../../../src/cli/serve.ts';
import { readServeOptions } from '../../../src/cli/serve-options.ts';
import { Anvil, anvilBinary } from '../../bench/anvil.ts';

const binary = anvilBinary();
const RICH = '0x00000000000000000000000000000000000000aa';
const COUNTER = '0x00000000000000000000000000000000000000c0';
const BOB = '0x0000000000000000000000000000000000000b0b';
/** storage[0] += 1; return storage[0] */
const CODE = '0x60005460010160005560005460005260206000f3';

describe.skipIf(binary === undefined)('pevm serve --fork', () => {
  let node: Anvil;
  let url: string;
  let key: `0x${string}`;
  let code: Promise<number>;
  const stop = new AbortController();

  beforeAll(async () => {
    node = await Anvil.start(
      {
        ...{ hardfork: 'osaka', chainId: 4242, number: 7n, timestamp: 1_700_000_000n, gasLimit: 30_000_000n },
        alloc: {
          [RICH]: { balance: '1000', nonce: '0' },
          [COUNTER]: {
            balance: '0',
            nonce: '1',
            code: CODE,
            storage: { [`0x${'00'.repeat(32)}`]: `0x${'00'.repeat(31)}05` },
          },
        },
      },
      binary,
    );
    const printed: string[] = [];
    const terminal = { paint: (_: string, text: string) => text, print: (line: string) => void printed.push(line) };
    const options = readServeOptions([
      '--fork',
      `http://127.0.0.1:${node.port}`,
      '--port',
      '0',
      '--accounts',
      '1',
      '--workers',
      '1',
    ]);
    code = serve(options, { ...terminal, complain: terminal.print, stderr: process.stderr } as never, stop.signal);
    await vi.waitFor(() => expect(printed.at(-1)).toMatch(/^listening on http/), { timeout: 15_000 });
    url = /http:\/\/\S+/.exec(printed.at(-1)!)![0];
    key = printed
      .find((line) => /0x[0-9a-f]{64}$/.test(line))!
      .trim()
      .split(/\s+/)[1] as `0x${string}`;
    expect(printed).toContainEqual('chain 4242 at block 7');
  }, 60_000);

  afterAll(async () => {
    stop.abort();
    expect(await code).toBe(0);
    await node?.stop();
  });

  test('answers from the node, and goes on by itself: the node does not notice', async () => {
    const client = createPublicClient({ transport: http(url) });
    expect(await client.getChainId()).toBe(4242);
    expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(7n);
    expect(await client.getBalance({ address: RICH })).toBe(1000n);
    expect((await client.call({ to: COUNTER })).data).toBe(`0x${'00'.repeat(31)}06`);
    const account = privateKeyToAccount(key);
    const wallet = createWalletClient({ account, transport: http(url) });
    const fees = { maxFeePerGas: parseEther('0.0001'), maxPriorityFeePerGas: 1n, gas: 100_000n } as const;
    for (const to of [COUNTER, BOB] as const) {
      const hash = await wallet.sendTransaction({ to, value: to === BOB ? 3n : 0n, ...fees, chain: null });
      expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success');
    }
    expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(9n);
    expect((await client.getBlock({ blockNumber: 8n })).parentHash).toBe(
      (await node.call<{ hash: string }>('eth_getBlockByNumber', '0x7', false)).hash,
    );
    expect(await client.getStorageAt({ address: COUNTER, slot: '0x0' })).toBe(`0x${'00'.repeat(31)}06`);
    expect(await client.getStorageAt({ address: COUNTER, slot: '0x0', blockNumber: 7n })).toBe(
      `0x${'00'.repeat(31)}05`,
    );
    expect(await client.getBalance({ address: BOB })).toBe(3n);
    const tester = createTestClient({ mode: 'anvil', transport: http(url) });
    const id = await tester.snapshot();
    await tester.setBalance({ address: RICH, value: 5n });
    expect(await client.getBalance({ address: RICH })).toBe(5n);
    await tester.revert({ id });
    expect(await client.getBalance({ address: RICH })).toBe(1000n);
    expect(await node.call('eth_blockNumber')).toBe('0x7');
    expect(await node.call('eth_getBalance', BOB, 'latest')).toBe('0x0');
  });

  test('goes on from another block, or another node, when it is reset there', async () => {
    const client = createPublicClient({ transport: http(url) });
    const tester = createTestClient({ mode: 'anvil', transport: http(url) });
    const own = `http://127.0.0.1:${node.port}`;
    await node.call('anvil_setBalance', RICH, '0x7d0');
    await node.call('evm_mine');
    await using other = await Anvil.start(
      {
        ...{ hardfork: 'osaka', chainId: 4343, number: 90n, timestamp: 1_700_000_000n, gasLimit: 30_000_000n },
        alloc: { [RICH]: { balance: '77', nonce: '0' } },
      },
      binary,
    );
    const at = () => client.getBlockNumber({ cacheTime: 0 });
    await tester.setBalance({ address: BOB, value: 9n });
    await tester.reset({ jsonRpcUrl: own, blockNumber: 8n });
    expect([await at(), await client.getBalance({ address: RICH })]).toEqual([8n, 2000n]);
    expect(await client.getBalance({ address: BOB })).toBe(0n);
    await tester.reset({ jsonRpcUrl: `http://127.0.0.1:${other.port}` });
    expect([await at(), await client.getBalance({ address: RICH })]).toEqual([90n, 77n]);
    expect(await client.getChainId()).toBe(4343);
    const account = privateKeyToAccount(key);
    const wallet = createWalletClient({ account, transport: http(url) });
    const fees = { maxFeePerGas: parseEther('0.0001'), maxPriorityFeePerGas: 1n, gas: 100_000n } as const;
    const hash = await wallet.sendTransaction({ to: BOB, value: 4n, ...fees, chain: null });
    expect((await client.waitForTransactionReceipt({ hash })).blockNumber).toBe(91n);
    // Of the place itself: back to its beginning.
    await tester.reset({ jsonRpcUrl: `http://127.0.0.1:${other.port}`, blockNumber: 90n });
    expect([await at(), await client.getBalance({ address: BOB })]).toEqual([90n, 0n]);
    for (const [jsonRpcUrl, blockNumber, words] of [
      ['ws://127.0.0.1:1', undefined, /jsonRpcUrl: expected a URL that begins with http/],
      [own, 99n, /there is no block/],
    ] as const) {
      const asked = tester.reset({ jsonRpcUrl, ...(blockNumber !== undefined && { blockNumber }) });
      await expect(asked, jsonRpcUrl).rejects.toThrow(words);
      expect(await at()).toBe(90n);
    }
    await tester.reset({ jsonRpcUrl: own, blockNumber: 7n });
    expect([await at(), await client.getChainId()]).toEqual([7n, 4242]);
  }, 120_000);

  test('says what the node says where there is no such block, and what it cannot be', async () => {
    const said: string[] = [];
    const terminal = {
      paint: (_: string, text: string) => text,
      print: () => {},
      complain: (line: string) => void said.push(line),
    };
    const run = (...words: string[]) =>
      main(['serve', '--port', '0', ...words], { ...terminal, stderr: process.stderr } as never);
    const fork = ['--fork', `http://127.0.0.1:${node.port}`];
    expect(await run(...fork, '--fork-block', '99')).not.toBe(0);
    expect(said.join('\n')).toContain('there is no block');
    expect(await run('--fork', 'ws://127.0.0.1:1')).toBe(2);
    expect(await run('--fork-block', '5')).toBe(2);
    // It would be every address of the machine.
    expect(await run('--host', '')).toBe(2);
  });
});
