// A source over a made-up node, with time and chance in the hands of the test.

import type { Hex } from '../../src/base/hex.ts';
import type { Alloc } from '../../src/state/memory.ts';
import { openRpcState, type RpcState, type RpcStateOptions } from '../../src/state/remote/rpc-state.ts';
import { type Accident, fakeFetch } from './fake-http.ts';
import { FakeNode, type FakeNodeOptions } from './fake-node.ts';
import { VirtualClock } from './virtual-clock.ts';

export const ALICE: Hex = `0x${'a1'.repeat(20)}`;
export const BOB: Hex = `0x${'b0'.repeat(20)}`;
export const TOKEN: Hex = `0x${'70'.repeat(20)}`;
export const NOBODY: Hex = `0x${'ee'.repeat(20)}`;
export const TOKEN_CODE: Hex = '0x6001600255';

export const word = (value: number | bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`;

/** Three accounts; slot k of the token holds 1000 + k. */
export function exampleAlloc(more: Alloc = {}): Alloc {
  const storage = Object.fromEntries(Array.from({ length: 300 }, (_, k) => [word(k), word(1000 + k)]));
  return {
    [ALICE]: { balance: 10n ** 18n, nonce: 7 },
    [BOB]: { balance: 5n },
    [TOKEN]: { nonce: 1, code: TOKEN_CODE, storage },
    ...more,
  };
}

/** A chain of `length` blocks, all with the example's accounts. */
export function exampleNode(options: FakeNodeOptions = {}, length = 4): FakeNode {
  const node = new FakeNode(options);
  for (let number = 0; number < length; number++) node.add(exampleAlloc());
  return node;
}

export interface Setup {
  readonly node: FakeNode;
  readonly clock: VirtualClock;
  readonly source: RpcState;
}

export function setup(
  options: Partial<RpcStateOptions> & {
    readonly node?: FakeNode;
    readonly accident?: (count: number) => Accident;
    readonly clock?: VirtualClock;
  } = {},
): Setup {
  const { node = exampleNode(), accident, clock = new VirtualClock(), ...rest } = options;
  let count = 0;
  const fetch = fakeFetch(node, { clock, ...(accident && { accident: () => accident(count++) }) });
  const transport = { url: 'http://node.test/v1/secret-key', fetch };
  return { node, clock, source: openRpcState({ transport, ...rest }, { clock, random: () => 0.5 }) };
}
