// Many previews at once on worlds over real contracts, bundles and signed transactions among them, with workers that die and calls
// that are given up: each is what it is alone, and the world stays as it was.
import { expect, test } from 'vitest';
import { type Hex, hexFromBytes } from '../../src/base/hex.ts';
import { readBlock } from '../../src/block/block-input.ts';
import { PevmEngine } from '../../src/engine/engine.ts';
import { memoryState, type Preview, type PreviewRequest, type StateSource } from '../../src/index.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { count } from '../support/effort.ts';
import { chooser } from '../support/synthetic-generator.ts';

const hardfork = 'prague';
const AT_ONCE = 60;

test.each(['shared', 'inline'] as const)(
  'many previews at once, %s, are those that are asked for one by one',
  { timeout: 600_000 },
  async (threading) => {
    const { file } = await createTraffic({ transactions: 200, hardfork, seed: 11 });
    const { transactions, ...header } = readBlock(file.block, hardfork);
    const whole = memoryState(file.pre);
    let asked = 0;
    const distant: StateSource = {
      load(keys, options) {
        asked++;
        return whole.load(keys, options);
      },
      blockHash: (number) => whole.blockHash(number),
    };
    const { chainId } = file;
    const engine = await PevmEngine.create({ workers: 3, threading, chainId, hardfork, memory: { maximumMiB: 64 } });
    let lost = 0;
    engine.on('worker-lost', () => lost++);
    const choose = chooser(threading === 'shared' ? 5 : 6);
    const seen = { success: 0, reverted: 0, halted: 0, invalid: 0, bundles: 0, abandoned: 0 };
    const previews = count('many-previews', { ci: 600, long: 30_000 }) / (threading === 'shared' ? 1 : 5);
    const open = (state: StateSource) => engine.openWorld({ state, block: header });
    const complete = await open(whole);
    for (let round = 0; round < previews / AT_ONCE; round++) {
      const world = round % 2 === 0 ? complete : await open(distant);
      const start = world.snapshot();
      const requests = Array.from({ length: AT_ONCE }, () =>
        choose(5) === 0 ? Array.from({ length: 1 + choose(3) }, made) : made(),
      );
      const options = {
        ...(choose(2) === 0 ? {} : { verifyBalances: true }),
        ...(choose(3) === 0 ? { stateOverrides: { [transactions[0]!.from!]: { balance: 1n } } } : {}),
      };
      const kill = setTimeout(() => engine.terminateWorker(choose(3)), choose(60));
      if (choose(3) === 0) {
        const controller = new AbortController();
        const given = world.previewMany(requests, { ...options, signal: controller.signal });
        const stop = setTimeout(() => controller.abort(new Error('enough')), choose(10));
        const reason = await given.then(
          () => undefined,
          (error: Error) => error.message,
        );
        if (reason !== undefined) seen.abandoned++;
        expect([undefined, 'enough']).toContain(reason);
        clearTimeout(stop);
      }
      const found = await world.previewMany(requests, options);
      clearTimeout(kill);
      const before = asked;
      for (const [at, request] of requests.entries()) {
        const alone = await world.preview(request, options);
        expect(comparable(found[at]!), `round ${round}, preview ${at}`).toEqual(comparable(alone));
        seen[alone.status]++;
        if (Array.isArray(request)) seen.bundles++;
      }
      // What they have asked for stays.
      expect(asked).toBe(before);
      expect(await world.stateDiffSince(start)).toEqual(new Map());
      if (options.stateOverrides === undefined) expect(await found[0]!.isStillValid(world)).toBe(true);
      if (world !== complete) await world.dispose();
    }
    await engine.dispose();
    expect(seen.success).toBeGreaterThan(previews * 0.1);
    expect(seen.reverted).toBeGreaterThan(previews * 0.02);
    expect(seen.bundles).toBeGreaterThan(previews * 0.1);
    expect(seen.abandoned).toBeGreaterThan(0);
    if (threading === 'shared') expect(lost).toBeGreaterThan(0);

    function made(): PreviewRequest {
      const { from, to, input, value } = transactions[choose(transactions.length)]!;
      return { from: from!, ...(to === undefined ? {} : { to }), data: garbled(input), value };
    }

    function garbled(input: Hex): Hex {
      if (input.length < 12 || choose(3) > 0) return input;
      const bytes = Uint8Array.from(Buffer.from(input.slice(2), 'hex'));
      bytes[4 + choose(bytes.length - 4)] = choose(256);
      return hexFromBytes(bytes);
    }
  },
);

function comparable({ isStillValid: _, report: __, transactions, ...preview }: Preview): unknown {
  return { ...preview, transactions: transactions?.map(comparable) };
}
