// Engines that nobody disposes of: what they hold ends when they are garbage.

import type { Runners } from '../workers/runners.ts';

/** What an open engine holds outside of the heap, at least: the collector, which does not see threads, is told so much. */
const WEIGHT_BYTES = 16 << 20;
/** As many are nobody's fault. */
const FEW = 4;

let open = 0;
const weights = new WeakMap<object, ArrayBuffer>();
const abandoned = registryOf<Runners>((runners) => {
  open--;
  runners.dispose();
});

/** An engine is open: when nobody can reach it any more, its runners are disposed of. They do not know it. */
export function watchEngine(engine: object, runners: Runners): void {
  abandoned?.register(engine, runners, engine);
  // Pages of it that nobody touches are none; but without them hundreds of engines are nothing worth collecting.
  if (++open > FEW) weights.set(engine, weight());
}

/** It was disposed of. */
export function forgetEngine(engine: object): void {
  open--;
  abandoned?.unregister(engine);
  weights.delete(engine);
}

function weight(): ArrayBuffer {
  try {
    return new ArrayBuffer(WEIGHT_BYTES);
  } catch {
    return new ArrayBuffer(0);
  }
}

function registryOf<T>(over: (held: T) => void): FinalizationRegistry<T> | undefined {
  return typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry(over);
}
