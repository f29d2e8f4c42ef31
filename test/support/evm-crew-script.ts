// The script of evm-crew.ts as a module that worker threads can run, which know no TypeScript.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';
import { root } from '../../scripts/fingerprint.mjs';

/** Bundles the script and returns its URL, for `EvmCrew.start`. */
export async function evmCrewScript(): Promise<string> {
  const folder = join(root, 'build/scripts');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `evm-crew.${process.pid}.mjs`);
  await build({
    input: join(root, 'test/support/evm-crew.ts'),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    output: { file, format: 'esm' },
    logLevel: 'warn',
  });
  return pathToFileURL(file).href;
}
