// Finds Prometheus' own checker for the tests, and takes it out of Debian's package where none is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './fingerprint.mjs';

const folder = join(root, 'build/prometheus');
const unpacked = join(folder, 'usr/bin/promtool');

/**
 * Path of `promtool`; `undefined` where it is not installed and Debian's packages cannot be had.
 *
 * @returns {string | undefined}
 */
export function findPromtool() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = [...folders.map((path) => join(path, 'promtool')), unpacked].find(existsSync);
  return found ?? unpack();
}

function unpack() {
  if (!existsSync('/etc/debian_version')) return undefined;
  process.stderr.write("No promtool found: taking it out of Debian's package prometheus …\n");
  mkdirSync(folder, { recursive: true });
  const run = (/** @type {string} */ command, /** @type {string[]} */ ...parameters) =>
    spawnSync(command, parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (!run('apt-get', 'download', '-qq', 'prometheus')) {
    // The lists may be missing, or old.
    if (!run('apt-get', 'update', '-qq') || !run('apt-get', 'download', '-qq', 'prometheus')) return undefined;
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.deb'));
  return file !== undefined && run('dpkg-deb', '-x', file, '.') && existsSync(unpacked) ? unpacked : undefined;
}
