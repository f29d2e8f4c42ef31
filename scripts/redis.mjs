// Finds a Redis server for the tests, and takes it out of Debian's packages where none is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installed, unpackDebian } from './debian.mjs';
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
  const found = installed('redis-server');
  if (found !== undefined) return { file: found, env: process.env };
  if (!existsSync(unpacked) && !(unpackDebian(folder, packages) && existsSync(unpacked))) return undefined;
  const libraries = join(folder, 'usr/lib');
  const paths = readdirSync(libraries).map((name) => join(libraries, name));
  const env = { ...process.env, LD_LIBRARY_PATH: [libraries, ...paths].join(':') };
  // A library more may be missing than Debian's slim images lack.
  return spawnSync(unpacked, ['--version'], { env }).status === 0 ? { file: unpacked, env } : undefined;
}
