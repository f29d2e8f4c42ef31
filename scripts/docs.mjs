// `npm run docs`: the reference of the API from the docstrings, then the site, into docs/.vitepress/dist. `dev`: serves it.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, TSConfigReader, TypeDocReader } from 'typedoc';

const root = fileURLToPath(new URL('..', import.meta.url));
const mode = process.argv[2] ?? 'build';
if (!['api', 'build', 'dev'].includes(mode)) {
  console.error(`node scripts/docs.mjs [api|build|dev], not "${mode}"`);
  process.exit(2);
}

await makeReference();
if (mode !== 'api') process.exitCode = await vitepress(mode);

/** A warning is an error: a type that is spoken of and not exported, a link that leads nowhere. */
async function makeReference() {
  rmSync(join(root, 'docs/api'), { recursive: true, force: true });
  const options = join(root, 'docs/.vitepress/typedoc.json');
  const application = await Application.bootstrapWithPlugins({ options }, [new TypeDocReader(), new TSConfigReader()]);
  const project = await application.convert();
  if (project === undefined || application.logger.hasErrors() || application.logger.hasWarnings()) {
    console.error('docs: the reference of the API has errors or warnings');
    process.exit(1);
  }
  await application.generateOutputs(project);
  if (application.logger.hasErrors() || application.logger.hasWarnings()) process.exit(1);
}

/**
 * @param {string} command
 * @returns {Promise<number>} its exit code
 */
function vitepress(command) {
  const bin = join(root, 'node_modules/vitepress/bin/vitepress.js');
  const child = spawn(process.execPath, [bin, command, join(root, 'docs')], { stdio: 'inherit' });
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}
