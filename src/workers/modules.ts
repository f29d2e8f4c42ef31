// Modules that a run brings: executors, and the precompiled contracts of the core's EVM. Imported once per thread.

import { InputError, messageOf } from '../base/errors.ts';
import { packError, remakeError } from '../base/packed-error.ts';
import { importModule } from '../base/platform.ts';
import type { CoreInstance } from '../core/instance/abi.ts';
import type { PrecompileSource, Work } from '../run/work.ts';
import type { Executor, ExecutorModule } from '../task/executor.ts';
import type { ErrandHelp, ErrandHooks, ErrandPlace, ErrandRunner, PrecompilesReply } from './messages.ts';

type PrecompileModule = typeof import('../precompiles/precompile-module.ts');

type CreateReplayer = (
  attached: CoreInstance,
  module: WebAssembly.Module,
  equip: (instance: CoreInstance) => void,
) => Replayer | Promise<Replayer>;
type OpenErrands = (place: ErrandPlace, help: ErrandHelp) => ErrandRunner | Promise<ErrandRunner>;

/** The precompiled contracts that this thread has; `undefined`: no transaction has called one yet. */
let precompiles: PrecompileModule | undefined;

/**
 * Gives an instance the precompiled contracts that this thread has. Where it has none, the instance throws `Unequipped` when it
 * needs one, and whoever runs it loads them, and has it try again.
 */
export function equip(instance: CoreInstance): void {
  if (precompiles !== undefined) instance.setPrecompiles(precompiles.createPrecompiles(instance.memory));
}

/**
 * Loads the precompiled contracts for this thread, and the fast libraries behind them; the loader keeps what it has imported once.
 * @throws InputError naming the asset
 */
export async function loadPrecompiles(url: string): Promise<void> {
  try {
    const module = (given.get(url) as PrecompileModule | undefined) ?? (await importModule<PrecompileModule>(url));
    if (typeof module.createPrecompiles !== 'function') {
      throw new TypeError('the module exports no function createPrecompiles');
    }
    precompiles = module;
  } catch (error) {
    const problem = isOwn(url) ? `${NOT_SET}: ${messageOf(error)}` : messageOf(error);
    throw new InputError('options.assets.precompiles', problem, { cause: error });
  }
  // Without the libraries they are five to ten times as slow, with the same answers.
  await precompiles.preparePrecompiles?.().catch(() => {});
}

/** Equips an instance that has thrown `Unequipped`. @throws InputError naming the asset */
export async function equipFrom(instance: CoreInstance, source: PrecompileSource): Promise<void> {
  if (precompiles === undefined) await loadPrecompiles(await source());
  equip(instance);
}

/** Somebody who traces committed transactions in a memory (see src/job/replay.ts). */
export interface Replayer {
  join(workerId: number): boolean;
  run(order: unknown): unknown;
}

/** Opens a module's replayer over the memory that an instance is attached to. */
export async function loadReplayer(url: string, attached: CoreInstance, module: WebAssembly.Module): Promise<Replayer> {
  const { createReplayer } = await importModule<{ createReplayer: CreateReplayer }>(url);
  return createReplayer(attached, module, equip);
}

/** Opens a module's errands on a copy of the state in a memory. */
export async function loadErrands(place: ErrandPlace, hooks: ErrandHooks): Promise<ErrandRunner> {
  const { openErrands } = await importModule<{ openErrands: OpenErrands }>(place.url);
  return openErrands(place, {
    equip,
    loadPrecompiles: (instance) => equipFrom(instance, () => addressIn(hooks.precompiles())),
    load: (keys) => hooks.load(keys),
  });
}

/** The address of the precompiled contracts, for a worker that needs it. */
export async function precompilesOf({ precompiles }: Pick<Work, 'precompiles'>): Promise<PrecompilesReply> {
  try {
    if (precompiles === undefined) throw new TypeError('this run calls no precompiled contracts');
    return { url: await precompiles() };
  } catch (error) {
    return { error: packError(error) };
  }
}

/** @throws InputError naming the asset */
export async function addressIn(reply: Promise<PrecompilesReply>): Promise<string> {
  const answer = await reply;
  if ('error' in answer) throw remakeError(answer.error);
  return answer.url;
}

/** What this thread was given as modules, by the address that stands for each. */
const given = new Map<string, object>();
const addresses = new WeakMap<object, string>();

/** An address under which this thread, and no other, can load a module that somebody has imported already. */
export function addressOf(module: object): string {
  const address = addresses.get(module) ?? `pevm-given:${given.size + 1}`;
  addresses.set(module, address);
  given.set(address, module);
  return address;
}

const NOT_SET =
  'needed here, where the module that travels inside the library cannot be imported ' +
  '(a content security policy may forbid it); host precompiles.js (npx pevm assets), and name its URL';

/** Whether the address is one of those that the library makes for its own modules. */
function isOwn(url: string): boolean {
  return url.startsWith('blob:') || url.startsWith('data:text/javascript;base64,');
}

/** The executor of a run. @throws InputError naming it */
export async function createExecutor(executor: Work['executor']): Promise<Executor | undefined> {
  if (executor === undefined) return undefined;
  if ('object' in executor) return executor.object;
  try {
    const module = await importModule<Partial<ExecutorModule>>(executor.url);
    if (typeof module.createExecutor !== 'function') {
      throw new TypeError('the module exports no function createExecutor');
    }
    const created: Executor | undefined = await module.createExecutor(executor.options);
    if (typeof created?.execute !== 'function') {
      throw new TypeError('createExecutor returned nothing with a method execute');
    }
    return created;
  } catch (error) {
    throw new InputError('executor', messageOf(error), { cause: error });
  }
}
