// Rows of the matrix that are pages without a bundler, or where not all is allowed: import map, policy, extension, Firefox.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright';
import { findBrowser } from '../../../scripts/browser.mjs';
import { isolation, serve } from '../browser.ts';
import { FirefoxPage, NoFirefox } from '../firefox.ts';
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

function firefox(name: string, headers: Record<string, string>): Consumer {
  return {
    ...{ name, isExtra: true },
    async run(setting) {
      const server = await serve([plainFolder(setting, 'firefox'), root], headers);
      try {
        await using page = await FirefoxPage.open(server.url).catch((error: unknown) => {
          throw error instanceof NoFirefox ? new Unavailable(error.message) : error;
        });
        return await page.evaluate(`new Promise((resolve) => { const look = () => {
          const { textContent } = document.querySelector('#said');
          if (textContent === '') setTimeout(look, 50); else resolve(textContent); }; look(); })`);
      } finally {
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
