// Packages of others that we are compared with, installed from npm where they are used: dependencies of nobody who only builds or tests.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../scripts/fingerprint.mjs';

const INSTALL_LIMIT_MS = 300_000;

/**
 * The module of a package, in exactly that version, from `build/peers`; `undefined` where it cannot be installed or does not
 * run on this Node. `besides`: packages of the same version that it needs and does not name, as those of a platform.
 */
export async function peerModule<Module>(
  name: string,
  version: string,
  besides: readonly string[] = [],
): Promise<Module | undefined> {
  const names = [name, ...besides];
  const folder = join(root, 'build/peers', `${name.replace('/', '+')}-${version}`);
  if (!names.every((each) => existsSync(join(folder, 'node_modules', each)))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
    const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--prefix', folder];
    spawnSync('npm', ['install', ...options, ...names.map((each) => `${each}@${version}`)], {
      stdio: 'ignore',
      timeout: INSTALL_LIMIT_MS,
    });
  }
  try {
    const path = createRequire(join(folder, 'package.json')).resolve(name);
    return (await import(pathToFileURL(path).href)) as Module;
  } catch {
    return undefined;
  }
}
