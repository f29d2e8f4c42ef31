// Finds a Chromium-like browser for the tests, installing one where none is: `node scripts/browser.mjs` prints its path.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright';
import { root } from './fingerprint.mjs';

const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/**
 * Path of a browser that starts: `PEVM_BROWSER`, Playwright's own, the system's, one installed with apt-get (root on
 * Debian and its like), one downloaded by Playwright; in this order.
 *
 * @returns {string}
 * @throws {Error} that says what to do, where no way works
 */
export function findBrowser() {
  const chosen = process.env.PEVM_BROWSER;
  if (chosen) {
    if (version(chosen) === undefined) throw new Error(`PEVM_BROWSER: ${chosen} does not start`);
    return chosen;
  }
  return installed() ?? installWithApt() ?? installWithPlaywright();
}

function installed() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const onPath = commands.flatMap((command) => folders.map((folder) => join(folder, command))).filter(existsSync);
  const candidates = [chromium.executablePath(), ...onPath, ...applications];
  return candidates.find((path) => version(path) !== undefined);
}

/**
 * Asking for the version tells a browser from a stub that only says how to install one.
 * @param {string} path
 */
function version(path) {
  // Chrome for Windows opens a window instead of printing its version.
  if (process.platform === 'win32') return existsSync(path) ? 'unknown' : undefined;
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 && /\d+\.\d+/.test(stdout) ? stdout.trim() : undefined;
}

function installWithApt() {
  const root = process.getuid?.() === 0;
  if (!root || !existsSync('/etc/debian_version')) return undefined;
  process.stderr.write('No browser found: installing chromium with apt-get …\n');
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (/** @type {string[]} */ ...parameters) =>
    spawnSync('apt-get', parameters, { stdio: ['ignore', 'ignore', 'inherit'], env: environment }).status === 0;
  const done = apt('update', '-qq') && apt('install', '-qq', '-y', '--no-install-recommends', 'chromium');
  return done ? installed() : undefined;
}

function installWithPlaywright() {
  process.stderr.write('No browser found: downloading one with Playwright …\n');
  const playwright = join(root, 'node_modules/playwright/cli.js');
  spawnSync(process.execPath, [playwright, 'install', 'chromium'], { stdio: ['ignore', 2, 2] });
  const path = installed();
  if (path === undefined)
    throw new Error('No browser for the tests: install Chrome or Chromium, or name one in PEVM_BROWSER.');
  return path;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(findBrowser());
}
