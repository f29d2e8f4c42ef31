// Finds Prometheus and its checker for the tests, and takes them out of Debian's package where they are not installed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installed, unpackDebian } from './debian.mjs';
import { root } from './fingerprint.mjs';

const folder = join(root, 'build/prometheus');

/** @param {string} name @returns {string | undefined} */
function find(name) {
  const found = installed(name);
  if (found !== undefined) return found;
  const unpacked = join(folder, 'usr/bin', name);
  return existsSync(unpacked) || (unpackDebian(folder, ['prometheus']) && existsSync(unpacked)) ? unpacked : undefined;
}

/** Path of `promtool`; `undefined` where it is not installed and Debian's packages cannot be had. */
export const findPromtool = () => find('promtool');

/** Path of `prometheus`; `undefined` where it is not installed and Debian's packages cannot be had. */
export const findPrometheus = () => find('prometheus');
