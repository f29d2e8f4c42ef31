// Modules that a run brings: executors, and the precompiled contracts of the core's EVM. Imported once per thread.

import { InputError, messageOf } from '../base/errors.ts';
import { importModule } from '../base/platform.ts';
import type { CoreInstance } from '../core/instance/abi.ts';
import type { Work } from '../run/work.ts';
import type { Executor, ExecutorModule } from '../task/executor.ts';
import type { ErrandHelp, ErrandHooks, ErrandPlace, ErrandRunner } from './messages.ts';

type PrecompileModule = typeof import('../precompiles/precompile-module.ts');

type CreateReplayer = (
  attached: CoreInstance,
  module: WebAssembly.Module,
  equip: (instance: CoreInstance) => void,
) => Replayer | Promise<Replayer>;
type OpenErrands = (place: ErrandPlace, help: ErrandHelp) => ErrandRunner | Promise<ErrandRunner>;

type Needs = Pick<Work, 'executor' | 'precompiles'>;

/** What a thread needs to work for a run. */
export interface Equipment {
  readonly executor: Executor | undefined;
  readonly precompiles: PrecompileModule | undefined;
}

/**
 * Loads what a run needs; the loader keeps what it has imported once.
 * @throws InputError naming the executor, or the asset
 */
export async function loadEquipment({ executor, precompiles }: Needs): Promise<Equipment> {
  return { executor: await createExecutor(executor), precompiles: await importPrecompiles(precompiles) };
}

/**
 * As {@link loadEquipment}, but without precompiled contracts that this thread does not have yet: compiling them takes
 * longer than starting the thread, and a worker that replaces another in the middle of a block seldom needs them.
 */
export async function loadLightEquipment(work: Needs): Promise<Equipment> {
  return loadEquipment(known === undefined ? { ...work, precompiles: undefined } : work);
}

/** Somebody who traces committed transactions in a memory (see src/job/replay.ts). */
export interface Replayer {
  join(workerId: number): boolean;
  run(order: unknown): unknown;
}

/** Opens a module's replayer over the memory that an instance is attached to. */
export async function loadReplayer(
  url: string,
  attached: CoreInstance,
  module: WebAssembly.Module,
  work: Needs,
): Promise<Replayer> {
  const equipment = await loadEquipment({ ...work, executor: undefined });
  const { createReplayer } = await importModule<{ createReplayer: CreateReplayer }>(url);
  return createReplayer(attached, module, (instance: CoreInstance) => equip(instance, equipment));
}

/** Opens a module's errands on a copy of the state in a memory. */
export async function loadErrands(place: ErrandPlace, load: ErrandHooks['load']): Promise<ErrandRunner> {
  const equipment = await loadEquipment({ executor: undefined, precompiles: place.precompiles });
  void prepare(equipment);
  const { openErrands } = await importModule<{ openErrands: OpenErrands }>(place.url);
  const help: ErrandHelp = { equip: (instance) => equip(instance, equipment), load };
  return openErrands(place, help);
}

/** Thrown out of the core by an instance that needs a precompiled contract before they are loaded. */
export class Unequipped extends Error {}

/** Has an instance throw {@link Unequipped} where it needs a precompiled contract. */
export function equipLightly(instance: CoreInstance): void {
  instance.setPrecompiles(() => {
    throw new Unequipped('precompiled contracts are not loaded yet');
  });
}

/** Makes an instance of the core ready for a run. */
export function equip(instance: CoreInstance, { precompiles }: Equipment): void {
  if (precompiles !== undefined) instance.setPrecompiles(precompiles.createPrecompiles(instance.memory));
}

/**
 * Loads the fast libraries behind the precompiled contracts, which takes a while: to be called when there is nothing else
 * to do. Until then, and where it fails, they work without.
 */
export async function prepare({ precompiles }: Equipment): Promise<void> {
  await precompiles?.preparePrecompiles().catch(() => {});
}

let known: Promise<PrecompileModule> | undefined;
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

/** The module, or why it cannot be had; without a URL the one that was imported last: hosts send it once. */
async function importPrecompiles(url: string | undefined): Promise<PrecompileModule | undefined> {
  if (url !== undefined) {
    const module = given.get(url) as PrecompileModule | undefined;
    known = module === undefined ? importModule<PrecompileModule>(url) : Promise.resolve(module);
  }
  try {
    const module = await known;
    if (module !== undefined && typeof module.createPrecompiles !== 'function') {
      throw new TypeError('the module exports no function createPrecompiles');
    }
    return module;
  } catch (error) {
    const problem = url !== undefined && isOwn(url) ? `${NOT_SET}: ${messageOf(error)}` : messageOf(error);
    throw new InputError('options.assets.precompiles', problem, { cause: error });
  }
}

const NOT_SET =
  'needed here, where the module that travels inside the library cannot be imported ' +
  '(a content security policy may forbid it); host pevm-wasm/precompiles, and name its URL';

/** Whether the address is one of those that the library makes for its own modules. */
function isOwn(url: string): boolean {
  return url.startsWith('blob:') || url.startsWith('data:text/javascript;base64,');
}

async function createExecutor(executor: Work['executor']): Promise<Executor | undefined> {
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
