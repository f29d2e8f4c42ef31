// State from a node: right values, one block, one trip for what is asked together.

import { describe, expect, test } from 'vitest';
import { InputError, ReorganisationError, RpcError, StateSourceError } from '../../../src/base/errors.ts';
import { openRpcState, rpcState } from '../../../src/state/remote/rpc-state.ts';
import type { StateKey } from '../../../src/state/state-source.ts';
import { fakeFetch } from '../../support/fake-http.ts';
import { FakeNode } from '../../support/fake-node.ts';
import {
  ALICE,
  BOB,
  exampleAlloc,
  exampleNode,
  NOBODY,
  setup,
  TOKEN,
  TOKEN_CODE,
  word,
} from '../../support/remote-source.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const KEYS: StateKey[] = [
  { kind: 'account', address: ALICE },
  { kind: 'code', address: TOKEN },
  { kind: 'storage', address: TOKEN, slot: word(3) },
  { kind: 'account', address: NOBODY },
];

describe('state from a node', () => {
  test('answers keys in order, absent accounts as empty', async () => {
    const { source, clock } = setup();
    const [alice, code, slot, nobody] = await clock.run(source.load(KEYS));
    expect(alice).toMatchObject({ kind: 'account', balance: 10n ** 18n, nonce: 7n, exists: true });
    expect(code).toEqual({ kind: 'code', code: TOKEN_CODE });
    expect(slot).toEqual({ kind: 'storage', value: word(1003) });
    expect(nobody).toMatchObject({ balance: 0n, nonce: 0n, exists: false });
  });

  test('takes one trip for the block and one for all keys, and none for what it knows', async () => {
    const { source, clock, node } = setup();
    await clock.run(source.load(KEYS));
    expect(source.statistics()).toMatchObject({ rounds: 2, requests: 12, messages: 2, keys: 4, wasted: 0 });
    await clock.run(source.load([...KEYS, { kind: 'code', address: ALICE }]));
    expect(source.statistics().rounds).toBe(2);
    expect(node.asked.get('eth_getCode')).toBe(3);
  });

  test('asks once for what several want at the same time', async () => {
    const { source, clock, node } = setup();
    await clock.run(Promise.all([source.load(KEYS), source.load(KEYS), source.load(KEYS.slice(1))]));
    expect(node.asked.get('eth_getStorageAt')).toBe(1);
    expect(source.statistics().rounds).toBe(2);
  });

  test('reads at the hash of its block, although the chain goes on', async () => {
    const { source, clock, node } = setup();
    const { number, hash } = await clock.run(source.pinned());
    node.add(exampleAlloc({ [ALICE]: { balance: 1n } }));
    const [alice] = await clock.run(source.load(KEYS.slice(0, 1)));
    expect([number, hash]).toEqual([3n, node.block(3).hash]);
    expect(alice).toMatchObject({ balance: 10n ** 18n });
  });

  test.for([
    ['by its hash', undefined],
    ['by its number, where the node knows no other way', false],
  ] as const)('says with both hashes that its block is gone: %s', async ([, byHash]) => {
    const node = exampleNode(byHash === undefined ? {} : { byHash });
    const { source, clock } = setup({ node });
    const { hash } = await clock.run(source.pinned());
    await clock.run(source.load(KEYS));
    node.rewind(3);
    const other = node.add(exampleAlloc(), 'fork');
    const late = clock.run(source.load([{ kind: 'account', address: BOB }]));
    await expect(late).rejects.toBeInstanceOf(ReorganisationError);
    await expect(late).rejects.toMatchObject({ number: 3n, pinned: hash, found: other.hash });
    await expect(late).rejects.toThrow(`block 3 was ${hash} and is now ${other.hash}`);
  });

  test('reads by number where the node knows no other way, and asks each time which block that is', async () => {
    const { source, clock, node } = setup({ node: exampleNode({ byHash: false }) });
    const [alice] = await clock.run(source.load(KEYS));
    expect(alice).toMatchObject({ balance: 10n ** 18n });
    await clock.run(source.load([{ kind: 'account', address: BOB }]));
    // Once for the tag, and once after each message.
    expect(node.asked.get('eth_getBlockByNumber')).toBe(3);
  });

  test.for([
    ['latest', 3n],
    [2, 2n],
    [1n, 1n],
    ['0x1', 1n],
    ['earliest', 0n],
  ] as const)('takes %s as its block', async ([block, number]) => {
    const { source, clock, node } = setup({ block });
    expect(await clock.run(source.pinned())).toMatchObject({ number, hash: node.block(Number(number)).hash });
  });

  test('takes the hash of a block', async () => {
    const node = exampleNode();
    const { source, clock } = setup({ node, block: node.block(1).hash });
    expect((await clock.run(source.pinned())).number).toBe(1n);
  });

  test('gives the state at another block over the same endpoints', async () => {
    const { source, clock, node } = setup();
    node.add(exampleAlloc({ [ALICE]: { balance: 1n } }));
    const [[before], [after]] = await clock.run(
      Promise.all([source.at(3).load(KEYS.slice(0, 1)), source.at(4).load(KEYS.slice(0, 1))]),
    );
    expect([before, after]).toMatchObject([{ balance: 10n ** 18n }, { balance: 1n }]);
  });

  test('knows the hashes of its block and of the one before, and asks for older ones', async () => {
    const { source, clock, node } = setup();
    expect(await clock.run(source.blockHash(3n))).toBe(node.block(3).hash);
    expect(await clock.run(source.blockHash(2n))).toBe(node.block(2).hash);
    expect(source.statistics().rounds).toBe(1);
    expect(await clock.run(source.blockHash(0n))).toBe(node.block(0).hash);
    await expect(clock.run(source.blockHash(4n))).rejects.toBeInstanceOf(StateSourceError);
  });

  test('does not give hashes of another chain of blocks', async () => {
    const { source, clock, node } = setup();
    await clock.run(source.pinned());
    node.rewind(1);
    for (let number = 1; number < 4; number++) node.add(exampleAlloc(), 'fork');
    await expect(clock.run(source.blockHash(1n))).rejects.toBeInstanceOf(ReorganisationError);
  });

  test('knows whether accounts exist in which nothing is, where that matters: before Spurious Dragon', async () => {
    const empty = { [BOB]: { balance: 0n } };
    for (const [chainId, exists] of [
      [1, true],
      [1337, false],
    ] as const) {
      const node = new FakeNode({ chainId });
      node.add(exampleAlloc(empty));
      const { source, clock } = setup({ node: await node.seal() });
      const [bob, nobody] = await clock.run(
        source.load([BOB, NOBODY].map((address) => ({ kind: 'account', address }))),
      );
      expect([bob, nobody]).toMatchObject([{ exists }, { exists: false }]);
    }
  });

  test('refuses a node of another chain', async () => {
    const { source, clock } = setup({ chainId: 10 });
    await expect(clock.run(source.pinned())).rejects.toThrow('the node is of chain 1337, not of 10');
  });

  test('says that there is no such block', async () => {
    const { source, clock } = setup({ block: 99 });
    await expect(clock.run(source.pinned())).rejects.toThrow(/eth_getBlockByNumber: there is no block 0x63/);
  });

  test('says that the node no longer keeps the state, and names the block', async () => {
    const { source, clock } = setup({ node: exampleNode({ keepsFrom: 2n }), block: 1 });
    const failed = clock.run(source.load(KEYS));
    await expect(failed).rejects.toBeInstanceOf(RpcError);
    await expect(failed).rejects.toThrow(/does not keep the state of block 1; an archive node does/);
  });

  test('fetches a block with the headers of its uncles', async () => {
    const node = exampleNode();
    const uncles = [node.block(1).hash];
    node.add(exampleAlloc(), '', { uncles });
    const provider = {
      request: async ({ method, params }: { method: string; params?: unknown }) => {
        if (method === 'eth_getUncleByBlockHashAndIndex') return node.block(1).header;
        const answer = await node.answer({ method, params: params as unknown[] });
        return 'result' in answer ? answer.result : Promise.reject(answer.error);
      },
    };
    const block = await rpcState({ transport: provider }).fetchBlock(4);
    expect(block).toMatchObject({ number: '0x4', uncles, uncleHeaders: [{ number: '0x1' }] });
  });
});

describe('who asks', () => {
  test('hears of an abort at once, and the source goes on', async () => {
    const { source, clock } = setup({ accident: (at) => (at === 1 ? { before: () => 'never' } : {}) });
    await clock.run(source.pinned());
    const controller = new AbortController();
    const aborted = source.load(KEYS, { signal: controller.signal });
    aborted.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect((await clock.run(source.load(KEYS)))[1]).toEqual({ kind: 'code', code: TOKEN_CODE });
  });

  test('does not lose what another one aborted', async () => {
    const { source, clock } = setup({ accident: (at) => (at === 1 ? { delayMs: 500 } : {}) });
    await clock.run(source.pinned());
    const controller = new AbortController();
    const aborted = source.load(KEYS, { signal: controller.signal });
    const other = source.load(KEYS);
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(await clock.run(other)).toHaveLength(4);
  });

  test('ends a source for good by its own signal', async () => {
    const controller = new AbortController();
    const { source, clock } = setup({ signal: controller.signal });
    await clock.run(source.load(KEYS));
    controller.abort(new Error('over'));
    await expect(clock.run(source.load([{ kind: 'account', address: BOB }]))).rejects.toThrow('over');
  });
});

describe('options', () => {
  const transport = 'http://node.test';
  test.for([
    [{}, 'options.transport'],
    [{ transport: [] }, 'options.transport'],
    [{ transport: [transport, 7] }, 'options.transport[1]'],
    [{ transport: 'node.test:80:80' }, 'options.transport'],
    [{ transport: 'ws://node.test' }, 'options.transport'],
    [{ transport, blok: 1 }, 'options.blok'],
    [{ transport, block: 'pending' }, 'options.block'],
    [{ transport, block: -1 }, 'options.block'],
    [{ transport, block: '0x123g' }, 'options.block'],
    [{ transport, chainId: 'mainnet' }, 'options.chainId'],
    [{ transport, limits: { batch: 0 } }, 'options.limits.batch'],
    [{ transport, limits: { retries: 1.5 } }, 'options.limits.retries'],
    [{ transport, limits: { timeout: 5 } }, 'options.limits.timeout'],
  ] as const)('are refused by name: %j', ([options, field]) => {
    let error: unknown;
    try {
      rpcState(options as never);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).field).toBe(field);
  });

  test('name the nearest right one', () => {
    expect(() => rpcState({ transport, limits: { timeout: 5 } as never })).toThrow('did you mean timeoutMs?');
    expect(() => rpcState({ transport: 'wss://node.test' })).toThrow('for WebSocket give a provider or a viem client');
  });

  test('do not let a secret of the URL into errors', async () => {
    const { source, clock } = setup({ block: 99 });
    await expect(clock.run(source.pinned())).rejects.not.toThrow(/secret-key/);
    await expect(clock.run(source.pinned())).rejects.toThrow(/http:\/\/node\.test/);
  });

  test('take user and password out of a URL, where fetch would refuse them', async () => {
    const clock = new VirtualClock();
    const node = exampleNode();
    let seen: { url: unknown; headers: unknown } | undefined;
    const inner = fakeFetch(node);
    const fetch: typeof globalThis.fetch = (url, options) => {
      seen = { url, headers: options?.headers };
      return inner(url, options);
    };
    const endpoint = { url: 'https://me:p%40ss@node.test/x', headers: { 'x-team': '7' }, fetch };
    const source = openRpcState({ transport: endpoint }, { clock, random: () => 0.5 });
    await clock.run(source.pinned());
    expect(seen?.url).toBe('https://node.test/x');
    expect(seen?.headers).toMatchObject({ authorization: `Basic ${btoa('me:p@ss')}`, 'x-team': '7' });
  });
});
