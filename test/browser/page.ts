// The page that the browser tests drive: replays the portable block with the built library and reports what happened.
import {
  type BlockResult,
  type Capabilities,
  checkBlockFile,
  createEngine,
  devGenesis,
  type EngineAssets,
  type EngineOptions,
  indexedDbCache,
  memoryState,
  parseBlockFile,
  type RpcStatistics,
  rpcState,
} from 'pevm-wasm';
import { constantNode, word } from '../support/constant-node.ts';
import { type ViemFlow, viemFlow } from '../support/viem-flow.ts';

export interface Replay {
  isolated: boolean;
  capabilities: Capabilities;
  receiptsRoot: string | undefined;
  mismatches: string[];
  /** Of all runs together. */
  durationMs: number;
  /** Longest task of the main thread, 0 where all were shorter than the 50 ms that browsers call long. */
  longestTaskMs: number;
  /** How often the page's own timer had its turn within each run. */
  turns: number[];
}

/** A case of a tracer, as JSON. */
export interface PortableTrace {
  readonly request: object;
  readonly alloc: object;
}

declare global {
  interface Window {
    /** What the tracer of each case says of the one transaction of its block. */
    traceCases(options: EngineOptions, cases: readonly PortableTrace[]): Promise<unknown[]>;
    viemFlow(options: EngineOptions): Promise<ViemFlow>;
    replay(options: EngineOptions, repeats: number): Promise<Replay>;
    /** Reads an account and a slot over a made-up node, with a cache in IndexedDB, as a page does that was opened anew. */
    readCached(): Promise<{ values: string; statistics: RpcStatistics }>;
    /** Calls the pairing check (EIP-197) with no pairs, one of the precompiled contracts that are loaded when they are called. */
    checkPairing(options: EngineOptions): Promise<string>;
    /** Replays block files, gzipped, in one engine; returns what differs from header and expectations, by file. */
    replayFiles(options: EngineOptions, urls: readonly string[]): Promise<Record<string, string[]>>;
  }
}

window.replay = async (options, repeats) => {
  const block = checkBlockFile(await (await fetch('./portable-block.json')).json());
  const stop = measureTasks();
  const engine = await createEngine({ ...options, assets: absolute(options.assets ?? {}) });
  const start = performance.now();
  const turns: number[] = [];
  let result: BlockResult | undefined;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const count = countTurns();
    result = await engine.executeBlock({ ...block, verify: true });
    turns.push(count());
  }
  const durationMs = performance.now() - start;
  const longestTaskMs = stop();
  const { capabilities } = engine;
  await engine.dispose();
  return {
    isolated: crossOriginIsolated,
    capabilities,
    receiptsRoot: result?.receiptsRoot,
    mismatches: (result?.mismatches ?? []).map(({ name }) => name),
    durationMs,
    longestTaskMs,
    turns,
  };
};

window.traceCases = async (options, cases) => {
  const engine = await createEngine(options);
  const results: unknown[] = [];
  for (const { request, alloc } of cases) {
    const [trace] = await engine.traceBlock({ ...request, state: memoryState(alloc as never) } as never);
    results.push((trace as { readonly result: unknown }).result);
  }
  await engine.dispose();
  return results;
};

window.viemFlow = (options) => viemFlow({ createEngine, devGenesis }, options);

window.checkPairing = async (options) => {
  const engine = await createEngine({ ...options, assets: absolute(options.assets ?? {}) });
  try {
    const { state, config, block } = await devGenesis({ accounts: 1 });
    const world = await engine.openWorld({ state, chain: config as never, block });
    const { returnData } = await world.call({ to: `0x${'08'.padStart(40, '0')}`, data: '0x' });
    return returnData;
  } finally {
    await engine.dispose();
  }
};

window.readCached = async () => {
  const state = rpcState({ transport: constantNode, cache: indexedDbCache('pevm-test') });
  const address = `0x${'a1'.repeat(20)}` as const;
  const values = await state.load([
    { kind: 'account', address },
    { kind: 'code', address },
    { kind: 'storage', address, slot: word('1') },
  ]);
  const written = JSON.stringify(values, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  return { values: written, statistics: state.statistics() };
};

window.replayFiles = async (options, urls) => {
  const engine = await createEngine(options);
  const mismatches: Record<string, string[]> = {};
  for (const url of urls) {
    const zipped = (await fetch(url)).body;
    if (zipped === null) throw new Error(`${url} is empty`);
    const block = parseBlockFile(await new Response(zipped.pipeThrough(new DecompressionStream('gzip'))).text());
    const result = await engine.executeBlock({ ...block, verify: true });
    mismatches[url] = result.mismatches.map(({ name, expected, actual }) => `${name}: ${actual}, not ${expected}`);
  }
  await engine.dispose();
  return mismatches;
};

function absolute(assets: EngineAssets): EngineAssets {
  const entries = Object.entries(assets).map(([name, path]) => [name, new URL(String(path), location.href)]);
  return Object.fromEntries(entries) as EngineAssets;
}

/** Lets a timer run again and again; returns a function that ends it and says how often it had its turn. */
function countTurns(): () => number {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  return () => {
    clearInterval(timer);
    return turns;
  };
}

/** Watches for tasks that keep the main thread busy; returns a function that ends it and gives the longest, 0 for none. */
function measureTasks(): () => number {
  let longest = 0;
  const note = (entries: PerformanceEntryList) => {
    for (const { duration } of entries) longest = Math.max(longest, duration);
  };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: 'longtask' });
  return () => {
    note(observer.takeRecords());
    observer.disconnect();
    return longest;
  };
}
