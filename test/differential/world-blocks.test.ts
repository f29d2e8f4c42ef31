// Chains of random blocks of real code in worlds, with reverts, forks and killed workers, against ethereumjs in one thread.
import { afterAll, expect, test } from 'vitest';
import { PevmEngine } from '../../src/engine/engine.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import type { MemoryState, StateSource, World } from '../../src/index.ts';
import { stateAfter } from '../../src/state/state-after.ts';
import { count } from '../support/effort.ts';
import { chooser } from '../support/synthetic-generator.ts';
import { firstState, nextBlock } from '../support/world-blocks.ts';

const hardfork = 'shanghai';
const engines: PevmEngine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

/** A source that is asked for what is needed. */
function distant(state: MemoryState): StateSource {
  return { load: (keys, options) => state.load(keys, options), blockHash: (number) => state.blockHash(number) };
}

interface Moment {
  readonly state: MemoryState;
  readonly nonces: readonly number[];
  readonly number: number;
}

test('worlds hold what ethereumjs makes of the same chains, whoever dies', async () => {
  const engine = await PevmEngine.create({
    workersPerBlock: 'all',
    workers: 2,
    chainId: 1,
    memory: { maximumMiB: 32 },
  });
  engines.push(engine);
  let lost = 0;
  let emptied = 0;
  engine.on('worker-lost', () => lost++);
  const chains = count('world-chains', { ci: 20, long: 1_000 });
  for (let seed = 1; seed <= chains; seed++) {
    const choose = chooser(seed);
    const first = firstState();
    let world: World = await engine.openWorld({ state: choose(2) === 0 ? first : distant(first) });
    let moment: Moment = { state: first, nonces: [0, 0, 0, 0], number: 1 };
    const start = world.snapshot();
    const snapshots: { id: number; moment: Moment }[] = [{ id: start, moment }];
    for (let event = 0; event < 8; event++) {
      if (choose(5) === 0) {
        const { id, moment: then } = snapshots[choose(snapshots.length)]!;
        await world.revert(id);
        moment = then;
        while (snapshots.at(-1)!.id > id) snapshots.pop();
      }
      if (choose(4) === 0) snapshots.push({ id: world.snapshot(), moment });
      if (choose(8) === 0) {
        const fork = await world.fork();
        await world.dispose();
        world = fork;
        snapshots.splice(0, snapshots.length, { id: world.snapshot(), moment });
      }
      const nonces = [...moment.nonces];
      const block = nextBlock(choose, moment.number, nonces, hardfork);
      const timer = choose(3) === 0 ? setTimeout(() => engine.terminateWorker(choose(2)), choose(4)) : undefined;
      const { state } = moment;
      const [result, oracle] = await Promise.all([
        world.executeBlock({ block, hardfork }),
        runSequential({ chainId: 1, hardfork, block, state, blockHashes: new Map() }),
      ]);
      clearTimeout(timer);
      const where = `chain ${seed}, event ${event}`;
      expect(result.receiptsRoot, where).toBe(oracle.receiptsRoot);
      const next = stateAfter(state, oracle.stateDiff, { emptyIsAbsent: true });
      moment = { state: next, nonces, number: moment.number + 1 };
      for (const [address, change] of oracle.stateDiff) {
        expect(await world.getBalance(address), `${where}: ${address}`).toBe(
          change?.balance ?? (await balanceIn(next, address)),
        );
        if (change === null || change.destroyed) emptied++;
        for (const [slot, value] of change?.storage ?? []) {
          expect(await world.getStorage(address, slot), `${where}: ${address} ${slot}`).toBe(value);
        }
      }
    }
    await world.dispose();
  }
  console.log(`${chains} chains, ${lost} workers lost, ${emptied} accounts emptied`);
  expect(emptied).toBeGreaterThan(0);
  expect(lost).toBeGreaterThan(0);
});

async function balanceIn(state: MemoryState, address: string): Promise<bigint> {
  const [account] = await state.load([{ kind: 'account', address: address as `0x${string}` }]);
  return account?.kind === 'account' ? account.balance : 0n;
}
