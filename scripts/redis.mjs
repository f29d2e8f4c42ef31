// Finds a Redis server for the tests, and takes it out of Debian's packages where none is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './fingerprint.mjs';

const folder = join(root, 'build/redis');
const unpacked = join(folder, 'usr/bin/redis-server');
/** The server is a name of a program of the tools; the rest are libraries that few machines have. */
const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

/**
 * Path of `redis-server`, and the environment that it needs; `undefined` where it is not installed and Debian's packages
 * cannot be had.
 *
 * @returns {{ file: string, env: NodeJS.ProcessEnv } | undefined}
 */
export function findRedis() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const installed = folders.map((path) => join(path, 'redis-server')).find(existsSync);
  if (installed !== undefined) return { file: installed, env: process.env };
  if (!existsSync(unpacked) && !unpack()) return undefined;
  const libraries = join(folder, 'usr/lib');
  const paths = readdirSync(libraries).map((name) => join(libraries, name));
  const env = { ...process.env, LD_LIBRARY_PATH: [libraries, ...paths].join(':') };
  // A library more may be missing than Debian's slim images lack.
  return spawnSync(unpacked, ['--version'], { env }).status === 0 ? { file: unpacked, env } : undefined;
}

function unpack() {
  if (!existsSync('/etc/debian_version')) return false;
  process.stderr.write("No redis-server found: taking it out of Debian's package …\n");
  mkdirSync(folder, { recursive: true });
  const run = (/** @type {string} */ command, /** @type {string[]} */ ...parameters) =>
    spawnSync(command, parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (!run('apt-get', 'download', '-qq', ...packages)) {
    // The lists may be missing, or old.
    if (!run('apt-get', 'update', '-qq') || !run('apt-get', 'download', '-qq', ...packages)) return false;
  }
  const files = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  return files.every((file) => run('dpkg-deb', '-x', file, '.')) && existsSync(unpacked);
}
