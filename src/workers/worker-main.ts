// The worker's script: takes rounds from the host over one shared memory, or runs everything alone over its own.

import { expose, type Remote, releaseProxy } from 'comlink';
import { messageOf } from '../base/errors.ts';
import { packError } from '../base/packed-error.ts';
import { acceptPort, importModule, threadNumber } from '../base/platform.ts';
import { type CoreInstance, isUnequipped, openCore } from '../core/instance/abi.ts';
import { runRound } from '../core/worker/worker-loop.ts';
import type { Work } from '../run/work.ts';
import type { Executor } from '../task/executor.ts';
import type { Alone } from './alone.ts';
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

/** The memories this worker is attached to. */
const cores = new Attachments<CoreInstance>();
/** Those who trace in these memories. */
let replayers = new WeakMap<CoreInstance, ReturnType<typeof loadReplayer>>();
/** The run this worker works for. */
let work: { source: Work; executor: Executor | undefined } | undefined;
/** Whether executors were loaded, which are not the core's. */
let hasForeignModules = false;
/** What this worker is asked of a state of which it has a copy. */
let errands: { readonly runner: ErrandRunner; readonly hooks: ErrandHooks } | undefined;
/** What it does without a host's memory, where it was given that. */
let alone: Alone | undefined;

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

  warmUp: (module: WebAssembly.Module) => sleeper.whileAwake(needed(alone).warmUp(module)),

  hurryWarmUp: async (patience: number) => alone?.hurryWarmUp(patience),

  rehearse: (module: WebAssembly.Module) => sleeper.whileAwake(needed(alone).rehearse(module)),

  loadPrecompiles: (url: string) =>
    sleeper.whileAwake(
      loadPrecompiles(url).then(() => {
        // Those that were opened before have none.
        replayers = new WeakMap();
        return undefined;
      }, packError),
    ),

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

  loadAlone: (url: string | undefined) => sleeper.whileAwake(openAlone(url).then(() => undefined, packError)),

  async runSolo(job: SoloJob, hooks: SoloHooks): Promise<SoloReply> {
    try {
      return await needed(alone).run(job, hooks);
    } finally {
      // The host's end of the hooks would keep its process alive.
      (hooks as Partial<Remote<SoloHooks>>)[releaseProxy]?.();
    }
  },

  cancelSolo: async () => alone?.cancel(),

  addDependency: async (lower: number, higher: number) => alone?.addDependency(lower, higher),

  streamSolo: async () => alone?.stream(),
};

type AloneModule = typeof import('./alone.ts');

/** By the module at `url`; without, by the file that is served beside this script. */
async function openAlone(url = new URL(/* @vite-ignore */ 'alone.js', import.meta.url).href): Promise<void> {
  const { Alone } = await importModule<AloneModule>(url);
  alone ??= new Alone({
    createExecutor,
    equip,
    loadPrecompiles: (instance, hooks) => equipFrom(instance, () => addressIn(hooks.precompiles())),
  });
}

function needed(given: Alone | undefined): Alone {
  if (given === undefined) throw new TypeError('the worker was not told how to run alone');
  return given;
}

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

// Before Comlink's own listener, which starts the port.
port.addEventListener('message', () => sleeper.received());
expose(api, port);
