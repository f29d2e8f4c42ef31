// engine.traceBlock: what a block's transactions did, by their place, from whatever state source.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { createEngine, type TracingEngine } from '../../../src/engine/engine.ts';
import { checkBlockFile } from '../../../src/file/block-file.ts';
import type { BlockFile, CallFrame, StateSource, TracerFactory } from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

let engine: TracingEngine;
let file: BlockFile;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
  file = checkBlockFile((await createTraffic({ transactions: 24 })).file);
}, 120_000);
afterAll(() => engine.dispose());

/** The request for the block of the file, without what is compared with it. */
const request = () => {
  const { block, chainId, hardfork, state, blockHashes } = file;
  return { block, chainId, hardfork, state, blockHashes };
};

/** The state of the file, which tells only what it is asked for. */
const remote = (): StateSource => ({
  load: (keys, options) => file.state.load(keys, options),
  blockHash: (number) => file.state.blockHash(number),
});

const failuresOf = (call: CallFrame | null): number =>
  Number(call?.error !== undefined) + (call?.calls ?? []).reduce((sum, inner) => sum + failuresOf(inner), 0);

describe('a traced block', () => {
  test('gives each transaction what its receipt says', { timeout: 120_000 }, async () => {
    const { transactions } = await engine.executeBlock(request());
    const traces = await engine.traceBlock({ ...request(), tracer: 'callTracer', withLog: true });
    expect(traces.map(({ index, hash }) => [index, hash])).toEqual(
      transactions.map(({ index, hash }) => [index, hash]),
    );
    expect(traces.map(({ result }) => BigInt(result!.gasUsed))).toEqual(transactions.map(({ gasUsed }) => gasUsed));
    const logs = (call: CallFrame): bigint[] => [
      ...(call.logs ?? []).map(({ index }) => BigInt(index)),
      ...(call.calls ?? []).flatMap(logs),
    ];
    const numbers = traces.flatMap(({ result }) => logs(result!)).sort((left, right) => Number(left - right));
    expect(numbers).toEqual(transactions.flatMap((each) => each.logs).map((_, at) => BigInt(at)));
    expect(traces.reduce((sum, { result }) => sum + failuresOf(result), 0)).toBeGreaterThanOrEqual(
      transactions.filter(({ success }) => !success).length,
    );
  });

  test('gives one transaction alone what it gives it among all', { timeout: 120_000 }, async () => {
    const choice = { tracer: 'muxTracer', tracers: { callTracer: {}, prestateTracer: { diffMode: true } } } as const;
    const all = await engine.traceBlock({ ...request(), ...choice });
    for (const index of [0, 11, 23]) {
      expect(await engine.traceBlock({ ...request(), ...choice, index })).toEqual([all[index]]);
    }
  });

  test('asks for the state that a tracer wants to see, of a source that tells no more', {
    timeout: 120_000,
  }, async () => {
    for (const tracer of [{ tracer: 'prestateTracer' }, { tracer: 'structLog', limit: 2000 }] as const) {
      const whole = await engine.traceBlock({ ...request(), ...tracer });
      expect(await engine.traceBlock({ ...request(), state: remote(), ...tracer })).toEqual(whole);
    }
    const stranger: TracerFactory<bigint> = ({ state }) => {
      let balance = 0n;
      return {
        transactionEnded() {
          balance = state.getBalance(`0x${'77'.repeat(20)}`);
        },
        result: () => balance,
      };
    };
    const state: StateSource = {
      ...remote(),
      load: async (keys, options) => {
        const values = await file.state.load(keys, options);
        return values.map((value, at) =>
          keys[at]!.address === `0x${'77'.repeat(20)}` && value.kind === 'account' ? { ...value, balance: 5n } : value,
        );
      },
    };
    const traces = await engine.traceBlock({ ...request(), state, tracer: stranger });
    expect(new Set(traces.map(({ result }) => result))).toEqual(new Set([5n]));
  });

  test('can be iterated', { timeout: 120_000 }, async () => {
    const seen: number[] = [];
    for await (const { index } of engine.traceBlock({ ...request(), tracer: 'noopTracer' })) seen.push(index);
    expect(seen).toEqual(file.block.transactions.map((_, at) => at));
  });
});

describe('a request for a trace', () => {
  const refused = async (given: object, field: RegExp) => {
    const run = engine.traceBlock({ ...request(), tracer: 'callTracer', ...given });
    await expect(run).rejects.toThrow(InputError);
    await expect(engine.traceBlock({ ...request(), tracer: 'callTracer', ...given })).rejects.toThrow(field);
  };

  test('is refused by field where something is wrong', async () => {
    await refused({ index: 24 }, /^request\.index: expected a place from 0 to 23, got 24/);
    await refused({ index: 0.5 }, /^request\.index/);
    await refused({ tracer: 'x' }, /^request\.tracer: unknown tracer/);
    await refused({ withLogs: true }, /^request\.withLogs: unknown/);
    await refused({ state: 5 }, /^request\.state: expected a state source/);
  });

  test('ends with what the tracer throws, and the engine goes on', { timeout: 120_000 }, async () => {
    const broken: TracerFactory = () => ({
      stepped() {
        throw new RangeError('too many steps');
      },
      result: () => undefined,
    });
    await expect(engine.traceBlock({ ...request(), tracer: broken })).rejects.toThrow('too many steps');
    expect(await engine.traceBlock({ ...request(), tracer: 'noopTracer', index: 0 })).toHaveLength(1);
  });

  test('can be aborted', async () => {
    const run = engine.traceBlock({
      ...request(),
      tracer: 'structLog',
      signal: AbortSignal.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
  });
});
