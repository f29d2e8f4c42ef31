// Traces of what has happened: of blocks by number, by hash and by their bytes, of one transaction, and in the library.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, devGenesis, type Hex, type TracingEngine } from '../../../src/index.ts';

let engine: TracingEngine;
beforeAll(async () => {
  engine = await createEngine({ workers: 2 });
});
afterAll(() => engine.dispose());

const CALLER = '0x00000000000000000000000000000000000ca401';
const LOGGER = '0x00000000000000000000000000000000000106e2';
/** Calls the other one. */
const CALLING = `0x5f5f5f5f5f73${LOGGER.slice(2)}5af100`;
/** storage[0] += 1, and a log of 32 bytes. */
const LOGGING = '0x5f546001015f5560205fa000';

async function setting() {
  const alloc = { [CALLER]: { code: CALLING }, [LOGGER]: { code: LOGGING } };
  const { state, config, block, accounts } = await devGenesis({ accounts: 3, alloc });
  const world = await engine.openWorld({ state, chain: config, block });
  const provider = world.provider({ mining: 'none', accounts: accounts.map(({ privateKey }) => privateKey) });
  const ask = async <T = unknown>(method: string, ...params: unknown[]) =>
    (await provider.request({ method, params })) as T;
  const before = await ask<Hex>('evm_snapshot');
  const hashes: Hex[] = [];
  for (const { address: from } of accounts) {
    hashes.push(await ask<Hex>('eth_sendTransaction', { from, to: CALLER, gas: '0x186a0' }));
  }
  await ask('evm_mine');
  return { world, ask, hashes, before };
}

describe('what has happened', { timeout: 120_000 }, () => {
  test('is traced by number, by hash, by its bytes, and transaction by transaction', async () => {
    const { world, ask, hashes } = await setting();
    const head = await ask<{ hash: Hex; transactions: Hex[] }>('eth_getBlockByNumber', 'latest', false);
    const raw = await ask<Hex>('debug_getRawBlock', 'latest');
    for (const options of [
      { tracer: 'callTracer', tracerConfig: { withLog: true } },
      { tracer: 'prestateTracer', tracerConfig: { diffMode: true } },
      { tracer: '4byteTracer' },
      { enableMemory: true },
    ]) {
      const traces = await ask<{ txHash: Hex; result: unknown }[]>('debug_traceBlockByNumber', '0x1', options);
      expect(traces.map(({ txHash }) => txHash)).toEqual(head.transactions);
      expect(await ask('debug_traceBlockByHash', head.hash, options)).toEqual(traces);
      expect(await ask('debug_traceBlock', raw, options)).toEqual(traces);
      for (const { txHash, result } of traces)
        expect(await ask('debug_traceTransaction', txHash, options)).toEqual(result);
    }
    const [call] = await ask<{ result: { calls: { logs: unknown[] }[] } }[]>('debug_traceBlockByNumber', '0x1', {
      tracer: 'callTracer',
      tracerConfig: { withLog: true },
    });
    expect(call!.result.calls[0]!.logs).toHaveLength(1);

    const own = await world.trace(hashes[1]!, { tracer: 'prestateTracer', diffMode: true });
    expect(own).toEqual(
      await ask('debug_traceTransaction', hashes[1], { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }),
    );
    await expect(world.trace(`0x${'11'.repeat(32)}`, { tracer: 'callTracer' })).rejects.toThrow('no transaction');
    await world.dispose();
  });

  test('a block that was taken back is traced by its bytes alone', async () => {
    const { world, ask, hashes, before } = await setting();
    const choice = { tracer: 'callTracer' };
    const traces = await ask('debug_traceBlockByNumber', 'latest', choice);
    const raw = await ask<Hex>('debug_getRawBlock', 'latest');
    expect(await ask('evm_revert', before)).toBe(true);
    expect(await ask('debug_traceBlock', raw, choice)).toEqual(traces);
    await expect(ask('debug_traceTransaction', hashes[0], choice)).rejects.toMatchObject({ code: -32000 });
    await expect(ask('debug_traceBlock', '0x01')).rejects.toMatchObject({ code: -32000 });
    const orphan = raw.replace(/a0[0-9a-f]{64}/, `a0${'ab'.repeat(32)}`);
    await expect(ask('debug_traceBlock', orphan)).rejects.toMatchObject({ code: -32000 });
    await world.dispose();
  });
});
