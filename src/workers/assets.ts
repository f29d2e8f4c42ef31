// The URLs of what workers import: from the options where they name it, else out of the library itself.

import workerSource from 'virtual:pevm/worker';
import { moduleUrl } from '../base/platform.ts';
import { absoluteUrl } from '../base/reader.ts';
import type { EngineOptions } from '../types.ts';

let workerUrl: string | undefined;
let ethereumjsUrl: Promise<string> | undefined;
let precompilesUrl: Promise<string> | undefined;

/** The modules that an engine's workers import. */
export class Assets {
  readonly #options: Pick<EngineOptions, 'assets' | 'executor'>;

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

  /** The precompiled contracts that the core leaves to its host. @throws InputError */
  async precompiles(): Promise<string> {
    const given = this.#options.assets?.precompiles;
    if (given !== undefined) return absoluteUrl(given, 'options.assets.precompiles');
    precompilesUrl ??= import('virtual:pevm/precompiles').then(({ default: source }) => moduleUrl(source));
    return precompilesUrl;
  }
}
