// Small configurations of taking an incarnation back: after a failed validation, and from a worker that died.
import {
  Finish,
  Incarnation,
  Kind,
  ReadEntry,
  Scratch,
  TxState,
  Version,
  VersionFlag,
  WriteEntry,
} from '../../assembly/layout.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World } from './model-world.ts';

const WRITER = 1;
const lifeNames = new Map<number, string>([
  [VersionFlag.LIVE, 'LIVE'],
  [VersionFlag.ESTIMATE, 'ESTIMATE'],
  [VersionFlag.DEAD, 'DEAD'],
]);

/** Lets worker 1 begin transaction 0 and write two balances. */
function beginWriting(world: World): void {
  world.join();
  const writer = world.instance(WRITER);
  if (call(writer, 'claim', 0) === 0) throw new Error('0 cannot be claimed');
  call(writer, 'beginAttempt', 0);
  for (const account of [1, 2]) {
    world.view.setUint32(world.scratch(WRITER, Scratch.ADDRESS) + 16, account);
    world.view.setBigUint64(world.scratch(WRITER, Scratch.VALUE), 5n, true);
    call(writer, 'write', call(writer, 'locateScratch', Kind.BALANCE));
  }
}

/** Lives of the versions that the attached record of transaction 0 lists. */
function lives(world: World): string[] {
  const { view } = world;
  const { record } = world.status(0);
  const reads = view.getUint32(record + Incarnation.READ_COUNT, true);
  const writes = record + Incarnation.SIZE + reads * ReadEntry.SIZE;
  return Array.from({ length: view.getUint32(record + Incarnation.WRITE_COUNT, true) }, (_, at) => {
    const node = view.getUint32(writes + at * WriteEntry.SIZE + WriteEntry.NODE, true);
    return lifeNames.get(view.getUint32(node + Version.META, true) & VersionFlag.LIFE_MASK) ?? 'nothing';
  });
}

/** What must hold when transaction 0 was taken back once. */
function notTakenBack(world: World): string | undefined {
  const { state, incarnation, record } = world.status(0);
  if (state !== TxState.READY) return `transaction 0 is in state ${state}`;
  if (incarnation !== 1) return `transaction 0 is at incarnation ${incarnation}`;
  if (record === 0) return undefined; // it had not come to publishing
  const life = lives(world);
  return life.every((name) => name === 'ESTIMATE') ? undefined : `what it wrote is ${life.join(' and ')}`;
}

const aborting: Configuration = {
  name: 'abort: two workers take one incarnation back while a third reads what it wrote',
  world: { workers: 3 },
  prepare: (world) => {
    beginWriting(world);
    call(world.instance(WRITER), 'finishPlainly');
    const location = call(world.host, 'locationAt', 1);
    const out = world.scratch(3, Scratch.VALUE);
    const abort = (id: number) => [() => call(world.instance(id), 'abortExecuted', 0)];
    const check: Program['check'] = (result) => {
      const times = result(1, 0) + result(2, 0);
      return times === 1 ? notTakenBack(world) : `it is taken back ${times} times`;
    };
    const reader = [() => call(world.instance(3), 'resolve', location, 1, out)];
    return { calls: [[], abort(1), abort(2), reader], check };
  },
};

const reclaiming: Configuration = {
  name: 'reclaim: two workers take over from one that dies while it publishes',
  world: { workers: 3 },
  prepare: (world) => {
    beginWriting(world);
    const reclaim = (id: number) => [() => call(world.instance(id), 'reclaimOrphan', 0)];
    const check: Program['check'] = (result, { stopped }) => {
      const times = result(2, 0) + result(3, 0);
      if (times > 1) return `it is reclaimed ${times} times`;
      if (stopped && times === 0) return undefined; // it was looked at before the end came
      if (times === 1)
        return stopped || result(WRITER, 0) === Finish.LOST ? notTakenBack(world) : 'the dead published all the same';
      const life = lives(world);
      return life.every((name) => name === 'LIVE')
        ? undefined
        : `nobody reclaimed it, and what it wrote is ${life.join(' and ')}`;
    };
    return {
      calls: [
        [() => call(world.host, 'declareDead', WRITER, 0)],
        [() => call(world.instance(WRITER), 'finishPlainly')],
        reclaim(2),
        reclaim(3),
      ],
      check,
      mortal: WRITER,
    };
  },
};

export const abortConfigurations: readonly Configuration[] = [aborting, reclaiming];
