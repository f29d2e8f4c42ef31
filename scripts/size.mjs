// What users fetch and install: `npm run size [-- --json]`. Packs the package, installs it from the tarball, runs one small
// program per path in a process of its own, and counts the files which that process has loaded: of the package as it is, and of what a
// bundler makes of it for a page. Fails over scripts/size-limits.json.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { root } from './fingerprint.mjs';
import { buildLibrary } from './library.mjs';
import { unpackBytes } from './packed-bytes.mjs';

/**
 * @typedef {{ name: string, raw: number, gzip: number, brotli: number }} FileSize
 * @typedef {{ files: FileSize[], raw: number, gzip: number, brotli: number }} PathSize
 * @typedef {{ packages: string[], bytes: number, tarballBytes: number, unpackedBytes: number, twice: { files: string, bytes: number }[] }} Installation
 * @typedef {{ paths: Record<string, PathSize>, installation: Installation }} Sizes
 */

const begin = `
  import { createEngine, memoryState } from 'pevm-wasm';
  const [from, to] = [1, 2].map((digit) => '0x' + String(digit).repeat(40));
  const money = { [from]: { balance: 10n ** 20n } };
  const word = '0x' + '0'.repeat(64);
  const block = {
    number: 1, timestamp: 1, gasLimit: 30_000_000, baseFeePerGas: 1, miner: '0x' + '3'.repeat(40),
    parentHash: word, mixHash: word, parentBeaconBlockRoot: word, excessBlobGas: 0, withdrawals: [],
  };
  const pay = { from, to, gas: '0x186a0', gasPrice: '0x2', value: '0x1', nonce: '0x0', input: '0x', type: '0x0' };
  const engine = await createEngine({ workers: 2 });
  const execute = (transaction, code = {}) =>
    engine.executeBlock({
      block: { ...block, transactions: [transaction] }, hardfork: 'cancun', chainId: 1, state: memoryState({ ...money, ...code }),
    });
  const check = (holds) => { if (!holds) throw new Error('the program did not do what it is there for'); };
`;

/** What a user does, and all that is loaded for it. Each is a module of the user's, and must end with the engine disposed of. */
const programs = {
  block: `${begin}
    const { receipts, report } = await execute(pay);
    check(receipts[0].gasUsed === 21000n && report.threading === 'shared');
    await engine.dispose();`,
  preview: `${begin}
    const world = await engine.openWorld({ state: memoryState(money), chain: 1 });
    check((await world.preview({ from, to, value: 5n })).status === 'success');
    await engine.dispose();`,
  // The pairing check on bn254 of nothing: a contract calls it.
  'block with precompiles': `${begin}
    const code = '0x' + '6040600060006000600060085af1' + '60005500';
    const { receipts } = await execute({ ...pay, to: '0x' + '4'.repeat(40) }, { ['0x' + '4'.repeat(40)]: { code } });
    check(receipts[0].gasUsed > 40000n);
    await engine.dispose();`,
  traces: `${begin}
    const request = { block: { ...block, transactions: [pay] }, hardfork: 'cancun', chainId: 1, state: memoryState(money) };
    const [trace] = await engine.traceBlock({ ...request, tracer: 'callTracer' });
    check(trace.result.type === 'CALL');
    await engine.dispose();`,
  provider: `${begin}
    import { devGenesis } from 'pevm-wasm';
    const { state, config, block: first, accounts } = await devGenesis();
    const world = await engine.openWorld({ state, chain: config, block: first });
    check((await world.provider().request({ method: 'eth_chainId' })).startsWith('0x') && accounts.length > 0);
    await engine.dispose();`,
};

/** Modules of the package alone. */
const entries = {
  'pevm-wasm': `import 'pevm-wasm';`,
  'pevm-wasm/traffic': `import 'pevm-wasm/traffic';`,
  'pevm-wasm/precompiles': `import 'pevm-wasm/precompiles';`,
  'pevm-wasm/executors/ethereumjs': `import 'pevm-wasm/executors/ethereumjs';`,
};

/**
 * @param {{ install?: (folder: string, tarball: string) => void }} [options] `install`: how the packages come into the
 *   user's folder; npm does it unless somebody else is named
 * @returns {Promise<Sizes>}
 */
export async function measureSizes({ install = installByNpm } = {}) {
  await buildLibrary();
  const folder = mkdtempSync(join(tmpdir(), 'pevm-size-'));
  try {
    const parameters = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const [pack] = JSON.parse(npm(parameters, root));
    const consumer = join(folder, 'consumer');
    mkdirSync(consumer);
    writeFileSync(join(consumer, 'package.json'), JSON.stringify({ type: 'module', private: true }));
    install(consumer, join(folder, pack.filename));
    const installed = join(consumer, 'node_modules/pevm-wasm');
    /** @type {Record<string, PathSize>} */
    const paths = {};
    for (const [name, program] of Object.entries({ ...programs, ...entries })) {
      const main = join(consumer, 'main.js');
      writeFileSync(main, program);
      const modules = join(consumer, 'node_modules');
      paths[name] = sizesOf(loadedBy(main, modules), modules);
      // A module alone does nothing there.
      if (Object.hasOwn(entries, name)) continue;
      const page = join(consumer, 'page');
      await bundlePage(consumer, page);
      paths[`${name}, in a page`] = sizesOf(loadedBy(join(page, 'main.js'), page), page);
    }
    return {
      paths,
      installation: {
        packages: packagesIn(join(consumer, 'node_modules')),
        bytes: sum(filesBelow(join(consumer, 'node_modules')).map((file) => readFileSync(file).length)),
        tarballBytes: pack.size,
        unpackedBytes: pack.unpackedSize,
        twice: repeated(filesBelow(join(installed, 'dist')), installed),
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string[]} parameters @param {string} cwd */
function npm(parameters, cwd) {
  return execFileSync('npm', parameters, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
}

/** @param {string} folder @param {string} tarball */
function installByNpm(folder, tarball) {
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], folder);
}

/** What a bundler makes of main.js, minified, with chunks. @param {string} consumer @param {string} page */
async function bundlePage(consumer, page) {
  rmSync(page, { recursive: true, force: true });
  await build({
    configFile: false,
    root: consumer,
    logLevel: 'error',
    build: {
      outDir: page,
      target: 'es2022',
      // A page asks for chunks by `import()` alone.
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: join(consumer, 'main.js'),
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
      },
    },
  });
}

/**
 * The files below a folder that a process of Node loads for a program: the engine says so itself, for all threads. Text that
 * workers import (`data:`) is in those files.
 *
 * @param {string} program
 * @param {string} below
 */
function loadedBy(program, below) {
  const coverage = mkdtempSync(join(tmpdir(), 'pevm-size-coverage-'));
  try {
    execFileSync(process.execPath, [program], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_V8_COVERAGE: coverage },
      timeout: 60_000,
    });
    const urls = filesBelow(coverage).flatMap((file) =>
      JSON.parse(readFileSync(file, 'utf8')).result.map((/** @type {{ url: string }} */ { url }) => url),
    );
    const here = pathToFileURL(`${below}/`).href;
    return [...new Set(urls)].filter((url) => url.startsWith(here)).map((url) => fileURLToPath(url));
  } finally {
    rmSync(coverage, { recursive: true, force: true });
  }
}

/** @param {string[]} files @param {string} base */
function sizesOf(files, base) {
  const sizes = files.map((file) => {
    const bytes = readFileSync(file);
    return {
      name: relative(base, file).split(sep).join('/'),
      raw: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
      brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length,
    };
  });
  sizes.sort((left, right) => right.gzip - left.gzip);
  const total = (/** @type {'raw' | 'gzip' | 'brotli'} */ key) => sum(sizes.map((size) => size[key]));
  return { files: sizes, raw: total('raw'), gzip: total('gzip'), brotli: total('brotli') };
}

/** @param {string} folder @returns {string[]} */
function packagesIn(folder) {
  const lock = JSON.parse(readFileSync(join(folder, '.package-lock.json'), 'utf8'));
  return Object.keys(lock.packages).map((path) =>
    path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
  );
}

/** Long enough that no two files have it by chance, or by a licence in a comment. */
const PIECE = 2048;

/**
 * Pairs of files that hold the same, as it stands or inside a text of JavaScript, and how much of it.
 *
 * @param {string[]} files
 * @param {string} base
 */
function repeated(files, base) {
  /** @type {Map<string, string>} */
  const pieces = new Map();
  /** @type {Map<string, number>} */
  const twice = new Map();
  const contents = files.flatMap((file) => layersOf(file).map((bytes) => ({ file, bytes })));
  // Where a piece begins in one file is anywhere in another: each file is cut by its own content.
  for (const { file, bytes } of contents) {
    for (const piece of cut(bytes)) {
      const key = createHash('sha1').update(piece).digest('base64');
      const before = pieces.get(key);
      if (before === undefined) pieces.set(key, file);
      else if (before !== file) {
        const pair = [before, file].map((path) => relative(base, path).split(sep).join('/'));
        const files = pair.sort().join(' and ');
        twice.set(files, (twice.get(files) ?? 0) + piece.length);
      }
    }
  }
  return [...twice]
    .map(([files, bytes]) => ({ files, bytes }))
    .filter(({ bytes }) => bytes >= PIECE)
    .sort((left, right) => right.bytes - left.bytes);
}

/** A file, and the texts in it that may be another file: string literals of some length, as they read. @param {string} file */
function layersOf(file) {
  const bytes = readFileSync(file);
  if (!file.endsWith('.js')) return [bytes];
  const layers = [bytes];
  for (const [, quoted] of bytes
    .toString('utf8')
    .matchAll(/(?<=[(,=\s])("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`)/g)) {
    if (quoted === undefined || quoted.length < PIECE) continue;
    const text = literal(quoted);
    if (text === undefined) continue;
    layers.push(Buffer.from(text, 'utf8'));
    if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) layers.push(Buffer.from(text, 'base64'));
    else layers.push(...unpacked(bytes.toString('utf8'), text));
  }
  return layers;
}

/** The bytes behind a text that `packBytes` made: its alphabet stands beside it. @param {string} source @param {string} text */
function unpacked(source, text) {
  const [, alphabet] = /["`]([0-9a-f]{512})["`]/.exec(source.slice(0, source.indexOf(text.slice(0, 64)))) ?? [];
  return alphabet === undefined ? [] : [Buffer.from(unpackBytes(alphabet, text))];
}

/** @param {string} quoted @returns {string | undefined} */
function literal(quoted) {
  try {
    return /** @type {string} */ (new Function(`return ${quoted}`)());
  } catch {
    return undefined;
  }
}

/** Pieces between places that the content itself marks, so that the same content is cut alike wherever it stands. @param {Buffer} bytes */
function* cut(bytes) {
  let start = 0;
  let hash = 0;
  for (let at = 0; at < bytes.length; at++) {
    // Of the last 32 bytes: what is older has been shifted out.
    hash = ((hash << 1) + /** @type {number} */ (bytes[at]) * 0x9e3779b1) | 0;
    if (hash >>> 23 !== 0 || at - start < 128) continue;
    yield bytes.subarray(start, at + 1);
    start = at + 1;
  }
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // Links to commands are no files of their own.
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/**
 * What is over its limit.
 * @param {Sizes} sizes
 * @returns {string[]}
 */
export function overLimits({ paths, installation }) {
  const limits = JSON.parse(readFileSync(join(root, 'scripts/size-limits.json'), 'utf8'));
  const problems = [];
  for (const [name, { gzip }] of Object.entries(paths)) {
    const limit = limits.gzip[name];
    if (limit === undefined) problems.push(`${name}: no limit in scripts/size-limits.json`);
    else if (gzip > limit) problems.push(`${name}: ${gzip} bytes gzipped, ${limit} at most`);
  }
  for (const name of Object.keys(limits.gzip)) if (!(name in paths)) problems.push(`${name}: a limit of nothing`);
  const { packages, bytes, twice } = installation;
  if (packages.length > limits.packages) problems.push(`${packages.length} packages, ${limits.packages} at most`);
  if (bytes > limits.installedBytes) problems.push(`${bytes} bytes installed, ${limits.installedBytes} at most`);
  for (const { files, bytes } of twice) {
    const most = limits.twice[files] ?? limits.twiceOtherwise;
    if (bytes > most) problems.push(`${bytes} bytes are both in ${files}, ${most} at most`);
  }
  return problems;
}

/** Less of two files is the libraries in them: bundles that import nothing share no chunks. */
const NOTABLE = 60_000;

/** The table as it would be if nothing may grow: half a percent is for other versions of zlib. @param {Sizes} sizes */
function limitsOf({ paths, installation }) {
  const { packages, bytes, twice } = installation;
  const rounded = (/** @type {number} */ size, /** @type {number} */ step) => Math.ceil((size * 1.005) / step) * step;
  return {
    gzip: Object.fromEntries(Object.entries(paths).map(([name, { gzip }]) => [name, rounded(gzip, 100)])),
    packages: packages.length,
    installedBytes: rounded(bytes, 100_000),
    twice: Object.fromEntries(
      twice.filter((pair) => pair.bytes > NOTABLE).map((pair) => [pair.files, rounded(pair.bytes, 1000)]),
    ),
    twiceOtherwise: NOTABLE,
  };
}

/** @param {number} bytes */
const kB = (bytes) => (bytes / 1000).toFixed(1).padStart(8);

/** @param {Sizes} sizes */
function print({ paths, installation }) {
  console.log(`${'kB'.padEnd(44)}      raw     gzip   brotli`);
  for (const [name, { files, raw, gzip, brotli }] of Object.entries(paths)) {
    console.log(`\n${name.padEnd(44)} ${kB(raw)} ${kB(gzip)} ${kB(brotli)}`);
    for (const file of files)
      console.log(`  ${file.name.padEnd(42)} ${kB(file.raw)} ${kB(file.gzip)} ${kB(file.brotli)}`);
  }
  const { packages, bytes, tarballBytes, unpackedBytes, twice } = installation;
  console.log(`\n${packages.length} packages installed, ${(bytes / 1e6).toFixed(1)} MB: ${packages.join(', ')}`);
  console.log(`tarball ${kB(tarballBytes).trim()} kB, unpacked ${kB(unpackedBytes).trim()} kB`);
  for (const { files, bytes } of twice) console.log(`${kB(bytes)} kB are both in ${files}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const sizes = await measureSizes();
  if (process.argv.includes('--json')) console.log(JSON.stringify(sizes, undefined, 2));
  else if (process.argv.includes('--limits')) console.log(JSON.stringify(limitsOf(sizes), undefined, 2));
  else print(sizes);
  const problems = overLimits(sizes);
  for (const problem of problems) console.error(`too large: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
