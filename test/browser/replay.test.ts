// The same block in headless Chromium: with workers over shared memory, with one worker, and under a strict policy.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePortableBlock, portableBlock } from '../../scripts/portable-block.mjs';
import type { EngineOptions } from '../../src/types.ts';
import { isolation, launchBrowser, serve } from '../support/browser.ts';
import { gethCases, normalised, oneOfEach, traceRequestOf } from '../support/geth-cases.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';
import { root } from '../support/source.ts';
import type { PortableTrace, Replay } from './page.ts';

const pages = join(root, 'build/browser-test');
const dist = join(root, 'dist');
let browser: Browser;
let receiptsRoot: string;

beforeAll(async () => {
  await makePortableBlock();
  receiptsRoot = JSON.parse(readFileSync(portableBlock, 'utf8')).block.receiptsRoot;
  // A user's bundler meets the built library, not its sources.
  await build({
    configFile: false,
    root: join(root, 'test/browser'),
    base: './',
    logLevel: 'warn',
    resolve: { alias: { 'pevm-wasm': join(dist, 'index.js') } },
    build: {
      outDir: pages,
      emptyOutDir: true,
      target: 'es2022',
      chunkSizeWarningLimit: 4096,
      rolldownOptions: { input: join(root, 'test/browser/page.html') },
    },
  });
  execFileSync(process.execPath, [join(dist, 'cli.js'), 'assets', pages]);
  browser = await launchBrowser();
}, 240_000);

afterAll(() => browser?.close());

/** Lets the page replay the block. */
async function replay(headers: Record<string, string>, options: EngineOptions, repeats = 1): Promise<Replay> {
  return inPage(headers, (page) =>
    page.evaluate(([given, count]) => window.replay(given, count), [options, repeats] as [EngineOptions, number]),
  );
}

/** Opens the page with the given headers; no error may go unnoticed in it. */
async function inPage<T>(headers: Record<string, string>, use: (page: Page) => Promise<T>, ...more: string[]) {
  return inPreparedPage(headers, () => Promise.resolve(), use, ...more);
}

/** The same, with something done before the page is opened. */
async function inPreparedPage<T>(
  headers: Record<string, string>,
  prepare: (page: Page) => Promise<unknown>,
  use: (page: Page) => Promise<T>,
  ...more: string[]
) {
  const server = await serve([pages, join(root, 'build'), dist, ...more], headers);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  try {
    await prepare(page);
    await page.goto(`${server.url}page.html`);
    const result = await use(page);
    expect(errors).toEqual([]);
    return result;
  } finally {
    await page.close();
    await server.close();
  }
}

describe('a page that is cross-origin isolated', () => {
  test('replays the block on workers over shared memory, as Node does', async () => {
    const result = await replay(isolation, { workers: 2 });
    expect(result.isolated).toBe(true);
    expect(result.capabilities).toMatchObject({ threading: 'shared', workers: 2 });
    expect(result.mismatches).toEqual([]);
    expect(result.receiptsRoot).toBe(receiptsRoot);
  });

  // Counted in turns, not in time: a busy machine makes tasks longer, but a thread that executes gives no turns at all.
  test('stays responsive meanwhile', async () => {
    const { durationMs, longestTaskMs, turns } = await replay(isolation, { workers: 2, executor: 'ethereumjs' }, 12);
    const times = `${durationMs.toFixed(0)} ms of runs, longest task of the main thread ${longestTaskMs.toFixed(0)} ms`;
    console.log(`isolated: ${times}, turns of a timer per run: ${turns.join(' ')}`);
    expect(Math.min(...turns)).toBeGreaterThanOrEqual(3);
  });
});

test('a browser that posts shared memory, but refuses to clone it, as WebKit does, has workers', async () => {
  const refuse = (page: Page) =>
    page.addInitScript(() => {
      globalThis.structuredClone = () => {
        throw new DOMException('The object can not be cloned.', 'DataCloneError');
      };
    });
  const { capabilities } = await inPreparedPage(isolation, refuse, (page) =>
    page.evaluate(() => window.replay({ workers: 2 }, 1)),
  );
  expect(capabilities).toMatchObject({ threading: 'shared', workers: 2 });
});

describe('a page that is not', () => {
  test('replays the block on one worker that owns the memory, as Node does, and says why', async () => {
    const result = await replay({}, { workers: 2 });
    expect(result.isolated).toBe(false);
    expect(result.capabilities).toMatchObject({ threading: 'inline', workers: 1 });
    expect(result.capabilities.reason).toMatch(/isolated/);
    expect(result.mismatches).toEqual([]);
    expect(result.receiptsRoot).toBe(receiptsRoot);
  });

  // Counted in turns, not in time: a busy machine makes tasks longer, but a thread that executes gives no turns at all.
  test('stays responsive meanwhile', async () => {
    const { durationMs, longestTaskMs, turns } = await replay({}, { executor: 'ethereumjs' }, 12);
    const times = `${durationMs.toFixed(0)} ms of runs, longest task of the main thread ${longestTaskMs.toFixed(0)} ms`;
    console.log(`not isolated: ${times}, turns of a timer per run: ${turns.join(' ')}`);
    expect(Math.min(...turns)).toBeGreaterThanOrEqual(3);
  });
});

test.for(['wasm', 'ethereumjs'] as const)(
  'a page whose policy forbids blobs loads all by address: %s',
  async (executor) => {
    const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:";
    const assets = {
      wasm: './core.wasm',
      worker: './worker.js',
      executor: './ethereumjs.js',
      precompiles: './precompiles.js',
    };
    const result = await replay({ ...isolation, 'Content-Security-Policy': policy }, { workers: 2, executor, assets });
    expect(result.capabilities).toMatchObject({ threading: 'shared', workers: 2 });
    expect(result.mismatches).toEqual([]);
    expect(result.receiptsRoot).toBe(receiptsRoot);
  },
);

describe('a page whose policy forbids blobs and that names no addresses', () => {
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:";
  const headers = { ...isolation, 'Content-Security-Policy': policy };

  test('works on its own thread, and is told what it lacks for more', async () => {
    const result = await replay(headers, { workers: 2 });
    expect(result.capabilities).toMatchObject({ threading: 'inline', workers: 1 });
    expect(result.capabilities.reason).toMatch(/content security policy: see options\.assets/);
    expect(result.mismatches).toEqual([]);
    expect(result.receiptsRoot).toBe(receiptsRoot);
  });

  test('is told what it needs where a precompiled contract is called that is loaded then', async () => {
    const checking = inPage(headers, (page) => page.evaluate(() => window.checkPairing({ workers: 2 })));
    await expect(checking).rejects.toThrow(/options.assets.precompiles: needed here.*content security policy/);
    const assets = { precompiles: './precompiles.js' };
    const product = await inPage(headers, (page) => page.evaluate((given) => window.checkPairing(given), { assets }));
    expect(product).toBe(`0x${'1'.padStart(64, '0')}`);
  });
});

test('a page whose policy allows blobs needs nothing else', async () => {
  const policy = "default-src 'self'; script-src 'self' blob: 'wasm-unsafe-eval'; worker-src blob:; img-src data:";
  const result = await replay({ ...isolation, 'Content-Security-Policy': policy }, { workers: 2 });
  expect(result.capabilities).toMatchObject({ threading: 'shared', workers: 2 });
  expect(result.receiptsRoot).toBe(receiptsRoot);
});

test('state of a node is kept in IndexedDB, for pages that are opened later', async () => {
  const [first, again] = await inPage({}, async (page) => {
    const cold = await page.evaluate(() => window.readCached());
    // What is written is not waited for.
    await page.waitForTimeout(500);
    await page.reload();
    return [cold, await page.evaluate(() => window.readCached())] as const;
  });
  expect(first.statistics).toMatchObject({ keys: 2, cached: 0, cacheFaults: 0 });
  expect(again.statistics).toMatchObject({ keys: 2, cached: 2, cacheFaults: 0, requests: 2 });
  expect(again.values).toBe(first.values);
});

describe.each([
  ['shared', isolation],
  ['inline', {}],
] as const)('a page with threading %s', (threading, headers) => {
  const options: EngineOptions = { workers: 1, threading };

  test('has a chain for viem, which deploys, sends, reads, and is told why a call fails', async () => {
    const { traced, heads, ...rest } = await inPage(headers, (page) =>
      page.evaluate((given) => window.viemFlow(given), options),
    );
    const [one, two] = [1, 2].map((value) => `0x${value.toString(16).padStart(64, '0')}`);
    const refused = 'execution reverted: arithmetic underflow or overflow';
    expect(rest).toEqual({ deployed: 'success', counted: two, stored: one, refused });
    expect(heads.at(-1)).toBe('3');
    expect(traced).toMatchObject({ type: 'CALL' });
  });

  test.skipIf(withoutShared('tracers'))('prints what geth prints of a case of each tracer', async () => {
    const cases = oneOfEach(await gethCases());
    const portable = cases.map((input): PortableTrace => ({ request: traceRequestOf(input), alloc: input.alloc }));
    const results = await inPage(headers, (page) =>
      page.evaluate(([given, list]) => window.traceCases(given, list), [options, portable] as const),
    );
    for (const [at, { folder, name, result }] of cases.entries()) {
      expect(normalised(results[at], folder), `${folder}/${name}`).toEqual(normalised(result, folder));
    }
  });
});

/** Of every age, with the forks that changed execution most. */
const realBlocks = [
  46147, 1150000, 2688148, 4369999, 7280000, 9069000, 12459406, 13287210, 15537393, 17034869, 19426587, 19933597,
  24628608, 25229957,
];

describe.skipIf(withoutShared('mainnet'))('real blocks', () => {
  test.for(['shared', 'inline'] as const)('come out as their headers say, threading %s', async (threading) => {
    const folder = join(sharedFolder ?? '', 'mainnet');
    const urls = realBlocks.map((number) => `./${number}.json.gz`);
    const options: EngineOptions = { workers: 2, threading };
    const replayAll = (page: Page) =>
      page.evaluate(([given, files]) => window.replayFiles(given, files), [options, urls] as [EngineOptions, string[]]);
    const mismatches = await inPage(isolation, replayAll, folder);
    expect(mismatches).toEqual(Object.fromEntries(urls.map((url) => [url, []])));
  });
});
