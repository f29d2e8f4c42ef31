// Makes the block that tests replay on every platform, sealed with what Node finds: `node scripts/portable-block.mjs`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { replaceFile, root } from './fingerprint.mjs';
import { buildLibrary } from './library.mjs';

/** Path of the block file. */
export const portableBlock = join(root, 'build/portable-block.json');

/** Builds the library if need be and writes the block file; its header holds the receipts root that Node found. */
export async function makePortableBlock() {
  await buildLibrary({ types: false });
  const load = (/** @type {string} */ name) => import(pathToFileURL(join(root, 'dist', name)).href);
  /** @type {typeof import('../src/index.ts')} */
  const { checkBlockFile, createEngine } = await load('index.js');
  /** @type {typeof import('../src/traffic/index.ts')} */
  const { createTraffic, sealTraffic } = await load('traffic.js');

  const { file } = await createTraffic({ transactions: 150, conflictRate: 0.3, seed: 'everywhere' });
  const engine = await createEngine({ workers: 2 });
  try {
    const { gasUsed, receiptsRoot, logsBloom } = await engine.executeBlock(checkBlockFile(file));
    if (receiptsRoot === undefined) throw new Error('the block has no receipts root');
    replaceFile(portableBlock, JSON.stringify(sealTraffic(file, { gasUsed, receiptsRoot, logsBloom })));
  } finally {
    await engine.dispose();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await makePortableBlock();
}
