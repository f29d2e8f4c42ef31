// Rows of the matrix that are pages without a bundler, or where not all is allowed: import map, policy, extension, Firefox.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright';
import { WebSocket } from 'ws';
import { findBrowser } from '../../../scripts/browser.mjs';
import { installed } from '../../../scripts/debian.mjs';
import { isolation, serve } from '../browser.ts';
import { root } from '../source.ts';
import { type Consumer, folderFor, PAGE, type Setting, SHOWING, showFolder, Unavailable } from './consumer.ts';

/** The folder of a page that needs nothing but files; addresses of what the package is installed with are in its import map. */
function plainFolder(setting: Setting, name: string): string {
  const { dependencies = {} } = JSON.parse(readFileSync(join(setting.installed.path, 'package.json'), 'utf8'));
  const imports: Record<string, string> = {
    'pevm-wasm': './node_modules/pevm-wasm/dist/index.js',
    'pevm-wasm/traffic': './node_modules/pevm-wasm/dist/traffic.js',
  };
  for (const dependency of Object.keys(dependencies)) {
    const folder = `./node_modules/${dependency}/`;
    const { module = 'index.js' } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    Object.assign(imports, { [dependency]: folder + module, [`${dependency}/`]: folder });
  }
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  const script = `<script type="module">${SHOWING}</script>`;
  return folderFor(setting, name, { 'index.html': PAGE(script, map) });
}

const plain: Consumer = {
  name: 'plain <script type="module">',
  run: (setting) => showFolder(setting, [plainFolder(setting, 'plain'), root]),
};

const alone: Consumer = {
  name: 'plain page that is not isolated',
  run: (setting) => showFolder(setting, [plainFolder(setting, 'alone'), root], {}),
};

/** With the files that the page serves itself: docs/hosts.md. */
const SERVING = `
import { run } from './program.js';
const served = (file) => new URL(file, document.baseURI);
const assets = { wasm: served('core.wasm'), worker: served('worker.js'), precompiles: served('precompiles.js') };
run({ assets }).then(
  (line) => { document.querySelector('#said').textContent = line; },
  (error) => { document.querySelector('#said').textContent = 'failed: ' + error.stack; },
);
`;

async function strictFolder(setting: Setting, name: string, more: Readonly<Record<string, string>> = {}) {
  const page = PAGE('<script type="module" src="./main.js"></script>');
  const folder = folderFor(setting, name, { 'main.js': SERVING, 'out/index.html': page, ...more });
  await esbuild.build({
    ...{ entryPoints: [join(folder, 'main.js')], outdir: join(folder, 'out'), bundle: true, splitting: true },
    ...{ format: 'esm', target: 'es2022', logLevel: 'error', external: ['node:*'] },
  });
  const out = join(folder, 'out');
  execFileSync(process.execPath, [join(setting.installed.path, 'dist/cli.js'), 'assets', out]);
  return out;
}

const strict: Consumer = {
  name: 'page with a strict policy (CSP)',
  async run(setting) {
    const out = await strictFolder(setting, 'strict');
    const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
    return showFolder(setting, [out], {
      ...isolation,
      'Content-Security-Policy': policy,
    });
  },
};

const MANIFEST = {
  ...{ manifest_version: 3, name: 'matrix', version: '1' },
  cross_origin_embedder_policy: { value: 'require-corp' },
  cross_origin_opener_policy: { value: 'same-origin' },
  content_security_policy: { extension_pages: "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" },
};

const extension: Consumer = {
  ...{ name: 'extension page (MV3)', isExtra: true },
  async run(setting) {
    const out = await strictFolder(setting, 'extension', { 'out/manifest.json': JSON.stringify(MANIFEST) });
    const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'pevm-extension-')), {
      executablePath: findBrowser(),
      headless: false,
      args: ['--headless=new', `--disable-extensions-except=${out}`, `--load-extension=${out}`],
    });
    try {
      const page = await context.newPage();
      await page.goto('chrome://extensions-internals');
      const text = (await page.textContent('body')) ?? '';
      const id = /"id": "([a-p]{32})"(?=[\s\S]*?"name": "matrix")/.exec(idOf(text))?.[1];
      if (id === undefined) throw new Unavailable('this Chromium loads no extension');
      await page.goto(`chrome-extension://${id}/index.html`);
      await page.locator('#said').filter({ hasText: /./ }).waitFor({ state: 'attached', timeout: 60_000 });
      return (await page.textContent('#said')) ?? '';
    } finally {
      await context.close();
    }
  },
};

/** Of the list of extensions the one that is ours. */
function idOf(text: string): string {
  const all = JSON.parse(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1)) as { id: string; name: string }[];
  const found = all.find(({ name }) => name === 'matrix');
  return `"id": "${found?.id ?? ''}", "name": "matrix"`;
}

/** Debian's, installed where none is, as the tests install Chromium. */
function findFirefox(): string {
  const find = () => installed('firefox-esr') ?? installed('firefox');
  const found = find();
  if (found !== undefined) return found;
  const why = 'Firefox is not installed (apt-get install firefox-esr)';
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) throw new Unavailable(why);
  const apt = (...words: string[]) =>
    spawnSync('apt-get', words, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status === 0;
  const isThere = apt('update', '-qq') && apt('install', '-qq', '-y', '--no-install-recommends', 'firefox-esr');
  const made = isThere ? find() : undefined;
  if (made === undefined) throw new Unavailable(why);
  return made;
}

/** Firefox speaks WebDriver BiDi itself. */
class BiDi implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: { result?: unknown; error?: string; message?: string }) => void>();
  #count = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const { id, ...answer } = JSON.parse(String(data));
      this.#waiting.get(id)?.(answer);
    });
  }

  async ask<T>(method: string, params: object): Promise<T> {
    const id = ++this.#count;
    const answer = new Promise<{ result?: unknown; error?: string; message?: string }>((resolve) =>
      this.#waiting.set(id, resolve),
    );
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error, message } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error}: ${message}`);
    return result as T;
  }

  async [Symbol.asyncDispose]() {
    this.#socket.close();
  }
}

function firefox(name: string, headers: Record<string, string>): Consumer {
  return {
    ...{ name, isExtra: true },
    async run(setting) {
      const program = findFirefox();
      const profile = mkdtempSync(join(tmpdir(), 'pevm-firefox-'));
      const server = await serve([plainFolder(setting, 'firefox'), root], headers);
      const child = spawn(program, ['--headless', '--profile', profile, '--remote-debugging-port', '0'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, HOME: profile },
      });
      try {
        const url = await new Promise<string>((resolve, reject) => {
          let text = '';
          child.stderr.on('data', (data) => {
            text += data;
            const found = /WebDriver BiDi listening on (ws:\S+)/.exec(text);
            if (found !== null) resolve(`${found[1]}/session`);
          });
          child.on('exit', () => reject(new Unavailable(`Firefox ends at once: ${text.split('\n')[0]}`)));
          setTimeout(() => reject(new Error(text)), 60_000).unref();
        });
        const socket = new WebSocket(url);
        await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
        await using driver = new BiDi(socket);
        await driver.ask('session.new', { capabilities: {} });
        const { context } = await driver.ask<{ context: string }>('browsingContext.create', { type: 'tab' });
        await driver.ask('browsingContext.navigate', { context, url: server.url, wait: 'complete' });
        const expression = `new Promise((resolve) => { const look = () => {
          const { textContent } = document.querySelector('#said');
          if (textContent === '') setTimeout(look, 50); else resolve(textContent); }; look(); })`;
        const said = { expression, target: { context }, awaitPromise: true };
        const { result } = await driver.ask<{ result: { value: string } }>('script.evaluate', said);
        return result.value;
      } finally {
        child.kill();
        await server.close();
      }
    },
  };
}

export const pages: readonly Consumer[] = [
  ...[plain, alone, strict, extension],
  firefox('Firefox', isolation),
  firefox('Firefox, not isolated', {}),
];
