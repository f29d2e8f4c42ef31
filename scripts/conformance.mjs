// Runs Ethereum's conformance vectors from the checkout: `node scripts/conformance.mjs [OPTIONS]` (see test/conformance/run.ts).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';
import { root } from './fingerprint.mjs';

const entry = process.env.PEVM_ENTRY ?? 'test/conformance/run.ts';
const outDir = join(root, 'build/scripts');
mkdirSync(outDir, { recursive: true });
const file = join(outDir, `${entry.replaceAll('/', '.')}.${process.pid}.mjs`);
await build({
  input: join(root, entry),
  platform: 'node',
  external: (id) => (!id.startsWith('.') && !id.startsWith('/') ? true : id.endsWith('.mjs')),
  output: { file, format: 'esm' },
  logLevel: 'warn',
});
await import(pathToFileURL(file).href);
