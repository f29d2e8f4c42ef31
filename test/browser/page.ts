// The page that the browser tests drive: replays the portable block with the built library and reports what happened.
import { type Capabilities, checkBlockFile, createEngine, type EngineOptions } from 'pevm-wasm';

export interface Replay {
  isolated: boolean;
  capabilities: Capabilities;
  receiptsRoot: string | undefined;
  mismatches: string[];
  /** Of all runs together. */
  durationMs: number;
  /** Longest time for which the main thread did not come round. */
  longestGapMs: number;
}

declare global {
  interface Window {
    replay(options: EngineOptions, repeats: number): Promise<Replay>;
  }
}

window.replay = async (options, repeats) => {
  const block = checkBlockFile(await (await fetch('./portable-block.json')).json());
  const stop = measureGaps();
  const engine = await createEngine(options);
  const start = performance.now();
  let result = await engine.executeBlock({ ...block, verify: true });
  for (let repeat = 1; repeat < repeats; repeat++) result = await engine.executeBlock({ ...block, verify: true });
  const durationMs = performance.now() - start;
  const longestGapMs = stop();
  const { capabilities } = engine;
  await engine.dispose();
  return {
    isolated: crossOriginIsolated,
    capabilities,
    receiptsRoot: result.receiptsRoot,
    mismatches: result.mismatches.map(({ name }) => name),
    durationMs,
    longestGapMs,
  };
};

/** Comes round as often as the event loop allows; returns a function that ends it and gives the longest pause. */
function measureGaps(): () => number {
  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  let longest = 0;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    setTimeout(() => port2.postMessage(undefined), 4);
  };
  port2.postMessage(undefined);
  return () => {
    longest = Math.max(longest, performance.now() - last);
    port1.close();
    return longest;
  };
}
