// Messages that fail: sent again where that helps, to another endpoint where there is one, else a clear error.

import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../src/base/errors.ts';
import { Cancellation } from '../../../src/state/remote/cancellation.ts';
import { openRpcState } from '../../../src/state/remote/rpc-state.ts';
import type { StateKey } from '../../../src/state/state-source.ts';
import { type Accident, fakeFetch } from '../../support/fake-http.ts';
import type { FakeNode } from '../../support/fake-node.ts';
import { ALICE, exampleNode, setup, TOKEN, word } from '../../support/remote-source.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const KEYS: StateKey[] = [
  { kind: 'account', address: ALICE },
  { kind: 'storage', address: TOKEN, slot: word(3) },
];
const slots = (count: number): StateKey[] =>
  Array.from({ length: count }, (_, k) => ({ kind: 'storage', address: TOKEN, slot: word(k) }));
const html = (status: number, headers: Record<string, string> = {}) =>
  new Response('<html>sorry</html>', { status, headers });
const whole = (code: number, message: string) => () => ({ jsonrpc: '2.0', id: null, error: { code, message } });

/** What may happen to a message, once. */
const PASSING: Readonly<Record<string, Accident>> = {
  'no answer': { before: () => 'never' },
  'a broken connection': { before: () => 'reset' },
  'HTTP status 429': { before: () => html(429) },
  'HTTP status 403': { before: () => html(403) },
  'HTTP status 502': { before: () => html(502) },
  'HTTP status 408': { before: () => html(408) },
  'a page of HTML': { before: () => html(200) },
  'an empty answer': { before: () => new Response('') },
  'half of the answer': { text: (text) => text.slice(0, text.length / 2) },
  'an answer too few': { items: (items) => items.slice(1) },
  'an answer too many': { items: (items) => [...items, { ...items[0], id: 4711 }] },
  'the same answer twice': { items: (items) => [...items, items[0]] },
  'one answer in place of another': { items: (items) => items.map((item) => ({ ...item, id: items[0]?.id })) },
  'ids as text': { items: (items) => items.map((item) => ({ ...item, id: String(item.id) })) },
  'one object for a batch': { items: (items) => items[0] },
  'no list': { items: () => 7 },
  'answers without results': { items: (items) => items.map(({ id }) => ({ jsonrpc: '2.0', id })) },
  'a rate limit for all': { items: whole(-32005, 'daily request count exceeded, request rate limited') },
  'a rate limit for all, in a list': { items: (items) => [whole(429, 'Too Many Requests')(), items].slice(0, 1) },
  'rate limits for single requests': {
    item: ({ jsonrpc, id }) => ({ jsonrpc, id, error: { code: -32007, message: '25/second request limit reached' } }),
  },
  'an internal error': { item: ({ jsonrpc, id }) => ({ jsonrpc, id, error: { code: -32603, message: 'oops' } }) },
  'a slot of 31 bytes': { item: (item) => ({ ...item, result: `0x${'00'.repeat(31)}` }) },
  'odd hex': { item: (item) => ({ ...item, result: '0x012' }) },
  'no hex': { item: (item) => ({ ...item, result: '12' }) },
  'null for a value': { item: (item) => ({ ...item, result: null }) },
  'a number for hex': { item: (item) => ({ ...item, result: 18 }) },
};

describe('what passes is borne', () => {
  test.for(Object.entries(PASSING))('%s', async ([, accident]) => {
    // The first message pins the block.
    const { source, clock } = setup({ accident: (at) => (at === 1 ? accident : {}) });
    const [alice, slot] = await clock.run(source.load(KEYS));
    expect(alice).toMatchObject({ balance: 10n ** 18n, nonce: 7n });
    expect(slot).toEqual({ kind: 'storage', value: word(1003) });
    expect(source.statistics().failures).toBe(1);
  });

  test('answers in another order are not a fault', async () => {
    const { source, clock } = setup({ accident: () => ({ items: (items) => items.toReversed() }) });
    expect(await clock.run(source.load(slots(30)))).toEqual(
      slots(30).map((_, k) => ({ kind: 'storage', value: word(1000 + k) })),
    );
    expect(source.statistics().failures).toBe(0);
  });

  test('a node that lags behind for a while gets time', async () => {
    const late = exampleNode({}, 3);
    const { source, clock, node } = setup();
    await clock.run(source.pinned());
    const { clock: other, source: lagging } = setup({
      node: late,
      block: node.head.hash,
      accident: (at) => {
        // The block arrives after two refusals.
        if (at === 3) late.add({ [ALICE]: { balance: 10n ** 18n } });
        if (at === 0) return { item: (item) => (item.id === 2 ? { ...item, result: node.head.header } : item) };
        return {};
      },
    });
    const [alice] = await other.run(lagging.load(KEYS.slice(0, 1)));
    expect(alice).toMatchObject({ balance: 10n ** 18n });
  });
});

describe('what lasts is an error that names endpoint, method and answer', () => {
  test.for(Object.entries(PASSING))('%s', async ([, accident]) => {
    const { source, clock } = setup({ accident: (at) => (at >= 1 && at < 40 ? accident : {}), limits: { retries: 2 } });
    const failed = await clock.run(source.load(KEYS).catch((error: unknown) => error));
    expect(failed).toBeInstanceOf(RpcError);
    expect(failed).toMatchObject({ endpoint: 'http://node.test', code: -38031 });
    expect((failed as RpcError).method).toMatch(/^eth_get(Balance|TransactionCount|Code|StorageAt)$/);
  });

  test('with the beginning of what the node said', async () => {
    const { source, clock } = setup({ accident: (at) => (at === 0 ? {} : { before: () => html(500) }) });
    const failed = await clock.run(source.load(KEYS).catch((error: unknown) => error));
    expect(failed).toMatchObject({ answerCode: 500, answer: '<html>sorry</html>' });
    expect(String(failed)).toBe(
      'RpcError: http://node.test, eth_getBalance: HTTP status 500, 5 times\n<html>sorry</html>',
    );
  });

  test('at once where the endpoint turns everybody down', async () => {
    const { source, clock } = setup({ accident: () => ({ before: () => html(401) }) });
    await expect(clock.run(source.pinned())).rejects.toThrow('eth_chainId: HTTP status 401');
    expect(clock.now()).toBe(0);
  });

  test('and leaves the source usable', async () => {
    const { source, clock } = setup({ accident: (at) => (at > 0 && at < 6 ? { before: () => 'reset' } : {}) });
    await expect(clock.run(source.load(KEYS))).rejects.toBeInstanceOf(RpcError);
    expect(await clock.run(source.load(KEYS))).toHaveLength(2);
  });
});

describe('waits', () => {
  test('grow from try to try', async () => {
    const times: number[] = [];
    const clock = new VirtualClock();
    const { source } = setup({
      clock,
      accident: () => {
        times.push(clock.now());
        return { before: () => html(429) };
      },
    });
    await clock.run(source.pinned().catch(() => {}));
    expect(times).toEqual([0, 250, 750, 1750, 3750]);
  });

  test('are those that the node asks for', async () => {
    const { source, clock } = setup({
      accident: (at) => (at === 0 ? { before: () => html(429, { 'retry-after': '7' }) } : {}),
    });
    await clock.run(source.pinned());
    expect(clock.now()).toBe(7000);
  });

  test('keep to a number of requests in a second', async () => {
    const { source, clock } = setup({ limits: { perSecond: 20, batch: 10 } });
    await clock.run(source.load(slots(100)));
    expect(clock.now()).toBeGreaterThan(3900);
    expect(clock.now()).toBeLessThan(4600);
  });
});

describe('messages', () => {
  /** A node that takes so many requests in one message, and says so in one of the ways of nodes. */
  const taking = (most: number, refuse: () => Accident) => (_at: number, size: number) => (size > most ? refuse() : {});

  function limited(most: number, refuse: () => Accident): { sizes: number[] } & ReturnType<typeof setup> {
    const node = exampleNode();
    const clock = new VirtualClock();
    const sizes: number[] = [];
    const accident = taking(most, refuse);
    const fetch = fakeFetch(node, {
      accident: (messages) => {
        sizes.push(messages.length);
        return accident(0, messages.length);
      },
    });
    const transport = { url: 'http://node.test', fetch };
    return { node, clock, sizes, source: openRpcState({ transport }, { clock, random: () => 0.5 }) };
  }

  test.for([
    ['HTTP status 413', () => ({ before: () => html(413) })],
    ['an error for all', () => ({ items: whole(-32600, 'batch too large') })],
    ['an error in a list', () => ({ items: () => [whole(-32000, 'maximum batch size is 20')()] })],
    [
      'an error for each',
      () => ({
        items: (items: { id: unknown }[]) => items.map(({ id }) => ({ ...whole(-32003, 'response too large')(), id })),
      }),
    ],
  ] as [string, () => Accident][])(
    'become smaller until the node takes them, which is remembered: %s',
    async ([, refuse]) => {
      const { source, clock, sizes } = limited(20, refuse);
      expect(await clock.run(source.load(slots(200)))).toHaveLength(200);
      const before = sizes.length;
      expect(await clock.run(source.at(2).load(slots(200)))).toHaveLength(200);
      expect(sizes.slice(before).every((size) => size <= 20)).toBe(true);
      expect(clock.now()).toBe(0);
    },
  );

  test('hold one request each where a node takes no batches', async () => {
    const { source, clock, sizes } = limited(1, () => ({ before: () => html(400) }));
    expect(await clock.run(source.load(slots(9)))).toHaveLength(9);
    expect(sizes.slice(-9)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('become larger where more than may be under way would wait', async () => {
    const { source, clock, sizes } = limited(1000, () => ({}));
    const keys = Array.from({ length: 4000 }, (_, k): StateKey => ({ kind: 'storage', address: TOKEN, slot: word(k) }));
    await clock.run(source.load(keys));
    await clock.run(source.at(2).load(keys));
    expect(Math.max(...sizes)).toBe(500);
  });

  test('are not more at the same time than allowed', async () => {
    const node = exampleNode();
    const clock = new VirtualClock();
    let [now, most] = [0, 0];
    const inner = fakeFetch(node, { clock, accident: () => ({ delayMs: 50 }) });
    const fetch: typeof globalThis.fetch = async (url, options) => {
      most = Math.max(most, ++now);
      try {
        return await inner(url, options);
      } finally {
        now--;
      }
    };
    const limits = { batch: 5, concurrency: 3 };
    const transport = { url: 'http://node.test', fetch };
    const source = openRpcState({ transport, limits }, { clock, random: () => 0.5 });
    await clock.run(source.load(slots(100)));
    expect(most).toBe(3);
    // One for the block, seven for twenty messages.
    expect(clock.now()).toBe(8 * 50);
  });
});

describe('several endpoints', () => {
  function two(
    first: Accident | ((at: number) => Accident),
    nodes: [FakeNode, FakeNode] = [exampleNode(), exampleNode()],
  ) {
    const clock = new VirtualClock();
    let count = 0;
    const asked = [0, 0];
    const accident = typeof first === 'function' ? first : () => first;
    const transport = nodes.map((node, which) => ({
      url: `http://node${which + 1}.test`,
      fetch: fakeFetch(node, {
        clock,
        accident: () => {
          asked[which]!++;
          return which === 0 ? accident(count++) : {};
        },
      }),
    }));
    return { clock, asked, source: openRpcState({ transport }, { clock, random: () => 0.5 }) };
  }

  test('are asked in their order, and only the first where it answers', async () => {
    const { source, clock, asked } = two({});
    await clock.run(source.load(KEYS));
    expect(asked).toEqual([2, 0]);
  });

  test.for(['reset', 'never'] as const)('stand in for one that fails (%s), without waits in between', async (what) => {
    const { source, clock, asked } = two({ before: () => what });
    expect(await clock.run(source.load(KEYS))).toHaveLength(2);
    expect(asked[1]).toBe(2);
    expect(clock.now()).toBe(what === 'reset' ? 0 : 10_000);
  });

  test('stand in for one that turns this user down, for good', async () => {
    const { source, clock, asked } = two({ before: () => html(401) });
    await clock.run(source.load(KEYS));
    await clock.run(clock.sleep(60_000, new Cancellation()));
    await clock.run(source.at(1).load(KEYS));
    expect(asked).toEqual([1, 4]);
  });

  test('stand in for one that no longer keeps the state, as long as that block is asked for', async () => {
    const { source, clock, asked } = two({}, [exampleNode({ keepsFrom: 3n }), exampleNode()]);
    expect(await clock.run(source.at(1).load(KEYS))).toHaveLength(2);
    const [before] = asked;
    await clock.run(clock.sleep(60_000, new Cancellation()));
    expect(await clock.run(source.at(1).load(KEYS))).toHaveLength(2);
    expect(asked[0]! - before!).toBe(1);
  });
});

describe('providers', () => {
  const providing = (node: FakeNode, more: (count: number) => void = () => {}) => {
    let count = 0;
    return {
      request: async ({ method, params }: { method: string; params?: unknown }) => {
        more(count++);
        const answer = await node.answer({ method, params: params as unknown[] });
        if ('error' in answer) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
        return answer.result;
      },
    };
  };

  test('are asked one by one, at the same time', async () => {
    const clock = new VirtualClock();
    const source = openRpcState({ transport: providing(exampleNode()) }, { clock, random: () => 0.5 });
    expect((await clock.run(source.load(KEYS)))[1]).toEqual({ kind: 'storage', value: word(1003) });
    expect(source.statistics()).toMatchObject({ rounds: 2, requests: 6, messages: 6, bytes: 0 });
  });

  test('may be what viem makes of a transport', async () => {
    const clock = new VirtualClock();
    const transport = () => ({ config: {}, ...providing(exampleNode()) });
    const source = openRpcState({ transport }, { clock, random: () => 0.5 });
    expect(await clock.run(source.load(KEYS))).toHaveLength(2);
  });

  test.for([
    ['a rate limit of HTTP inside the errors of viem', { shortMessage: 'HTTP request failed.', status: 429 }],
    ['a rate limit of JSON-RPC', { code: -32005, message: 'limit exceeded' }],
    ['a lost connection', { message: 'socket hang up', code: 'ECONNRESET' }],
    ['a provider without a connection', { code: 4900, message: 'disconnected' }],
    ['a bad gateway', { status: 502 }],
  ] as const)('may throw what passes: %s', async ([, thrown]) => {
    const clock = new VirtualClock();
    const provider = providing(exampleNode(), (count) => {
      if (count === 3) throw Object.assign(new Error('failed'), { cause: Object.assign(new Error('inner'), thrown) });
    });
    const source = openRpcState({ transport: provider }, { clock, random: () => 0.5 });
    expect(await clock.run(source.load(KEYS))).toHaveLength(2);
    expect(source.statistics().failures).toBe(1);
  });
});
