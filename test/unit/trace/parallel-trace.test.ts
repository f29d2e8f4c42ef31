// Traces of whole blocks by workers: equal to those of one thread, whoever is lost meanwhile, and wherever workers cannot.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, PevmEngine, type TracingEngine } from '../../../src/engine/engine.ts';
import { checkBlockFile } from '../../../src/file/block-file.ts';
import type { BlockFile, StateSource, TracerChoice } from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

let file: BlockFile;
let alone: TracingEngine;
beforeAll(async () => {
  file = checkBlockFile((await createTraffic({ transactions: 60 })).file);
  // Who has no workers over shared memory traces on its own thread.
  alone = await createEngine({ threading: 'inline' });
}, 120_000);
afterAll(() => alone.dispose());

const request = () => {
  const { block, chainId, hardfork, state, blockHashes } = file;
  return { block, chainId, hardfork, state, blockHashes };
};

/** A module of tracers that says who has answered, by its place in the block. */
const strange = `data:text/javascript,${encodeURIComponent(`
  export const createReplayer = async () => ({
    join: () => true,
    run: ({ items }) => items.map(({ index }) => 'worker ' + index),
  });`)}`;

describe('the trace of a whole block', { timeout: 120_000 }, () => {
  test('by two workers is that of one thread, in order', async () => {
    await using engine = await createEngine({ workers: 2 });
    const choices: TracerChoice[] = [
      { tracer: 'callTracer', withLog: true },
      { tracer: 'prestateTracer', diffMode: true },
      { tracer: 'structLog', limit: 200 },
      { tracer: 'muxTracer', tracers: { '4byteTracer': {}, flatCallTracer: {} } },
    ];
    for (const choice of choices) {
      const seen: number[] = [];
      const run = engine.traceBlock({ ...request(), ...choice });
      for await (const { index } of run) seen.push(index);
      expect(seen).toEqual(file.block.transactions.map((_, index) => index));
      expect(await run).toEqual(await alone.traceBlock({ ...request(), ...choice }));
    }
  });

  test('is what the workers say, not the thread that asks', async () => {
    await using engine = await createEngine({ workers: 2, assets: { tracers: strange } });
    const traces = await engine.traceBlock({ ...request(), tracer: 'callTracer' });
    expect(traces.map(({ result }) => result)).toEqual(file.block.transactions.map((_, index) => `worker ${index}`));
    // One transaction takes no worker, nor does a tracer of one's own.
    const [one] = await engine.traceBlock({ ...request(), tracer: 'callTracer', index: 7 });
    expect(one).toMatchObject({ index: 7, result: { type: 'CALL' } });
    const own = await engine.traceBlock({ ...request(), tracer: () => ({ result: () => 'own' }) });
    expect(new Set(own.map(({ result }) => result))).toEqual(new Set(['own']));
  });

  test('comes all the same where workers cannot load tracers, or are lost', async () => {
    const expected = await alone.traceBlock({ ...request(), tracer: 'callTracer' });
    await using unable = await createEngine({ workers: 2, assets: { tracers: 'data:text/javascript,throw 1' } });
    expect(await unable.traceBlock({ ...request(), tracer: 'callTracer' })).toEqual(expected);
    await using engine = await PevmEngine.create({ workers: 2 });
    for (let round = 0; round < 4; round++) {
      const run = engine.traceBlock({ ...request(), tracer: 'callTracer' });
      let seen = 0;
      for await (const _ of run) if (++seen === 1 + round * 12) engine.terminateWorker(round % 2);
      expect(await run).toEqual(expected);
    }
    expect((await engine.executeBlock(request())).gasUsed).toBe((await alone.executeBlock(request())).gasUsed);
  });

  test('loads what tracers ask for beside what the block needs', async () => {
    const remote: StateSource = {
      load: (keys, options) => file.state.load(keys, options),
      blockHash: (number) => file.state.blockHash(number),
    };
    await using engine = await createEngine({ workers: 2 });
    const choice = { tracer: 'prestateTracer' } as const;
    expect(await engine.traceBlock({ ...request(), state: remote, ...choice })).toEqual(
      await alone.traceBlock({ ...request(), ...choice }),
    );
  });

  test('is the same in little memory', async () => {
    await using engine = await createEngine({ workers: 2, memory: { maximumMiB: 6 } });
    const choice = { tracer: 'callTracer' } as const;
    expect(await engine.traceBlock({ ...request(), ...choice })).toEqual(
      await alone.traceBlock({ ...request(), ...choice }),
    );
  });

  test('rejects with what a tracer in a worker throws', async () => {
    const throwing = `data:text/javascript,${encodeURIComponent(`
      export const createReplayer = async () => ({ join: () => true, run() { throw new RangeError('too much'); } });`)}`;
    await using engine = await createEngine({ workers: 2, assets: { tracers: throwing } });
    await expect(engine.traceBlock({ ...request(), tracer: 'callTracer' })).rejects.toThrow('too much');
  });
});
