// The worker's script: takes rounds from the host over one shared memory, or runs everything alone over its own.

import { expose, type Remote, releaseProxy } from 'comlink';
import { messageOf } from '../base/errors.ts';
import { packError, unpackError } from '../base/packed-error.ts';
import { acceptPort, eventLoopTurn, threadNumber } from '../base/platform.ts';
import { locationCount } from '../core/host/location.ts';
import type { ResultBatch } from '../core/host/outcome.ts';
import { type CoreInstance, isUnequipped, openCore } from '../core/instance/abi.ts';
import { runRound } from '../core/worker/worker-loop.ts';
import { Conductor } from '../run/conductor.ts';
import { LocalCrew, type LocalMemory, openLocalMemory } from '../run/local-crew.ts';
import { InvalidOutcome } from '../run/run-outcome.ts';
import type { Work } from '../run/work.ts';
import type { Executor } from '../task/executor.ts';
import { Attachments } from './attachments.ts';
import { type BareRound, Sleeper } from './doorbell.ts';
import type {
  ErrandHooks,
  ErrandPlace,
  ErrandReply,
  ErrandRunner,
  ReplayJob,
  ReplayReply,
  RoundJob,
  RoundMessage,
  RoundReply,
  SoloHooks,
  SoloJob,
  SoloReply,
  WorkerApi,
} from './messages.ts';
import { addressIn, createExecutor, equip, equipFrom, loadErrands, loadPrecompiles, loadReplayer } from './modules.ts';
import { Pauses } from './pauses.ts';
import { rehearse, warmUp } from './warm-up.ts';

/** The memories this worker is attached to. */
const cores = new Attachments<CoreInstance>();
/** Those who trace in these memories. */
const replayers = new WeakMap<CoreInstance, ReturnType<typeof loadReplayer>>();
/** The run this worker works for. */
let work: { source: Work; executor: Executor | undefined } | undefined;
/** Whether executors were loaded, which are not the core's. */
let hasForeignModules = false;
/** The memory of runs that this worker does alone: kept from run to run, unless an attempt was left behind in it. */
let soloMemory: (LocalMemory & { readonly pages: number }) | undefined;
/** What this worker is asked of a state of which it has a copy. */
let errands: { readonly runner: ErrandRunner; readonly hooks: ErrandHooks } | undefined;
let solo: { conductor: Conductor; crew: LocalCrew; stream: boolean } | undefined;

const port = await acceptPort();
const sleeper = new Sleeper(
  async (round: BareRound) => {
    const roundReply = await runJob({ ...round, workId: work?.source.id ?? 0, work: undefined, core: undefined });
    port.postMessage({ roundReply } satisfies RoundMessage);
  },
  // Modules from outside may have timers and connections of their own, for as long as the thread lives.
  () => !hasForeignModules,
);

const api: WorkerApi = {
  async hello(doorbell: Int32Array | undefined) {
    if (doorbell !== undefined) sleeper.attach(doorbell);
  },

  warmUp: (module: WebAssembly.Module) => sleeper.whileAwake(warmUp(module)),

  rehearse: (module: WebAssembly.Module) => sleeper.whileAwake(rehearse(module)),

  loadPrecompiles: (url: string) => sleeper.whileAwake(loadPrecompiles(url).then(() => undefined, packError)),

  threadNumber: async () => threadNumber(),

  runRound: (job: RoundJob) => sleeper.whileAwake(runJob(job)),

  runReplay: (job: ReplayJob) => sleeper.whileAwake(replay(job)),

  openErrands: (place: ErrandPlace, hooks: ErrandHooks) =>
    sleeper.whileAwake(
      answered(async () => {
        errands = { hooks, runner: await loadErrands(place, hooks) };
      }),
    ),

  runErrand: (order: unknown) => sleeper.whileAwake(answered(async () => errands?.runner.run(order))),

  async closeErrands() {
    // The host's end of the hooks would keep its process alive.
    (errands?.hooks as Partial<Remote<ErrandHooks>> | undefined)?.[releaseProxy]?.();
    errands = undefined;
  },

  async runSolo(job: SoloJob, hooks: SoloHooks): Promise<SoloReply> {
    try {
      return { outcome: await conductSolo(job, hooks) };
    } catch (error) {
      if (error instanceof InvalidOutcome) return { invalid: { index: error.index, result: error.result } };
      return { error: packError(error) };
    } finally {
      solo = undefined;
      // The host's end of the hooks would keep its process alive.
      (hooks as Partial<Remote<SoloHooks>>)[releaseProxy]?.();
    }
  },

  cancelSolo() {
    solo?.conductor.cancel(new Error('cancelled'));
    solo?.crew.abandon();
    soloMemory = undefined;
  },

  addDependency(lower: number, higher: number) {
    solo?.conductor.addDependency(lower, higher);
  },

  streamSolo() {
    if (solo !== undefined) solo.stream = true;
  },
};

async function answered(body: () => Promise<unknown>): Promise<ErrandReply> {
  try {
    return { answer: await body() };
  } catch (error) {
    return { error: packError(error) };
  }
}

async function runJob(job: RoundJob): Promise<RoundReply> {
  if (job.core !== undefined) {
    const { module, memory, clockBase } = job.core;
    cores.set(job.coreId, await openCore(module, memory, { clockBase, mayWait: true }));
  }
  if (job.work !== undefined) {
    try {
      hasForeignModules ||= job.work.executor !== undefined;
      const source = job.work;
      work = { source, executor: await createExecutor(source.executor) };
    } catch (error) {
      return { problem: 'executor', error: packError(error) };
    }
  }
  const attached = cores.get(job.coreId);
  if (attached === undefined || work?.source.id !== job.workId) {
    return { problem: 'trap', message: 'the worker was given a round without its memory or its tasks' };
  }
  const { source, executor } = work;
  const beganMs = attached.now();
  try {
    equip(attached);
    const end = await runRound(attached, {
      workerId: job.workerId,
      first: job.first,
      tasks: source.tasks,
      quota: source.quota,
      executor,
      maySleep: true,
      estimates: job.workerId === 1,
    });
    return { end, beganMs, endedMs: attached.now() };
  } catch (error) {
    return isUnequipped(error) ? { problem: 'unequipped' } : { problem: 'trap', message: messageOf(error) };
  }
}

async function replay({ coreId, workerId, module, tracers, order }: ReplayJob): Promise<ReplayReply> {
  const attached = cores.get(coreId);
  if (attached === undefined || work === undefined) return { problem: 'unable' };
  const opened = replayers.get(attached) ?? loadReplayer(tracers, attached, module);
  replayers.set(attached, opened);
  let replayer: Awaited<typeof opened>;
  try {
    replayer = await opened;
  } catch {
    replayers.delete(attached);
    return { problem: 'unable' };
  }
  if (!replayer.join(workerId)) return { problem: 'unable' };
  try {
    return { answer: replayer.run(order) };
  } catch (error) {
    return { problem: 'tracer', error: packError(error) };
  }
}

async function conductSolo(job: SoloJob, hooks: SoloHooks) {
  const { tasks, quota } = job.work;
  const executor = await createExecutor(job.work.executor);
  const { module, pages } = job;
  if (soloMemory?.pages !== pages) soloMemory = { ...(await openLocalMemory(module, pages)), pages };
  const { worker } = soloMemory;
  equip(worker);
  const pauses = new Pauses(job.pauses);
  const crew = new LocalCrew(soloMemory, {
    tasks,
    quota,
    isDue: ({ instance }) => pauses.isDue(locationCount(instance)),
    executor,
    loadPrecompiles: () => equipFrom(worker, () => addressIn(hooks.precompiles())),
    estimates: true,
    async pause() {
      if (solo?.stream) conductor.flush();
      await eventLoopTurn();
    },
    ...(job.watch ? { watch: (transaction: number | undefined) => hooks.attempt(transaction) } : {}),
  });
  const unsent: ResultBatch[] = [];
  const conductor = new Conductor(job.plan, crew, {
    async load(keys, emptied, inOrder) {
      const loaded = await hooks.load(keys, emptied, inOrder);
      if ('error' in loaded) throw unpackError(loaded.error);
      return loaded;
    },
    committed(results) {
      unsent.push(results);
      if (!solo?.stream) return;
      // The host counts from the first one on, whenever somebody began to listen.
      for (const batch of unsent.splice(0)) hooks.committed(batch, conductor.committed());
    },
    drain(from) {
      hooks.drain(from);
    },
    paused(prefix, results) {
      unsent.length = 0;
      hooks.paused(prefix, results);
      pauses.over();
    },
  });
  solo = { conductor, crew, stream: job.stream };
  return conductor.run();
}

// Before Comlink's own listener, which starts the port.
port.addEventListener('message', () => sleeper.received());
expose(api, port);
