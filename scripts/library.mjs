// Builds the library into dist/ unless it is up to date: `node scripts/library.mjs [--no-types]`.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { buildCore } from './core.mjs';
import { filesOf, fingerprint, replaceFile, root } from './fingerprint.mjs';
import { licenceTexts } from './licences.mjs';

/**
 * Compiles the core, bundles the workers' scripts, builds the entries and writes the type declarations.
 *
 * @param {{ types?: boolean }} [options] `types: false` leaves the declarations out (to run, not to publish)
 */
export async function buildLibrary({ types = true } = {}) {
  const inputs = filesOf(
    'src',
    'assembly',
    'scripts',
    'asconfig.json',
    'vite.config.ts',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'package-lock.json',
  );
  const stamp = fingerprint(inputs);
  const upToDate = (/** @type {string} */ part) => {
    const file = join(root, 'dist/.stamps', part);
    return existsSync(file) && readFileSync(file, 'utf8') === stamp;
  };
  const finish = (/** @type {string} */ part) => replaceFile(join(root, 'dist/.stamps', part), stamp);

  if (!upToDate('code')) {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    const core = await buildCore('release');
    const output = await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'warn' });
    const files = [output].flat().flatMap((made) => ('output' in made ? made.output : []));
    const modules = files.flatMap(modulesOf);
    // They have told the bundler where to cut, and nobody imports them.
    const needed = files.filter(
      (file) =>
        file.type === 'chunk' && [...file.imports, ...file.dynamicImports].some((name) => name.startsWith('parts/')),
    );
    if (needed.length > 0) throw new Error(`parts are imported by ${needed.map(({ fileName }) => fileName)}`);
    rmSync(join(root, 'dist/parts'), { recursive: true });
    replaceFile(join(root, 'dist/core.wasm'), core);
    // Of the entry for runtimes that compile nothing while they run (src/workerd.ts).
    replaceFile(join(root, 'dist/traced-core.wasm'), await buildCore('trace'));
    for (const name of ['trie', 'hashing']) replaceFile(join(root, `dist/${name}.wasm`), await buildCore(name));
    replaceFile(join(root, 'dist/THIRD_PARTY_LICENCES.txt'), licenceTexts(modules));
    chmodSync(join(root, 'dist/cli.js'), 0o755);
    finish('code');
  }
  if (types && !upToDate('types')) {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error('The type declarations could not be made.');
    for (const [name, text] of Object.entries(assetTypes)) replaceFile(join(root, 'dist/types/assets', name), text);
    finish('types');
  }
}

/** Of the file that is not for importing: whoever asks for its address, or hands it to a bundler, asks for a module. */
const assetTypes = {
  'core-wasm.d.ts':
    '/** The compiled core, for `assets.wasm`: a module where the bundler or runtime makes one of it, else its address. */\n' +
    'declare const core: object | string;\nexport default core;\n',
};

/** @param {import('vite').Rollup.OutputChunk | import('vite').Rollup.OutputAsset} file */
function modulesOf(file) {
  return file.type === 'chunk' ? Object.keys(file.modules) : [];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const start = performance.now();
  await buildLibrary({ types: !process.argv.includes('--no-types') });
  console.log(`library: built in ${Math.round(performance.now() - start)} ms`);
}
