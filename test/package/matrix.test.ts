// The matrix of consumers, each with the packed package: `npm run matrix` runs all of it, CI what needs nothing to be fetched.
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildLibrary } from '../../scripts/library.mjs';
import { launchBrowser } from '../support/browser.ts';
import { type Installed, installPackage } from '../support/installed-package.ts';
import { pagesOfBundlers } from '../support/matrix/bundlers.ts';
import { folderFor, PRINTING, runProgram, type Setting, Unavailable } from '../support/matrix/consumer.ts';
import { pages } from '../support/matrix/pages.ts';
import { runtimes } from '../support/matrix/runtimes.ts';

const minutes = 60_000;
const chosen = process.env.PEVM_MATRIX;
const consumers = [...runtimes, ...pagesOfBundlers, ...pages].filter(({ name, isExtra = false }) =>
  chosen === undefined || chosen === '' ? !isExtra : chosen === 'all' || name.toLowerCase().includes(chosen),
);
const rows: string[][] = [];
let installed: Installed;
let browser: Promise<Browser> | undefined;
let expected: string;
const setting: Setting = {
  get installed() {
    return installed;
  },
  browser: () => {
    browser ??= launchBrowser();
    return browser;
  },
};

beforeAll(async () => {
  // Types are the business of others.
  await buildLibrary({ types: false });
  installed = installPackage('matrix-package');
  // What all must come to: this Node's, whose receipts other tests hold against sequential execution.
  const folder = folderFor(setting, 'expected', { 'main.js': PRINTING });
  expected = (await runProgram(folder, process.execPath, 'main.js')).split(' | ')[0]!;
  expect(expected).toMatch(/^0x[0-9a-f]{64} success \d+ 2$/);
}, 5 * minutes);

afterAll(async () => {
  await (await browser)?.close();
  const wide = Math.max(...rows.map(([name = '']) => name.length));
  const lines = rows.map(([name = '', ...rest]) => `${name.padEnd(wide)}  ${rest.join('  ')}`);
  console.log(`${expected}\n${lines.join('\n')}`);
});

test.for(consumers)('$name', { timeout: 5 * minutes }, async ({ name, run, isExtra }, { skip }) => {
  const startMs = performance.now();
  try {
    const [line = '', ran = ''] = (await run(setting)).split(' | ');
    rows.push([name, line === expected ? 'right' : `WRONG: ${line.slice(0, 300)}`, ran, `${seconds(startMs)} s`]);
    expect(line).toBe(expected);
  } catch (error) {
    if (isExtra && error instanceof Unavailable) {
      rows.push([name, `not had: ${error.message}`]);
      skip(error.message);
    }
    if (rows.at(-1)?.[0] !== name) rows.push([name, `FAILED: ${String(error).split('\n')[0]}`]);
    throw error;
  }
});

function seconds(startMs: number): string {
  return ((performance.now() - startMs) / 1000).toFixed(1);
}
