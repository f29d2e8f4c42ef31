// A made-up node behind a line that takes its time, for counting trips; and a source that is already pinned to its block.
import { setTimeout as delay } from 'node:timers/promises';
import { type Hex, quantityFromNumber } from '../../src/base/hex.ts';
import type { MemoryState } from '../../src/state/memory.ts';
import { type RpcState, type RpcStateOptions, rpcState } from '../../src/state/remote/rpc-state.ts';
import type { WireRequest } from '../../src/state/remote/wire.ts';
import { fakeFetch } from './fake-http.ts';
import { FakeNode, type FakeNodeOptions } from './fake-node.ts';

/** Long beside what the core takes for a block of one transaction, so that what is found on the way travels together. */
const LATENCY_MS = 40;

/** `rounds`: what was asked since, by the answers that had come by then. */
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
): Promise<{ source: RpcState; node: FakeNode; rounds: readonly WireRequest[][] }> {
  const made = new FakeNode(node);
  made.addState(state, '', before === undefined ? {} : headOf(before));
  const inner = fakeFetch(made);
  const rounds: WireRequest[][] = [];
  let answered = 0;
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const body: WireRequest | WireRequest[] = JSON.parse(String(init?.body));
    const round = answered;
    rounds[round] = [...(rounds[round] ?? []), ...(Array.isArray(body) ? body : [body])];
    await delay(latencyMs);
    answered = Math.max(answered, round + 1);
    return inner(url, init);
  };
  const source = rpcState({ transport: { url: 'http://slow.test', fetch }, ...options });
  await source.pinned();
  rounds.length = 0;
  answered = 0;
  return { source, node: made, rounds };
}

/** What a block says of its parent. */
export function headOf({ number, parentHash }: { readonly number: Hex; readonly parentHash: Hex }) {
  return { number: quantityFromNumber(BigInt(number) - 1n), hash: parentHash };
}
