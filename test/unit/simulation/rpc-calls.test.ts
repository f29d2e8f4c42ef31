// Calls against the answers of geth and of Ethereum's own cases, on their chain (../shared; skipped without it).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type TracingEngine } from '../../../src/index.ts';
import { withoutShared } from '../../support/shared.ts';
import {
  blockOf,
  comparable,
  errorAnswer,
  jsonOf,
  openRpcChain,
  type RpcCase,
  type RpcChain,
  rpcCases,
} from '../../support/simulation-cases.ts';

const ASKED = new Set(['eth_call', 'eth_estimateGas', 'eth_createAccessList', 'debug_traceCall']);

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
    if (method === 'eth_estimateGas') {
      return { result: jsonOf(await chain.world.estimateGas(request, { stateOverrides, blockOverrides } as object)) };
    }
    if (method === 'eth_createAccessList') {
      const { error, ...rest } = await chain.world.createAccessList(request, { stateOverrides } as object);
      return {
        result: { ...(jsonOf(rest) as object), ...(error === undefined ? {} : { error: error.message.split(':')[0] }) },
      };
    }
    if (method === 'debug_traceCall') return { result: await traced(chain, request, params[2] as TraceConfig) };
    return undefined;
  } catch (error) {
    return errorAnswer(error);
  }
}

interface TraceConfig {
  readonly tracer?: string;
  readonly [key: string]: unknown;
}

async function traced(chain: RpcChain, request: object, config: TraceConfig) {
  const { tracer = 'structLog', tracerConfig = {}, stateOverrides, blockOverrides, ...rest } = config;
  return chain.world.trace(request, {
    ...({ tracer, ...(tracerConfig as object), ...rest } as { tracer: 'callTracer' }),
    ...({ stateOverrides, blockOverrides } as object),
  });
}

describe.skipIf(withoutShared('execution-apis'))('calls on the chain of execution-apis', () => {
  let engine: TracingEngine;
  let chain: RpcChain;
  let cases: RpcCase[];
  beforeAll(async () => {
    engine = await createEngine({ workers: 1, memory: { maximumMiB: 128 } });
    chain = await openRpcChain(engine);
    cases = [
      ...(await rpcCases('execution-apis', ['eth_call', 'eth_estimateGas', 'eth_createAccessList'])),
      ...(await rpcCases('rpc-geth', ['overrides', 'failures', 'bad-input', 'trace-call'])),
    ];
  }, 120_000);
  afterAll(() => engine.dispose());

  test('are answered as the clients agreed to', { timeout: 120_000 }, async () => {
    const placed = cases.flatMap((rpc) => {
      const block = blockOf(chain, rpc.params[1]);
      return block === undefined || !ASKED.has(rpc.method) ? [] : { rpc, block };
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
    expect(placed.length).toBeGreaterThan(80);
  });
});
