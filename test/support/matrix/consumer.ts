// What each consumer of the matrix does with the packed package: the program, where it is put, and how it says what came out.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright';
import { isolation, serve } from '../browser.ts';
import type { Installed } from '../installed-package.ts';
import { root } from '../source.ts';

/** What is there for all rows. */
export interface Setting {
  readonly installed: Installed;
  browser(): Promise<Browser>;
}

export interface Consumer {
  readonly name: string;
  /** Whether it waits for `npm run matrix -- --all`: what has to be fetched, or takes long. */
  readonly isExtra?: boolean;
  /** The line that the program printed. @throws Unavailable */
  run(setting: Setting): Promise<string>;
}

/** What a row needs cannot be had here. */
export class Unavailable extends Error {}

/** The built-in block and a preview: one line, by which all rows are compared, and what it ran on. */
export const PROGRAM = `
import { checkBlockFile, createEngine } from 'pevm-wasm';
import { createTraffic } from 'pevm-wasm/traffic';

export async function run(options) {
  const { file, plan } = await createTraffic({ transactions: 40 });
  const { block, state, chainId, ...rest } = checkBlockFile(file);
  const engine = await createEngine(options);
  const { receiptsRoot } = await engine.executeBlock({ block, state, chainId, ...rest });
  const world = await engine.openWorld({ state, chain: chainId });
  const { from, to, input } = block.transactions[plan.findIndex(({ kind, status }) => kind === 'token' && status === 1)];
  const { status, gasUsed, assetChanges } = await world.preview({ from, to, data: input });
  const { threading, workers } = engine.capabilities;
  await engine.dispose();
  return receiptsRoot + ' ' + status + ' ' + gasUsed + ' ' + assetChanges.length + ' | ' + threading + ', ' + workers;
}
`;

/** Says it on stdout. */
export const PRINTING = "import { run } from './program.js';\nconsole.log(await run());\n";
/** Says it in a page. */
export const SHOWING = `
import { run } from './program.js';
run().then(
  (line) => { document.querySelector('#said').textContent = line; },
  (error) => { document.querySelector('#said').textContent = 'failed: ' + error.stack; },
);
`;
export const PAGE = (script: string, head = '') =>
  `<!doctype html><meta charset="utf-8">${head}<title>matrix</title><p id="said"></p>${script}`;

/** A user's folder, with the package installed in it. */
export function folderFor({ installed }: Setting, name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(root, 'build/matrix/places', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  cpSync(installed.path, join(folder, 'node_modules/pevm-wasm'), { recursive: true });
  const all = {
    'package.json': '{ "type": "module", "private": true }',
    // The checkout's leads to the sources.
    'tsconfig.json': '{ "compilerOptions": { "paths": {} } }',
    'program.js': PROGRAM,
    ...files,
  };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** Runs a program in a folder, and returns the last line that it printed. */
export async function runProgram(cwd: string, program: string, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, words, { cwd, encoding: 'utf8', timeout: 90_000 });
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** Opens an address in Chromium, and returns what the page says. */
export async function readPage(setting: Setting, url: string): Promise<string> {
  const page = await (await setting.browser()).newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  try {
    await page.goto(url);
    const said = page.locator('#said').filter({ hasText: /./ });
    await said.waitFor({ state: 'attached', timeout: 60_000 }).catch((error: Error) => {
      throw new Error([error.message, ...complaints].join('\n'));
    });
    return (await page.textContent('#said')) ?? '';
  } finally {
    await page.close();
  }
}

/** Serves folders as an isolated page, and reads it. */
export async function showFolder(
  setting: Setting,
  folders: readonly string[],
  headers: Record<string, string> = isolation,
): Promise<string> {
  await using server = disposable(await serve(folders, headers));
  return await readPage(setting, server.url);
}

function disposable<T extends { close(): Promise<void> }>(server: T): T & AsyncDisposable {
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

/** Installs packages of npm beside the others, once; where they are. @throws Unavailable */
export function fetched(...packages: string[]): string {
  const folder = join(root, 'build/matrix/fetched', packages.join('+').replaceAll(/[@/^]/g, '-'));
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--no-save', ...packages];
    execFileSync('npm', words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: 180_000 });
  } catch (error) {
    throw new Unavailable(`npm has no ${packages.join(', ')} here: ${(error as Error).message.split('\n')[0]}`);
  }
  return join(folder, 'node_modules');
}
