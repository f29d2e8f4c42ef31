// Runs the command line from the checkout, building what is missing: `node scripts/pevm.mjs COMMAND [OPTIONS]`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './fingerprint.mjs';
import { buildLibrary } from './library.mjs';

if (!existsSync(join(root, 'dist/cli.js'))) process.stderr.write('Building the library …\n');
await buildLibrary({ types: false });
await import(pathToFileURL(join(root, 'dist/cli.js')).href);
