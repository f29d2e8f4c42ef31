// A cache in a folder, in Node and Deno: one file per block and per code, to which lines are added.

import { InputError } from '../../base/errors.ts';
import { localFiles } from '../../base/platform.ts';
import { describe } from '../../base/reader.ts';
import type { StateCache } from './state-cache.ts';

/** Bytes of a file that is read; nobody's block touches as much. */
const MAXIMUM_BYTES = 256 * 2 ** 20;

/**
 * State is kept in files of a folder, which is made when it is needed; several processes may use it.
 * @throws InputError where there are no files
 */
export function fileCache(directory: string): StateCache {
  if (typeof directory !== 'string' || directory === '') {
    throw new InputError('directory', `expected a path, got ${describe(directory)}`);
  }
  const files = localFiles();
  if (files === undefined) throw new InputError('fileCache', 'there are no files here; indexedDbCache is for browsers');
  const pathOf = (name: string) => `${directory}/${name}`;
  let made: Promise<unknown> | undefined;
  return {
    async read(name) {
      try {
        const { size } = await files.stat(pathOf(name));
        if (size > MAXIMUM_BYTES) throw new InputError(pathOf(name), `more than ${MAXIMUM_BYTES} bytes`);
        return await files.readFile(pathOf(name), 'utf8');
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async append(name, text) {
      made ??= files.mkdir(directory, { recursive: true });
      await made;
      await files.appendFile(pathOf(name), text);
    },
  };
}
