// The four quick starts, and what runs in a page of docs/hosts.md, as a new user follows them: from the packed package, and the pages alone.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildLibrary } from '../../scripts/library.mjs';
import { isolation, launchBrowser, serve } from '../support/browser.ts';
import { madeUpChain } from '../support/documented-nodes.ts';
import { blocksOf, programs } from '../support/documents.ts';
import { type Installed, installPackage } from '../support/installed-package.ts';

let installed: Installed;
let browser: Browser;

beforeAll(async () => {
  await buildLibrary();
  installed = installPackage('quick-starts');
  browser = await launchBrowser();
}, 300_000);

afterAll(() => browser?.close());

/** Puts the named files of a page into a folder beside the installed package. */
function follow(page: string, texts: Readonly<Record<string, string>> = {}): string {
  const folder = join(installed.folder, page);
  for (const { file, code } of blocksOf(page)) {
    if (file === undefined) continue;
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      Object.entries(texts).reduce((text, [from, to]) => text.replaceAll(from, to), code),
    );
  }
  return folder;
}

/** Runs a file of such a folder, and what a page says to type, and returns what they print. */
async function run(folder: string, ...command: string[]): Promise<string> {
  const options = { cwd: folder, encoding: 'utf8', timeout: 60_000 } as const;
  const { stdout } = await promisify(execFile)(process.execPath, command, options);
  return stdout;
}

/** Opens what was built, and returns what it shows when that matches. */
async function show(folders: string[], headers: Record<string, string>, element: string, expected: RegExp) {
  const server = await serve(folders, headers);
  const page = await browser.newPage();
  const errors = listen(page);
  try {
    await page.goto(server.url);
    // Not by code in the page, whose policy may forbid that.
    await page.locator(element).filter({ hasText: expected }).waitFor({ state: 'attached', timeout: 60_000 });
    expect(errors).toEqual([]);
    return (await page.textContent(element)) ?? '';
  } finally {
    await page.close();
    await server.close();
  }
}

function listen(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  return errors;
}

/** As `vite build` does, with the configuration of the page where there is one. */
async function bundled(folder: string): Promise<string> {
  await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    build: { target: 'es2022', chunkSizeWarningLimit: 5000 },
  });
  return join(folder, 'dist');
}

test('your own executor', async () => {
  const folder = follow('start/own-executor');
  expect(await run(folder, 'ledger.js')).toMatch(
    /^0 success \n1 reverted alice has too little\n2 success \n40n 50n 10n\n$/,
  );
  expect(await run(folder, 'parallel.js')).toMatch(/^500 tasks on 2 workers, repeated \d+ total 5000n\n$/);
});

test('replaying ranges, in a program and on the command line', async () => {
  await using node = await madeUpChain();
  const folder = follow('start/range-replay', { 'https://node.example': node.url });
  expect(await run(folder, 'replay.js')).toMatch(/^1n 0n 0x[0-9a-f]{64} .*\nnot compared: stateRoot.*\n2n 0n 0x/);
  const cli = join(installed.path, 'dist/cli.js');
  const line = await run(folder, cli, 'replay', '--rpc', node.url, '--block', '1..2', '--json');
  expect(
    line
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text)),
  ).toMatchObject([
    { number: 1, ok: true },
    { number: 2, ok: true },
  ]);
});

test('wallet preview in a page', async () => {
  const folder = await bundled(follow('start/wallet-preview'));
  const shown = await show([folder], {}, '#preview', /success/);
  expect(shown).toMatch(
    /^success, 21000 gas\n0x[0-9a-f]{40}: -500000000000000000 \w+\n0x[0-9a-f]{40}: 500000000000000000 \w+$/,
  );
});

test('a block simulator in a page, with threads and without', async () => {
  const folder = await bundled(follow('start/block-simulator'));
  const expected = /receipts root 0x[0-9a-f]{64}\nwithout transaction 0: \d+ executed again/;
  const isolated = await show([folder], isolation, '#said', expected);
  const alone = await show([folder], {}, '#said', expected);
  expect(isolated).toMatch(/\d+ workers, shared/);
  expect(alone).toMatch(/1 workers, inline .*isolated/);
  const root = (text: string) => /receipts root (\w+)/.exec(text)?.[1];
  expect(root(isolated)).toBe(root(alone));
});

test('the service worker of docs/hosts.md isolates a page whose host sends no headers', async () => {
  const folder = follow('hosts');
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><p id="said"></p><script type="module" src="./isolation.js"></script>' +
      '<script type="module">document.querySelector("#said").textContent = "isolated: " + crossOriginIsolated;</script>',
  );
  await show([folder], {}, '#said', /isolated: true/);
});

test('a page with the policy of docs/hosts.md loads what it serves itself', async () => {
  const folder = follow('hosts', { 'console.log(': 'document.querySelector("#said").textContent = String(' });
  const script = '<script type="module" src="./assets.js"></script>';
  writeFileSync(join(folder, 'index.html'), `<!doctype html><p id="said"></p>${script}`);
  const page = await bundled(folder);
  execFileSync(process.execPath, [join(installed.path, 'dist/cli.js'), 'assets', page]);
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
  await show([page], { ...isolation, 'Content-Security-Policy': policy }, '#said', /^shared$/);
});

test('every block for browsers is one of these', () => {
  const known = [
    'start/wallet-preview main.js',
    'start/block-simulator main.js',
    'hosts isolation.js',
    'hosts assets.js',
  ];
  const blocks = programs().filter(({ inBrowser }) => inBrowser);
  expect(blocks.map(({ page, file }) => `${page} ${file}`)).toEqual(known);
});
