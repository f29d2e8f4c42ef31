// Fingerprints of files, and build products that are made again only when what they were made from has changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the checkout, absolute. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

/**
 * All files below the given files and folders, absolute and sorted. A path that does not exist has none.
 * @param {...string} paths relative to the checkout
 * @returns {string[]}
 */
export function filesOf(...paths) {
  const files = paths.flatMap((path) => {
    const absolute = join(root, path);
    if (!existsSync(absolute)) return [];
    const entries = readdirSyncOrNone(absolute);
    if (entries === undefined) return [absolute];
    return entries.flatMap((entry) => filesOf(join(path, entry)));
  });
  return files.sort();
}

/** @param {string} path */
function readdirSyncOrNone(path) {
  try {
    return readdirSync(path);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * One hash over names and contents of files, and over anything else that the product depends on.
 * @param {readonly string[]} files absolute paths; a missing one counts as missing
 * @param {...unknown} rest JSON-serialisable
 * @returns {string}
 */
export function fingerprint(files, ...rest) {
  const hash = createHash('sha256').update(JSON.stringify(rest));
  for (const file of files) {
    hash.update(`\0${relative(root, file)}\0`);
    hash.update(existsSync(file) ? readFileSync(file) : 'missing');
  }
  return hash.digest('hex');
}

/**
 * Writes a file so that other processes see either the old or the new content, never a part.
 * @param {string} path
 * @param {string | Uint8Array} content
 */
export function replaceFile(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
