// Previews on a worker: those that it is asked for, on a copy of the world's state. Also, with the tracers, the module that
// workers import for them.

import { StateSourceError } from '../base/errors.ts';
import { type PackedError, packError } from '../base/packed-error.ts';
import { unpackError } from '../base/unpacked-error.ts';
import type { CoreInstance } from '../core/instance/abi.ts';
import { type LocalHome, openLocalHome } from '../run/local-crew.ts';
import type { SharedCore } from '../run/memory.ts';
import { Residence } from '../run/residence.ts';
import { type PackedPreviews, PreviewPacker } from '../simulation/packed-preview.ts';
import { preview } from '../simulation/preview.ts';
import { readPreviewOptions, readTransactions } from '../simulation/preview-request.ts';
import type { Previewable, PreviewData, PreviewOptions } from '../simulation/preview-types.ts';
import type { Head, Setting } from '../simulation/setting.ts';
import type { DescribedStateSource, SourceKey, StateValue } from '../state/state-source.ts';
import { type KnownState, WorldState } from './world-state.ts';

export { createReplayer } from '../job/replay.ts';

/** What a worker is told of a world. */
export interface PreviewsOpening {
  readonly complete: boolean;
  readonly known: Omit<KnownState, 'blockHashes'> & { readonly blockHashes: ReadonlyMap<bigint, `0x${string}`> };
  readonly head: Head;
  readonly options: PreviewOptions;
}

/** Those at places from `first` on. */
export interface PreviewsOrder {
  readonly first: number;
  readonly requests: readonly (Previewable | readonly Previewable[])[];
}

/** In order; the first error ends it. */
export interface PreviewsAnswer {
  readonly answers: readonly (Previewed | 'packed' | Failed)[];
  readonly packed: PackedPreviews;
}

type Failed = { readonly error: PackedError };

interface Previewed {
  readonly preview: PreviewData;
}

interface Place {
  readonly core: SharedCore;
  readonly highestWorker: number;
  readonly traced: WebAssembly.Module;
  readonly opening: unknown;
}

interface Help {
  equip(instance: CoreInstance): void;
  loadPrecompiles(instance: CoreInstance): Promise<void>;
  load(keys: readonly SourceKey[]): Promise<{ readonly answer: unknown } | { readonly error: PackedError }>;
}

/** The platform gives memories back late: this thread keeps one for the states that it copies. */
let kept: { readonly module: WebAssembly.Module; readonly highestWorker: number; readonly home: LocalHome } | undefined;

/** What workers call: copies the state, for previews. */
export async function openErrands({ core, highestWorker, traced, ...place }: Place, help: Help) {
  const { complete, known, head, options } = place.opening as PreviewsOpening;
  const { module, memory } = core;
  const pages = memory.buffer.byteLength >>> 16;
  const open = async () => {
    const home = await openLocalHome(module, pages, highestWorker);
    kept = { module, highestWorker, home };
    return home;
  };
  const last = kept;
  const fits =
    last?.module === module &&
    last.highestWorker === highestWorker &&
    last.home.host.instance.bytes.length === memory.buffer.byteLength;
  const from = { bytes: new Uint8Array(memory.buffer), words: new Uint32Array(memory.buffer) };
  const given = { open, complete };
  const residence = await Residence.copyOf(from, fits ? { ...given, home: last.home } : given);
  const state = new WorldState(residence, sourceOf(help.load), known);
  const setting: Setting = {
    ...{ state, head },
    ask: (body) => body({ signal: NEVER }),
    thread: { equip: help.equip, loadPrecompiles: help.loadPrecompiles, tracedCore: async () => traced },
  };
  const shared = readPreviewOptions(options);
  const one = async (request: PreviewsOrder['requests'][number], at: number): Promise<Previewed | Failed> => {
    try {
      const read = { ...shared, ...readTransactions(request, head.chain.id, `requests[${at}]`) };
      return { preview: await preview(setting, read) };
    } catch (error) {
      return { error: packError(error) };
    } finally {
      residence.forgetBefore(residence.mark);
    }
  };
  const packer = new PreviewPacker();
  return {
    async run(order: unknown): Promise<PreviewsAnswer> {
      const { first, requests } = order as PreviewsOrder;
      const answers: PreviewsAnswer['answers'][number][] = [];
      for (const [at, request] of requests.entries()) {
        const answer = await one(request, first + at);
        answers.push('preview' in answer && packer.add(answer.preview) ? 'packed' : answer);
        if ('error' in answer) break;
      }
      return { answers, packed: packer.take() };
    },
  };
}

/** Who gives up ends the worker. */
const NEVER = new AbortController().signal;

/** What is not in the copy, from the host. */
function sourceOf(load: Help['load']): DescribedStateSource {
  const source: DescribedStateSource = {
    description: {},
    async load(keys) {
      const answer = await load(keys);
      if ('error' in answer) throw unpackError(answer.error);
      return answer.answer as StateValue[];
    },
    async blockHash(number) {
      const [value] = await source.load([{ kind: 'blockHash', number }]);
      if (value?.kind !== 'blockHash') throw new StateSourceError(`the hash of block ${number} was not answered`);
      return value.hash;
    },
  };
  return source;
}
