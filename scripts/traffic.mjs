// Makes the contracts of the traffic block unless they are up to date: `node scripts/traffic.mjs` (build/traffic.json).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runnerImport } from 'vite';
import { filesOf, fingerprint, replaceFile, root } from './fingerprint.mjs';

const product = join(root, 'build/traffic.json');
const stampFile = join(root, 'build/stamps/traffic.json');

/**
 * Compiles and deploys the contracts (about 4 s) and returns the product as JSON: see src/traffic/product.ts.
 *
 * @returns {Promise<string>}
 */
export async function buildTraffic() {
  const sources = ['src/traffic/contracts', 'src/traffic/abi.ts', 'src/traffic/template.ts', 'src/traffic/product.ts'];
  const inputs = filesOf(...sources, 'scripts/traffic', 'scripts/traffic.mjs', 'package-lock.json');
  const stamp = fingerprint(inputs);
  if (existsSync(product) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    return readFileSync(product, 'utf8');
  }
  /** @type {{ module: typeof import('./traffic/product.ts') }} */
  const { module } = await runnerImport(join(root, 'scripts/traffic/product.ts'), { root, configFile: false });
  const text = JSON.stringify(await module.makeTrafficProduct(join(root, 'src/traffic/contracts')));
  replaceFile(product, text);
  replaceFile(stampFile, stamp);
  return text;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = await buildTraffic();
  console.log(`build/traffic.json: ${text.length} bytes`);
}
