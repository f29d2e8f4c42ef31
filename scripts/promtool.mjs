// Finds Prometheus' own checker for the tests, and takes it out of Debian's package where none is installed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installed, unpackDebian } from './debian.mjs';
import { root } from './fingerprint.mjs';

const folder = join(root, 'build/prometheus');
const unpacked = join(folder, 'usr/bin/promtool');

/**
 * Path of `promtool`; `undefined` where it is not installed and Debian's packages cannot be had.
 *
 * @returns {string | undefined}
 */
export function findPromtool() {
  const found = installed('promtool');
  if (found !== undefined) return found;
  return existsSync(unpacked) || (unpackDebian(folder, ['prometheus']) && existsSync(unpacked)) ? unpacked : undefined;
}
