// Questions about balances: the answers are what a transaction depends on, however many it asks for.
import { expect, test } from 'vitest';
import { Next } from '../../../assembly/layout.ts';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { packOutcome } from '../../../src/core/host/outcome.ts';
import { type CoreInstance, createMemory, openCore, wallClock } from '../../../src/core/instance/abi.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { CoreStateView } from '../../../src/core/worker/state-view.ts';

/** The list of questions begins with room for 64. */
const ASKED = 200;

const addressOf = (at: number) => new Uint8Array(20).fill(at + 1);

/** A worker that attempts transactions a step at a time. */
function worker({ core }: CoreInstance, view: CoreStateView) {
  return {
    begin(): number {
      const index = core.next(false, Number.NaN);
      if (index >= 0) view.open(index, core.incarnation());
      return index;
    },
    finish(): void {
      view.close();
      const packed = packOutcome({ status: 'success' });
      core.finish(packed.code, packed.gas, view.stage(...packed.parts), 4);
    },
    view,
  };
}

test.each([0, 63, 64, 65, ASKED - 1])('a transaction runs again when its answer %i has turned', async (turned) => {
  const [memory, module] = [createMemory(64), await compileCore()];
  const options = { clockBase: wallClock(), mayWait: false };
  const host = new BlockHost(await openCore(module, memory, options), 2);
  const setup = { count: 2, first: 0, window: 8, complete: true, haltOnInvalid: false, profile: false };
  expect(host.begin(setup)).toBe(true);
  for (const index of [0, 1]) host.setTask(index);
  const instances = [await openCore(module, memory, options), await openCore(module, memory, options)] as const;
  for (const [at, { core }] of instances.entries()) expect(core.join(at + 1)).toBeTruthy();
  const lower = worker(instances[0], new CoreStateView(instances[0]));
  const higher = worker(instances[1], new CoreStateView(instances[1]));
  const ask = () => Array.from({ length: ASKED }, (_, at) => higher.view.balanceAtLeast(addressOf(at), 5n));

  expect(lower.begin()).toBe(0);
  expect(higher.begin()).toBe(1);
  expect(ask()).toEqual(Array.from({ length: ASKED }, () => false));
  higher.finish();
  lower.view.credit(addressOf(turned), 5n);
  lower.finish();

  expect(higher.begin()).toBe(1);
  expect(ask()).toEqual(Array.from({ length: ASKED }, (_, at) => at === turned));
  higher.finish();
  expect(higher.begin()).toBe(Next.DONE);
});
