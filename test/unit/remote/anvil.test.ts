// A real node: anvil on loopback, with its own state of real contracts.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import type { BlockFile } from '../../../src/file/block-file.ts';
import type { TracingEngine } from '../../../src/index.ts';
import { type RpcState, type RpcStateOptions, rpcState } from '../../../src/state/remote/rpc-state.ts';
import type { TrafficFile } from '../../../src/traffic/index.ts';
import { Anvil, anvilBinary } from '../../bench/anvil.ts';
import { LatencyProxy } from '../../support/latency-proxy.ts';
import { uniswapSwap } from '../../support/tokens/uniswap-swap.ts';

const binary = anvilBinary();

/** The state before a block of one v3 swap in a node, and the way to it. */
interface Scene {
  readonly file: BlockFile;
  readonly node: Anvil;
  readonly proxy: LatencyProxy;
}

describe.skipIf(binary === undefined)('a cold Uniswap v3 swap on a fork of anvil', () => {
  let engine: TracingEngine;
  let scene: Scene;

  beforeAll(async () => {
    engine = await createEngine({ workers: 2 });
    const { json, file } = await uniswapSwap(engine);
    const node = await Anvil.start(
      {
        hardfork: file.hardfork,
        chainId: file.chainId,
        number: BigInt(file.block.number) - 1n,
        timestamp: BigInt(file.block.timestamp) - 12n,
        gasLimit: BigInt(file.block.gasLimit),
        alloc: allocOf(json),
      },
      binary,
    );
    scene = { file, node, proxy: await LatencyProxy.start(node.port, 50) };
  }, 120_000);

  afterAll(async () => {
    await scene?.proxy.stop();
    await scene?.node.stop();
    await engine?.dispose();
  });

  const source = (options: Partial<RpcStateOptions> = {}): RpcState =>
    rpcState({ transport: scene.proxy.url, ...options });

  async function swap(state: RpcState) {
    const { block, chainId, hardfork, blockHashes } = scene.file;
    const { hash: parentHash } = await state.pinned();
    const before = state.statistics().rounds;
    const child = { ...block, parentHash };
    const result = await engine.executeBlock({ block: child, chainId, hardfork, blockHashes, state });
    return { result, rounds: state.statistics().rounds - before };
  }

  test.for([
    ['guess', 6],
    ['accessList', 3],
    ['auto', 3],
  ] as const)('takes few trips with %s: %i', async ([prefetch, most]) => {
    const { block, chainId, hardfork, blockHashes, state } = scene.file;
    const { hash: parentHash } = await source().pinned();
    const child = { ...block, parentHash };
    const expected = await engine.executeBlock({ block: child, chainId, hardfork, blockHashes, state });
    const { result, rounds } = await swap(source({ prefetch }));
    expect(result.receiptsRoot).toBe(expected.receiptsRoot);
    expect(result.stateDiff).toEqual(expected.stateDiff);
    expect(rounds).toBeLessThanOrEqual(most);
  });

  test('is proven against the state root of the block', async () => {
    // The header of its first block does not commit to the state that the node was given.
    await scene.node.call('evm_mine');
    const { hash } = await source().pinned();
    const { result } = await swap(source({ block: hash as Hex, verifyProofs: true, prefetch: 'guess' }));
    expect(result.receipts[0]?.status).toBe('success');
  });
});

function allocOf({ pre }: TrafficFile): Parameters<typeof Anvil.start>[0]['alloc'] {
  return Object.fromEntries(
    Object.entries(pre).map(([address, { balance, nonce, code, storage }]) => [
      address,
      { balance: String(balance), nonce: String(nonce), ...(code && { code }), ...(storage && { storage }) },
    ]),
  ) as Parameters<typeof Anvil.start>[0]['alloc'];
}
