// The state of a node by every way to it: a URL, several of them, viem's own transports and clients, an EIP-1193 provider.

import { createPublicClient, custom, fallback, http } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RpcError } from '../../../src/base/errors.ts';
import { type RpcTransport, rpcState } from '../../../src/index.ts';
import { HttpNode } from '../../support/http-node.ts';
import { ALICE, exampleAlloc, exampleNode, TOKEN, TOKEN_CODE, word } from '../../support/remote-source.ts';

/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:9';

let node: HttpNode;
beforeAll(async () => {
  node = await HttpNode.start(exampleNode());
});
afterAll(() => node[Symbol.asyncDispose]());

const provider = () => {
  const { request } = createPublicClient({ transport: http(node.url) });
  return { request: (asked: { method: string; params?: unknown }) => request(asked as never) as Promise<unknown> };
};

test.for<[string, () => unknown]>([
  ['a URL', () => node.url],
  ['a URL object', () => new URL(node.url)],
  ['several URLs, the first of which is dead', () => [DEAD, node.url]],
  ["viem's http", () => http(node.url)],
  ["viem's http in batches", () => http(node.url, { batch: true })],
  ["viem's fallback", () => fallback([http(DEAD, { retryCount: 0 }), http(node.url)])],
  ["viem's custom over a provider", () => custom(provider(), { retryCount: 0 })],
  ["a client of viem's", () => createPublicClient({ transport: http(node.url) })],
  ['an EIP-1193 provider', provider],
  ['a dead URL and an EIP-1193 provider', () => [DEAD, provider()]],
])('%s', { timeout: 60_000 }, async ([, transport]) => {
  const state = rpcState({ transport: transport() as RpcTransport, limits: { retries: 1 } });
  const { balance } = (exampleAlloc() as Record<string, { balance?: bigint }>)[ALICE]!;
  const values = await state.load([
    { kind: 'account', address: ALICE },
    { kind: 'code', address: TOKEN },
    { kind: 'storage', address: TOKEN, slot: word(3) },
  ]);
  expect(values[0]).toMatchObject({ kind: 'account', balance });
  expect(values[1]).toEqual({ kind: 'code', code: TOKEN_CODE });
  expect(values[2]).toEqual({ kind: 'storage', value: word(1003) });
});

test('a node that is dead by all ways is named', { timeout: 60_000 }, async () => {
  const state = rpcState({ transport: [DEAD, 'http://127.0.0.1:19'], limits: { retries: 0 } });
  await expect(state.load([{ kind: 'account', address: ALICE }])).rejects.toThrow(RpcError);
});
