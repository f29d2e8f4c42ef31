// Compiles the AssemblyScript core with the targets of asconfig.json: `node scripts/core.mjs [TARGET…]`.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';
import { filesOf, fingerprint, replaceFile, root } from './fingerprint.mjs';

/**
 * Compiles one target unless its product is up to date, and returns the module's bytes.
 *
 * @param {string} target a target of asconfig.json
 * @param {Record<string, number>} [constants] build-time integers (`--use NAME=value`); the product is then kept apart
 *   from the target's own, one file per combination
 * @returns {Promise<Uint8Array>}
 * @throws {Error} with the compiler's messages when the source does not compile
 */
export async function buildCore(target, constants = {}) {
  const config = JSON.parse(readFileSync(join(root, 'asconfig.json'), 'utf8'));
  const options = config.targets[target];
  if (options === undefined)
    throw new Error(`asconfig.json has no target "${target}"; it has ${Object.keys(config.targets).join(', ')}`);

  const variant = Object.entries(constants).map(([name, value]) => `${name}=${value}`);
  const outFile =
    variant.length === 0
      ? options.outFile
      : `build/variants/${basename(options.outFile, '.wasm')}.${variant.join('.')}.wasm`;
  const inputs = [...filesOf('assembly'), join(root, 'asconfig.json'), join(root, 'package-lock.json')];
  const stamp = fingerprint(inputs, target, variant);
  const stampFile = join(root, 'build/stamps', basename(outFile));
  if (existsSync(stampFile) && existsSync(join(root, outFile)) && readFileSync(stampFile, 'utf8') === stamp) {
    return readFileSync(join(root, outFile));
  }

  const outputs = await compile(target, outFile, variant, options.entries ?? []);
  for (const [name, content] of outputs) replaceFile(join(root, name), content);
  replaceFile(stampFile, stamp);
  return readFileSync(join(root, outFile));
}

/**
 * @param {string} target
 * @param {string} outFile
 * @param {string[]} variant
 * @param {string[]} entries of this target, beside those of all targets
 * @returns {Promise<Map<string, string | Uint8Array>>}
 */
async function compile(target, outFile, variant, entries) {
  /** @type {Map<string, string | Uint8Array>} */
  const outputs = new Map();
  let messages = '';
  const log = {
    write(/** @type {string} */ text) {
      messages += text;
      return true;
    },
  };
  const uses = variant.flatMap((use) => ['--use', use]);
  const { error } = await asc.main(
    [...entries, '--baseDir', root, '--config', 'asconfig.json', '--target', target, '--outFile', outFile, ...uses],
    { stdout: log, stderr: log, writeFile: (name, content) => void outputs.set(name, content) },
  );
  if (error !== null) throw new Error(`The core (target "${target}") does not compile.\n${messages}`, { cause: error });
  if (messages !== '') process.stderr.write(messages);
  return outputs;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const targets = process.argv.slice(2);
  for (const target of targets.length === 0 ? ['release'] : targets) {
    const start = performance.now();
    const bytes = await buildCore(target);
    console.log(`core (${target}): ${bytes.length} bytes, ${Math.round(performance.now() - start)} ms`);
  }
}
