// Calls against the answers of geth and of Ethereum's own cases, on their chain (../shared; skipped without it).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../../src/index.ts';
import { withoutShared } from '../../support/shared.ts';
import {
  blockOf,
  comparable,
  errorAnswer,
  openRpcChain,
  type RpcCase,
  type RpcChain,
  rpcCases,
} from '../../support/simulation-cases.ts';

/** As a node answers; `undefined`: not asked here. */
async function answer(chain: RpcChain, { method, params }: RpcCase): Promise<unknown> {
  const [request, , stateOverrides, blockOverrides] = params as [object, unknown, object, object];
  try {
    if (method === 'eth_call') {
      const options = { stateOverrides, blockOverrides } as object;
      const { data: _, ...rest } = request as { data?: string; input?: string };
      const normal = 'input' in request ? rest : request;
      const { returnData, error } = await chain.world.call(normal, options);
      if (error === undefined) return { result: returnData };
      return { error: { code: error.code, ...(error.code === 3 ? { data: error.data } : {}) } };
    }
    return undefined;
  } catch (error) {
    return errorAnswer(error);
  }
}

describe.skipIf(withoutShared('execution-apis'))('calls on the chain of execution-apis', () => {
  let engine: Engine;
  let chain: RpcChain;
  let cases: RpcCase[];
  beforeAll(async () => {
    engine = await createEngine({ workers: 1, memory: { maximumMiB: 128 } });
    chain = await openRpcChain(engine);
    cases = [
      ...(await rpcCases('execution-apis', ['eth_call'])),
      ...(await rpcCases('rpc-geth', ['overrides', 'failures', 'bad-input'])),
    ];
  }, 120_000);
  afterAll(() => engine.dispose());

  test('are answered as the clients agreed to', { timeout: 120_000 }, async () => {
    const placed = cases.flatMap((rpc) => {
      const block = blockOf(chain, rpc.params[1]);
      return block === undefined || rpc.method !== 'eth_call' ? [] : { rpc, block };
    });
    placed.sort((left, right) => right.block - left.block);
    const wrong: unknown[] = [];
    for (const { rpc, block } of placed) {
      await chain.goTo(block);
      const got = await answer(chain, rpc);
      const { result, error } = rpc.answer;
      const wanted = comparable(error === undefined ? { result } : { error });
      if (JSON.stringify(comparable(got)) !== JSON.stringify(wanted)) wrong.push({ name: rpc.name, got, wanted });
    }
    expect(wrong).toEqual([]);
    expect(placed.length).toBeGreaterThan(50);
  });
});
