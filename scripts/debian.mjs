// Takes programs out of Debian's packages into a folder, where the tests want them and nobody has installed them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @param {string} name of a program: its path, where one is installed */
export function installed(name) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((path) => join(path, name)).find(existsSync);
}

/**
 * Whether all of the packages could be had, and are unpacked in the folder.
 *
 * @param {string} folder
 * @param {readonly string[]} packages
 */
export function unpackDebian(folder, packages) {
  if (!existsSync('/etc/debian_version')) return false;
  const names = packages.join(', ');
  process.stderr.write(`Not installed: taking it out of Debian's packages (${names}) …\n`);
  mkdirSync(folder, { recursive: true });
  const run = (/** @type {string} */ command, /** @type {string[]} */ ...parameters) =>
    spawnSync(command, parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (!run('apt-get', 'download', '-qq', ...packages)) {
    // The lists may be missing, or old.
    if (!run('apt-get', 'update', '-qq') || !run('apt-get', 'download', '-qq', ...packages)) return false;
  }
  const files = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  return files.every((file) => run('dpkg-deb', '-x', file, '.'));
}
