// A made-up node behind a line that takes its time, for counting trips; and a source that is already pinned to its block.
import { setTimeout as delay } from 'node:timers/promises';
import { type Hex, quantityFromNumber } from '../../src/base/hex.ts';
import type { MemoryState } from '../../src/state/memory.ts';
import { type RpcState, type RpcStateOptions, rpcState } from '../../src/state/remote/rpc-state.ts';
import { fakeFetch } from './fake-http.ts';
import { FakeNode, type FakeNodeOptions } from './fake-node.ts';

/** Long beside what the core takes for a block of one transaction, so that what is found on the way travels together. */
const LATENCY_MS = 40;

export async function slowSource(
  state: MemoryState,
  {
    node,
    latencyMs = LATENCY_MS,
    before,
    ...options
  }: Partial<RpcStateOptions> & {
    readonly node?: FakeNodeOptions;
    readonly latencyMs?: number;
    /** The block that comes next. */
    readonly before?: { readonly number: Hex; readonly parentHash: Hex };
  } = {},
): Promise<{ source: RpcState; node: FakeNode }> {
  const made = new FakeNode(node);
  made.addState(state, '', before === undefined ? {} : headOf(before));
  const inner = fakeFetch(made);
  const fetch: typeof globalThis.fetch = async (url, init) => {
    await delay(latencyMs);
    return inner(url, init);
  };
  const source = rpcState({ transport: { url: 'http://slow.test', fetch }, ...options });
  await source.pinned();
  return { source, node: made };
}

/** What a block says of its parent. */
export function headOf({ number, parentHash }: { readonly number: Hex; readonly parentHash: Hex }) {
  return { number: quantityFromNumber(BigInt(number) - 1n), hash: parentHash };
}
