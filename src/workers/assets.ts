// The URLs of what workers import: from the options where they name it, else out of the library itself.

import workerSource from 'virtual:pevm/worker';
import { givenModules } from '../base/given-modules.ts';
import { moduleUrl } from '../base/platform.ts';
import { absoluteUrl } from '../base/reader.ts';
import type { EngineOptions } from '../types.ts';
import { addressOf } from './modules.ts';

let workerUrl: string | undefined;
let aloneUrl: Promise<string> | undefined;
let ethereumjsUrl: Promise<string> | undefined;
let precompilesUrl: Promise<string> | undefined;
let tracersUrl: Promise<string> | undefined;

/** The modules that an engine's workers import. */
export class Assets {
  readonly #options: Pick<EngineOptions, 'assets' | 'executor'>;
  #isHere = false;

  constructor(options: Pick<EngineOptions, 'assets' | 'executor'>) {
    this.#options = options;
  }

  /** The worker's script. @throws InputError */
  worker(): string {
    const given = this.#options.assets?.worker;
    if (given !== undefined) return absoluteUrl(given, 'options.assets.worker');
    workerUrl ??= moduleUrl(workerSource);
    return workerUrl;
  }

  /** What a worker needs that runs alone; `undefined`: a page that serves the script serves it beside that. */
  async alone(): Promise<string | undefined> {
    if (this.#options.assets?.worker !== undefined) return undefined;
    aloneUrl ??= import('virtual:pevm/alone').then(({ default: source }) => moduleUrl(source));
    return aloneUrl;
  }

  /** The executor of blocks outside the core. @throws InputError */
  async executor(): Promise<string> {
    const { executor, assets } = this.#options;
    const isUrl = executor !== undefined && executor !== 'wasm' && executor !== 'ethereumjs';
    if (isUrl) return absoluteUrl(executor, 'options.executor');
    if (assets?.executor !== undefined) return absoluteUrl(assets.executor, 'options.assets.executor');
    // Loaded only when a block is to be executed: it is most of the library.
    ethereumjsUrl ??= import('virtual:pevm/ethereumjs-executor').then(({ default: source }) => moduleUrl(source));
    return ethereumjsUrl;
  }

  /** There are no workers: from now on all is imported by this thread. */
  stayHere(): void {
    this.#isHere = true;
  }

  /** The precompiled contracts that the core leaves to its host: asked for when a transaction calls one. @throws InputError */
  readonly precompiles = async (): Promise<string> => {
    const given = this.#options.assets?.precompiles ?? givenModules.precompiles;
    if (this.#isHere && isModule(given)) return addressOf(given);
    // A module that is imported already cannot be sent to a worker.
    if (given !== undefined && !isModule(given)) return absoluteUrl(given, 'options.assets.precompiles');
    precompilesUrl ??= import('virtual:pevm/precompiles').then(({ default: source }) => moduleUrl(source));
    return precompilesUrl;
  };

  /** The same for this thread, which may have them already. @throws InputError */
  readonly precompilesHere = async (): Promise<string> => {
    const given = this.#options.assets?.precompiles ?? givenModules.precompiles;
    return isModule(given) ? addressOf(given) : this.precompiles();
  };

  /** The tracers of geth's names, for workers that trace. @throws InputError */
  async tracers(): Promise<string> {
    const given = this.#options.assets?.tracers;
    if (given !== undefined) return absoluteUrl(given, 'options.assets.tracers');
    tracersUrl ??= import('virtual:pevm/tracers').then(({ default: source }) => moduleUrl(source));
    return tracersUrl;
  }
}

function isModule(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !(given instanceof URL);
}
