// Rows of the matrix that are bundlers and their servers, each with a page in Chromium.
import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';
import { isolation } from '../browser.ts';
import { type Consumer, fetched, folderFor, PAGE, readPage, type Setting, SHOWING, showFolder } from './consumer.ts';

const BUNDLED = { 'main.js': SHOWING, 'out/index.html': PAGE('<script type="module" src="./main.js"></script>') };
const SERVED = { 'main.js': SHOWING, 'index.html': PAGE('<script type="module" src="./main.js"></script>') };

const bundlers: readonly Consumer[] = [
  {
    name: 'esbuild',
    async run(setting) {
      const folder = folderFor(setting, 'esbuild', BUNDLED);
      await esbuild.build({
        ...{ entryPoints: [join(folder, 'main.js')], outdir: join(folder, 'out'), bundle: true, splitting: true },
        ...{ format: 'esm', target: 'es2022', logLevel: 'error', external: ['node:*'] },
      });
      return showFolder(setting, [join(folder, 'out')]);
    },
  },
  {
    name: 'Rollup',
    async run(setting) {
      const folder = folderFor(setting, 'rollup', BUNDLED);
      const plugins = [nodeResolve({ browser: true, preferBuiltins: false })];
      const bundle = await rollup({
        input: join(folder, 'main.js'),
        plugins,
        external: [/^node:/],
        logLevel: 'silent',
      });
      await bundle.write({ dir: join(folder, 'out'), format: 'es' });
      return showFolder(setting, [join(folder, 'out')]);
    },
  },
  {
    name: 'webpack',
    async run(setting) {
      const folder = folderFor(setting, 'webpack', BUNDLED);
      await new Promise<void>((resolve, reject) => {
        webpack(
          {
            ...{ mode: 'production', context: folder, entry: './main.js', performance: { hints: false } },
            output: { path: join(folder, 'out'), filename: 'main.js' },
            optimization: { minimize: false },
          },
          (error, stats) => {
            const problem = error ?? (stats?.hasErrors() ? new Error(stats.toString('errors-only')) : undefined);
            if (problem) reject(problem);
            else resolve();
          },
        );
      });
      return showFolder(setting, [join(folder, 'out')]);
    },
  },
];

/** What of vite a row uses, of this version or another. */
type Vite = Pick<typeof vite, 'build' | 'createServer' | 'preview'>;

function viteRows(version: string, load: () => Promise<Vite>, isExtra: boolean): Consumer[] {
  const place = (setting: Setting, way: string) => folderFor(setting, `vite-${version}-${way}`, SERVED);
  const settings = (folder: string): vite.InlineConfig => ({
    ...{ root: folder, configFile: false, logLevel: 'error', cacheDir: join(folder, 'cache') },
    build: { target: 'es2022', chunkSizeWarningLimit: 5000 },
  });
  const addressOf = (urls: { local: string[] } | null | undefined) => urls?.local[0] ?? '';
  return [
    {
      ...{ name: `Vite ${version}, dev`, isExtra },
      async run(setting) {
        const { createServer } = await load();
        const server = await createServer({
          ...settings(place(setting, 'dev')),
          server: { headers: isolation, port: 0, hmr: false, ws: false, fs: { strict: false, allow: [], deny: [] } },
        });
        await server.listen();
        try {
          return await readPage(setting, addressOf(server.resolvedUrls));
        } finally {
          await server.close();
        }
      },
    },
    {
      ...{ name: `Vite ${version}, build`, isExtra },
      async run(setting) {
        const folder = place(setting, 'build');
        await (await load()).build(settings(folder));
        return showFolder(setting, [join(folder, 'dist')]);
      },
    },
    {
      ...{ name: `Vite ${version}, preview`, isExtra },
      async run(setting) {
        const { build, preview } = await load();
        const folder = place(setting, 'preview');
        await build(settings(folder));
        const server = await preview({ ...settings(folder), preview: { headers: isolation, port: 0 } });
        try {
          return await readPage(setting, addressOf(server.resolvedUrls));
        } finally {
          await server.close();
        }
      },
    },
  ];
}

const NEXT_PAGE = `'use client';
import { useEffect, useState } from 'react';
export default function Page() {
  const [line, say] = useState('');
  useEffect(() => {
    import('../program.js').then(({ run }) => run()).then(say, (error) => say('failed: ' + error.stack));
  }, []);
  return <p id="said">{line}</p>;
}
`;
const NEXT_LAYOUT = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;

const next: Consumer = {
  ...{ name: 'Next.js, client component', isExtra: true },
  async run(setting) {
    const modules = fetched('next@16', 'react@19', 'react-dom@19');
    const folder = folderFor(setting, 'next', {
      'app/page.jsx': NEXT_PAGE,
      'app/layout.jsx': NEXT_LAYOUT,
      'next.config.mjs': "export default { output: 'export' };\n",
    });
    // It looks for what it is made of in the user's own folder.
    const packed = join(folder, 'node_modules/pevm-wasm');
    const whole = join(folder, 'whole');
    renameSync(join(folder, 'node_modules'), whole);
    mkdirSync(join(folder, 'node_modules'));
    const { readdirSync } = await import('node:fs');
    for (const name of readdirSync(modules)) symlinkSync(join(modules, name), join(folder, 'node_modules', name));
    renameSync(join(whole, 'pevm-wasm'), packed);
    // With a configuration of TypeScript it wants TypeScript.
    renameSync(join(folder, 'tsconfig.json'), join(folder, 'jsconfig.json'));
    writeFileSync(join(folder, 'package-lock.json'), '{}');
    const words = [join(modules, 'next/dist/bin/next'), 'build', '--webpack'];
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
    await promisify(execFile)(process.execPath, words, { cwd: folder, env, timeout: 240_000 });
    return showFolder(setting, [join(folder, 'out')]);
  },
};

const vite7 = async () =>
  (await import(pathToFileURL(join(fetched('vite@7'), 'vite/dist/node/index.js')).href)) as unknown as Vite;

export const pagesOfBundlers: readonly Consumer[] = [
  ...bundlers,
  ...viteRows('8', async () => vite, false),
  ...viteRows('7', vite7, true),
  next,
];
