// The package as users get it: what is in it, what resolves, and what its types need.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { parseSync, Visitor } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildLibrary } from '../../scripts/library.mjs';
import { configurationSchema } from '../../src/config/configuration-schema.ts';
import { installPackage } from '../support/installed-package.ts';
import { root, textOf } from '../support/source.ts';

/** A project of a user's. */
const consumer = join(root, 'build/package/consumer');
const installed = join(consumer, 'node_modules/pevm-wasm');
let tarball: Uint8Array<ArrayBuffer>;
let files: readonly string[];

beforeAll(async () => {
  await buildLibrary();
  ({ tarball, files } = installPackage('package'));
}, 240_000);

/** Runs a module in the consumer's project and returns what it prints. */
function run(source: string): string {
  writeFileSync(join(consumer, 'main.js'), source);
  return execFileSync(process.execPath, ['main.js'], { cwd: consumer, encoding: 'utf8' });
}

test('the package holds the built library and no sources', () => {
  const allowed = /^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/;
  expect(files.filter((file) => !allowed.test(file) || file.includes('.stamps'))).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(['dist/index.js', 'dist/core.wasm', 'dist/cli.js']));
});

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: installed, pack: false, strict: true });
  expect(messages).toEqual([]);
});

test('types resolve wherever ESM does', async () => {
  const result = await checkPackage(createPackageFromTarballData(tarball), {
    excludeEntrypoints: ['./core.wasm', './package.json'],
  });
  if (!result.types) throw new Error('the package has no types');
  const problems = result.problems.filter(
    (problem) => !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)),
  );
  expect(problems).toEqual([]);
});

test('types need nothing of what the library is made with', () => {
  const declarations = new Set(files.filter((file) => file.endsWith('.d.ts')));
  for (const entry of ['index', 'traffic/index', 'precompiles/script-module', 'executor/ethereumjs/entry']) {
    const reachable = closure(`dist/types/src/${entry}.d.ts`, declarations);
    const foreign = /from ['"](?!\.\.?\/)|from ['"]\.\.\/.*(assembly|build)\//;
    // Examples in comments import the package itself.
    const code = reachable.map((text) => text.replaceAll(/\/\*[\s\S]*?\*\//g, ''));
    expect(code.filter((text) => foreign.test(text))).toEqual([]);
  }
});

describe('types are right without skipLibCheck', () => {
  const source = `
    import { createEngine, type BlockResult } from 'pevm-wasm';
    import { createTraffic } from 'pevm-wasm/traffic';
    import { createExecutor } from 'pevm-wasm/executors/ethereumjs';
    import * as precompiles from 'pevm-wasm/precompiles';
    import wasm from 'pevm-wasm/core.wasm';
    export const run = () => createEngine({ workers: 2, assets: { wasm, precompiles } });
    export const gasUsed = (result: BlockResult): bigint => result.gasUsed;
    export const others = [createTraffic, createExecutor];`;
  const settings = {
    nodenext: { module: 'nodenext', lib: ['es2023', 'esnext.disposable'] },
    'node16, without the DOM': { module: 'node16', lib: ['es2022'] },
    'node16, with the DOM': { module: 'node16', lib: ['es2022', 'dom'] },
    'bundler, without the DOM': { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022'] },
    'bundler, with the DOM': { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom', 'dom.iterable'] },
    'with the types of Node': { module: 'nodenext', lib: ['es2023'], types: ['node'] },
  };
  test.for(Object.entries(settings))('%s', ([, setting]) => {
    writeFileSync(join(consumer, 'main.ts'), source);
    const compilerOptions = {
      noEmit: true,
      strict: true,
      skipLibCheck: false,
      target: 'es2022',
      types: [],
      ...setting,
    };
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', consumer], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

test('what is imported is in the package, or installed by who wants the queue, or spans', () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const imported = files
    .filter((file) => /^dist\/(?!types).*\.js$/.test(file))
    .flatMap((file) => importedBy(readFileSync(join(installed, file), 'utf8')))
    .map((id) => /^(@[^/]+\/)?[^/]+/.exec(id)![0]);
  // By a name that bundlers do not follow.
  const sought = files.filter((file) =>
    /=\s*[`"]@opentelemetry\/api[`"]/.test(readFileSync(join(installed, file), 'utf8')),
  );
  expect(sought).toEqual(['dist/chunks/spans.js']);
  imported.push('@opentelemetry/api');
  expect(dependencies).toBe(undefined);
  expect([...new Set(imported)].sort()).toEqual(Object.keys(peerDependencies).sort());
});

/** The packages a module of ours names; built-in modules of Node are left out. */
function importedBy(source: string): string[] {
  const found: string[] = [];
  const visitor = new Visitor({
    ImportDeclaration: ({ source }) => void found.push(source.value),
    ExportNamedDeclaration: ({ source }) => void (source && found.push(source.value)),
    ExportAllDeclaration: ({ source }) => void found.push(source.value),
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal') found.push(String(source.value));
      if (source.type === 'TemplateLiteral' && source.expressions.length === 0) {
        found.push(source.quasis.map(({ value }) => value.cooked).join(''));
      }
    },
  });
  visitor.visit(parseSync('module.js', source).program);
  return found.filter((id) => !id.startsWith('.') && !isBuiltin(id));
}

/** The texts of a declaration file and of all that it imports from the package. */
function closure(entry: string, known: Set<string>, seen = new Map<string, string>()): string[] {
  if (seen.has(entry) || !known.has(entry)) return [];
  const text = readFileSync(join(root, entry), 'utf8');
  seen.set(entry, text);
  for (const [, path] of text.matchAll(/from ['"](\.[^'"]+)['"]/g)) {
    closure(join(entry, '..', path!).replace(/(\.js|\.ts)$/, '.d.ts'), known, seen);
  }
  return [...seen.values()];
}

describe('in Node', () => {
  test('the entries can be imported', () => {
    const names = run(`
      import * as library from 'pevm-wasm';
      import * as traffic from 'pevm-wasm/traffic';
      import * as executor from 'pevm-wasm/executors/ethereumjs';
      import * as precompiles from 'pevm-wasm/precompiles';
      console.log(typeof library.createEngine, typeof traffic.createTraffic, typeof executor.createExecutor);
      console.log(typeof precompiles.createPrecompiles);
    `);
    expect(names).toBe('function function function\nfunction\n');
  });

  test('the example of the README runs as it stands', () => {
    const example = /```js\n([\s\S]*?)```/.exec(textOf('README.md'))?.[1];
    expect(example?.trim().split('\n').length).toBeLessThanOrEqual(12);
    expect(run(example ?? '')).toMatch(/0x[0-9a-f]{64}/);
  });

  test('the command line starts from the package', () => {
    const cli = join(installed, 'dist/cli.js');
    const { status, stdout } = spawnSync(process.execPath, [cli, '--help'], { encoding: 'utf8' });
    expect(stdout).toContain('replay');
    expect(status).toBe(0);
  });

  test('it knows what options are good for, which the library leaves out', () => {
    const cli = join(installed, 'dist/cli.js');
    const { stdout } = spawnSync(process.execPath, [cli, 'config', '--schema'], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(configurationSchema())));
    const library = readdirSync(join(installed, 'dist/chunks')).map((name) => join(installed, 'dist/chunks', name));
    expect(library.filter((file) => readFileSync(file, 'utf8').includes('is taken away from its worker'))).toEqual([]);
  });
});

describe('where things are not as usual', () => {
  const executing = (before: string, options = '{ workers: 2 }') => `
    ${before}
    const { createEngine, checkBlockFile } = await import('pevm-wasm');
    const { createTraffic } = await import('pevm-wasm/traffic');
    const { file } = await createTraffic({ transactions: 8 });
    const engine = await createEngine(${options});
    const { transactions } = await engine.executeBlock(checkBlockFile(file));
    console.log(engine.capabilities.threading, transactions.length);
    await engine.dispose();`;
  const page = "globalThis.document = { createElement() {}, baseURI: 'http://localhost/' };";
  const silent = 'globalThis.Worker = class extends EventTarget { postMessage() {} terminate() {} };';

  // As jest-environment-jsdom leaves them: a timer is a number, and some of Node's are missing.
  const jest = `
    globalThis.window = globalThis.self = globalThis;
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'jsdom' }, configurable: true });
    const { setTimeout: nodeTimeout } = globalThis;
    globalThis.setTimeout = (call, ms) => (nodeTimeout(call, ms), 7);
    for (const name of ['structuredClone', 'setImmediate', 'MessageChannel', 'fetch', 'Blob']) delete globalThis[name];`;

  test('Node with the globals of a page is Node', () => {
    expect(run(executing(page))).toBe('shared 8\n');
    expect(run(executing(page + silent))).toBe('shared 8\n');
    // Timers that nobody can clear would keep it for their thirty seconds.
    expect(run(`${executing(page + jest)}\nprocess.exit();`)).toBe('shared 8\n');
  });

  test('without worker threads the block runs in the calling thread', () => {
    expect(run(executing('process.getBuiltinModule = undefined; delete globalThis.Worker;'))).toBe('inline 8\n');
  });

  test.for([
    ["one of a bundler's", "{ env: {}, browser: true, version: '', versions: {} }"],
    ['nothing', 'undefined'],
    ['what throws', "{ get versions() { throw new Error('no'); } }"],
  ])('so it does in Node where `process` is not the real one: %s', ([, stand]) => {
    const replaced = `const { log } = console; console.log = (...words) => log(...words, engine.capabilities.reason);
      globalThis.process = ${stand};`;
    expect(run(executing(replaced))).toMatch(
      /^inline 8 there are no workers here: neither those of Node \(by `process`/,
    );
  });

  test('there the precompiled contracts may be a module that is imported already', () => {
    const before = `process.getBuiltinModule = undefined; delete globalThis.Worker; delete globalThis.Blob;
      URL.createObjectURL = undefined;
      const precompiles = await import('pevm-wasm/precompiles');`;
    expect(run(executing(before, '{ assets: { precompiles } }'))).toBe('inline 8\n');
  });

  test('a module that is not there is named without the worker that looked for it', () => {
    expect(() => run(executing('', "{ executor: 'file:///nowhere.js' }"))).toThrow(
      /InputError: executor: Cannot find module '[^']{0,40}nowhere.js' imported from the worker\n/,
    );
  });

  test('results print and stringify with their values', () => {
    const printed = run(`
      import { createEngine, checkBlockFile } from 'pevm-wasm';
      import { createTraffic } from 'pevm-wasm/traffic';
      const { file } = await createTraffic({ transactions: 2 });
      const engine = await createEngine({ workers: 1 });
      const result = await engine.executeBlock(checkBlockFile(file));
      console.log(result, JSON.stringify(result));
      await engine.dispose();`);
    expect(printed).toContain('gasUsed: 21000n');
    expect(printed).toContain('"gasUsed":"0x5208"');
    expect(printed).not.toContain('[Getter]');
  });

  test('a worker that never answers is given up', () => {
    expect(run(executing(`process.getBuiltinModule = undefined; ${silent}`))).toBe('inline 8\n');
  });

  test('the core may be a file: URL', () => {
    const options = "{ workers: 1, assets: { wasm: import.meta.resolve('pevm-wasm/core.wasm') } }";
    expect(run(executing('', options))).toBe('shared 8\n');
    expect(() => run(executing('', "{ assets: { wasm: new URL('file:///nowhere') } }"))).toThrow(
      /InputError: options.assets.wasm: .*no such file/,
    );
  });

  test('imports that are made at run time say so to webpack, Rspack and Vite', () => {
    const names = files.filter((file) => /^dist\/(chunks\/.*|index|worker)\.js$/.test(file));
    for (const name of names) {
      const source = readFileSync(join(installed, name), 'utf8');
      const dynamic = source.match(/\bimport\((?!["'`])[^)]*\)/g) ?? [];
      expect(dynamic.filter((call) => !call.includes('webpackIgnore: true'))).toEqual([]);
    }
  });
});
