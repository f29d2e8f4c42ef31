// A cache in the browser's database, for pages and workers.

import { InputError } from '../../base/errors.ts';
import { describe } from '../../base/reader.ts';
import type { StateCache } from './state-cache.ts';

/** As much of IndexedDB as is needed here; the types of browsers are not those of Node. */
interface Request<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface OpenRequest extends Request<Database> {
  onupgradeneeded: (() => void) | null;
  onblocked: (() => void) | null;
}
interface Store {
  add(value: Part): Request<unknown>;
  index(name: string): { getAll(key: string): Request<Part[]> };
  createIndex(name: string, path: string): unknown;
}
interface Database {
  createObjectStore(name: string, options: { autoIncrement: boolean }): Store;
  transaction(store: string, mode: 'readonly' | 'readwrite'): { objectStore(name: string): Store };
}
interface Factory {
  open(name: string, version: number): OpenRequest;
}
interface Part {
  readonly name: string;
  readonly text: string;
}

const STORE = 'parts';
const BY_NAME = 'name';

/** State is kept in the database of this name. @throws InputError where there is no IndexedDB */
export function indexedDbCache(name = 'pevm-state'): StateCache {
  if (typeof name !== 'string' || name === '') throw new InputError('name', `expected a name, got ${describe(name)}`);
  const { indexedDB } = globalThis as { indexedDB?: Factory };
  if (indexedDB === undefined) throw new InputError('indexedDbCache', 'there is no IndexedDB here');
  let opened: Promise<Database> | undefined;
  const open = () => {
    opened ??= openedDatabase(indexedDB, name);
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  return {
    async read(key) {
      const store = (await open()).transaction(STORE, 'readonly').objectStore(STORE);
      // In the order of their keys, which count up.
      const parts = await answered(store.index(BY_NAME).getAll(key));
      return parts.length === 0 ? undefined : parts.map(({ text }) => text).join('');
    },
    async append(key, text) {
      const store = (await open()).transaction(STORE, 'readwrite').objectStore(STORE);
      await answered(store.add({ name: key, text }));
    },
  };
}

function openedDatabase(factory: Factory, name: string): Promise<Database> {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { autoIncrement: true }).createIndex(BY_NAME, 'name');
  };
  return new Promise((resolve, reject) => {
    request.onblocked = () => reject(new Error(`the database ${name} is in use by an older page`));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function answered<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
