// The package as npm packs it, installed into a folder of a user's. It lies in the checkout, whose packages are those of the user.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source.ts';

export interface Installed {
  /** The user's folder. */
  readonly folder: string;
  /** The package in it. */
  readonly path: string;
  readonly tarball: Uint8Array<ArrayBuffer>;
  /** Files of the package. */
  readonly files: readonly string[];
}

/** Packs the built library, and unpacks it where an installation would. */
export function installPackage(place: string): Installed {
  const folder = join(root, 'build', place, 'consumer');
  const path = join(folder, 'node_modules/pevm-wasm');
  rmSync(join(root, 'build', place), { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  const parameters = ['pack', '--json', '--ignore-scripts', '--pack-destination', join(root, 'build', place)];
  const [pack] = JSON.parse(
    execFileSync('npm', parameters, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' }),
  );
  const file = join(root, 'build', place, pack.filename);
  execFileSync('tar', ['-xzf', file, '-C', path, '--strip-components=1']);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const tarball = new Uint8Array(readFileSync(file));
  return { folder, path, tarball, files: pack.files.map(({ path }: { path: string }) => path) };
}
