// Everything that depends on where the code runs: Node, Deno, a browser page, a worker. The only file with such questions.

import type * as AsyncHooks from 'node:async_hooks';
import type * as ChildProcesses from 'node:child_process';
import type * as Files from 'node:fs';
import type * as FileSystem from 'node:fs/promises';
import type * as Urls from 'node:url';
import type * as WorkerThreads from 'node:worker_threads';
import { InputError, messageOf } from './errors.ts';

/** A started worker thread and the port to it. */
export interface Thread {
  readonly port: MessagePort;
  /** Ends the thread; browsers do not say when it really stopped. */
  terminate(): void;
  /** Settles when it really stopped; `undefined` where nobody says. */
  readonly gone: Promise<void> | undefined;
  /** Whether the process is to stay alive for this thread. */
  hold(held: boolean): void;
}

interface Referable {
  ref?(): void;
  unref?(): void;
}

interface NodeProcess {
  readonly versions?: { readonly node?: unknown };
  /** Electron: `renderer` for a page, which cannot start Node's threads. */
  readonly type?: unknown;
  readonly platform?: unknown;
  readonly pid?: number;
  getBuiltinModule?(name: string): unknown;
  /** Microseconds. */
  cpuUsage?(): { readonly user: number; readonly system: number };
  memoryUsage?(): { readonly rss: number };
}

const host = (globalThis as { process?: NodeProcess }).process;

/**
 * Whether this is Node, or Deno, which imports and reads as Node does. What a page has, as `document`, says nothing: tests
 * with jsdom or happy-dom have it in Node.
 */
function isNode(): boolean {
  try {
    return typeof host?.versions?.node === 'string' && host.type !== 'renderer';
  } catch {
    // Whatever was put in its place.
    return false;
  }
}

/** A module of Node; `undefined` where there is none. Asked for in a way that bundlers do not see. */
function nodeModule<T>(name: string): T | undefined {
  return isNode() ? (host?.getBuiltinModule?.(name) as T | undefined) : undefined;
}

/** Classes for what is compressed: a page's globals may stand in Node without them, as in Jest's jsdom. */
export function compressionClasses(): Pick<typeof globalThis, 'CompressionStream' | 'DecompressionStream'> {
  return typeof DecompressionStream === 'function' ? globalThis : nodeModule<typeof globalThis>('node:stream/web')!;
}

/** Node's threads (Deno has them too); `undefined` where there are none. */
function nodeThreads(): typeof WorkerThreads | undefined {
  return nodeModule('node:worker_threads');
}

/** How long a worker may take to say that it is up: slow machines start several at once, but pages have stand-ins that never answer. */
export function startLimitMs(): number {
  return nodeThreads() === undefined ? 8_000 : 30_000;
}

/** Whether workers can be started at all. */
export function hasWorkers(): boolean {
  return nodeThreads() !== undefined || typeof Worker === 'function';
}

/** Why memory cannot be shared with workers; `undefined` when it can. */
export function sharingProblem(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined') {
    return typeof document === 'undefined'
      ? 'there is no SharedArrayBuffer here'
      : 'the page is not cross-origin isolated (it needs the headers COOP: same-origin and COEP: require-corp)';
  }
  // Always; and Jest's page has no MessageChannel.
  if (nodeThreads() !== undefined) return undefined;
  // Posted, as it will be: WebKit refuses to clone shared memory, but posts it.
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(new WebAssembly.Memory({ initial: 0, maximum: 1, shared: true }));
    return undefined;
  } catch (error) {
    const why = messageOf(error);
    return `shared memory cannot be posted here (a page needs the headers COOP: same-origin and COEP: require-corp): ${why}`;
  } finally {
    port1.close();
    port2.close();
  }
}

/** Logical cores of the machine. */
export function coreCount(): number {
  const cores = navigatorCores();
  if (cores !== undefined && cores >= 1) return Math.floor(cores);
  const os = nodeModule<{ availableParallelism?(): number }>('node:os');
  return os?.availableParallelism?.() ?? 2;
}

/** Stand-ins for a page's `navigator` may be nothing, or throw where they are asked. */
function navigatorCores(): number | undefined {
  try {
    return Number(navigator.hardwareConcurrency);
  } catch {
    return undefined;
  }
}

/** What the process, workers included, has used so far; `undefined` where nobody tells. */
export function processUsage(): { readonly cpuMs: number; readonly residentBytes: number } | undefined {
  if (!isNode() || host?.cpuUsage === undefined || host.memoryUsage === undefined) return undefined;
  const { user, system } = host.cpuUsage();
  return { cpuMs: (user + system) / 1000, residentBytes: host.memoryUsage().rss };
}

/** The machine as Linux shows it in its files, and its programs. */
export interface Machine {
  /** Its number, which is that of its first thread too. */
  readonly process: number;
  /** @throws Error */
  read(path: string): string;
  list(path: string): string[];
  /** Rejects with what the program complained of. */
  run(program: string, words: readonly string[]): Promise<void>;
}

/** @throws Error with the reason, where nobody shows it */
export function linuxMachine(): Machine {
  const files = nodeModule<typeof Files>('node:fs');
  const processes = nodeModule<typeof ChildProcesses>('node:child_process');
  if (files === undefined || processes === undefined || host?.pid === undefined) {
    throw new Error('pages and their workers see no threads of the operating system');
  }
  if (host.platform !== 'linux') {
    throw new Error(`threads are placed on Linux alone, not on ${String(host.platform)}`);
  }
  return {
    process: host.pid,
    read: (path) => files.readFileSync(path, 'utf8'),
    list: (path) => files.readdirSync(path),
    run: (program, words) =>
      new Promise((resolve, reject) => {
        processes.execFile(program, [...words], (error, _, complaint) => {
          if (error === null) resolve();
          else reject(new Error(`${program}: ${complaint.trim() || messageOf(error)}`));
        });
      }),
  };
}

/** The number that Linux has for this thread. @throws Error where nobody tells */
export function threadNumber(): number {
  const files = nodeModule<typeof Files>('node:fs');
  if (files === undefined) throw new Error('pages and their workers see no threads of the operating system');
  const [, number] = /\/task\/(\d+)$/.exec(files.readlinkSync('/proc/thread-self')) ?? [];
  if (number === undefined) throw new Error('/proc does not number threads');
  return Number(number);
}

/** Whether this thread may sleep: all but a page's own. */
export function mayBlock(): boolean {
  return isNode() || typeof document === 'undefined';
}

/** A URL under which workers can import `source`, an ES module. Keep it: each call makes another. */
export function moduleUrl(source: string): string {
  if (isNode()) return dataUrl(source);
  return URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
}

function dataUrl(source: string): string {
  return `data:text/javascript;base64,${base64(source)}`;
}

/** Imports a module by its URL. Blobs, which Node cannot import, also where nobody has known it for Node. */
export async function importModule<T>(url: string): Promise<T> {
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ url);
  } catch (error) {
    if (!url.startsWith('blob:') || (error as { code?: unknown }).code !== 'ERR_UNSUPPORTED_ESM_URL_SCHEME')
      throw error;
    const source = dataUrl(await (await fetch(url)).text());
    return import(/* webpackIgnore: true */ /* @vite-ignore */ source);
  }
}

/** The files of this machine; `undefined`: there are none. */
export function localFiles(): typeof FileSystem | undefined {
  return nodeModule<typeof FileSystem>('node:fs/promises');
}

/** The bytes behind a file: URL, which Node's fetch does not know; everything else as it is. */
export async function readIfLocal<T>(source: T): Promise<T | Uint8Array<ArrayBuffer>> {
  const url = source instanceof URL || typeof source === 'string' ? String(source) : '';
  if (!url.startsWith('file:')) return source;
  const files = localFiles();
  const urls = nodeModule<typeof Urls>('node:url');
  if (files === undefined || urls === undefined) return source;
  try {
    return new Uint8Array(await files.readFile(urls.fileURLToPath(url)));
  } catch (error) {
    throw new InputError('options.assets.wasm', messageOf(error), {
      cause: error,
    });
  }
}

/**
 * Starts a worker from the URL of an ES module that calls {@link acceptPort}. `lost` is called once when the worker fails,
 * or ends by itself; not after `terminate`.
 */
export function startThread(url: string, lost: (reason: string) => void): Thread {
  const threads = nodeThreads();
  return threads === undefined ? startWebWorker(url, lost) : startNodeWorker(threads, url, lost);
}

/** Node's default is 48. Executors in JavaScript leave much garbage, and collecting it takes cores from the workers. */
const YOUNG_GENERATION_MIB = 64;

function startNodeWorker(threads: typeof WorkerThreads, url: string, lost: (reason: string) => void): Thread {
  // Loaders and inspectors of the parent are none of the worker's business.
  // Of Node itself: a page's URL, as jsdom brings it, is none to Node's workers.
  const NodeUrl = nodeModule<typeof Urls>('node:url')?.URL ?? URL;
  const worker = new threads.Worker(new NodeUrl(url), {
    execArgv: [],
    name: 'pevm',
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
  });
  const { port1, port2 } = new threads.MessageChannel();
  let over = false;
  const end = (reason: string): void => {
    if (over) return;
    over = true;
    lost(reason);
  };
  worker.on('error', (error: Error) => end(error.message));
  worker.on('messageerror', (error: Error) => end(error.message));
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', (code: number) => {
      end(`the worker ended with exit code ${code}`);
      resolve();
    });
  });
  worker.postMessage({ port: port2 }, [port2]);
  const referables: Referable[] = [worker, port1 as Referable];
  return {
    port: port1 as unknown as MessagePort,
    gone,
    terminate() {
      over = true;
      port1.close();
      void worker.terminate();
    },
    hold(held) {
      for (const referable of referables) held ? referable.ref?.() : referable.unref?.();
    },
  };
}

function startWebWorker(url: string, lost: (reason: string) => void): Thread {
  const worker = new Worker(url, { type: 'module', name: 'pevm' });
  const { port1, port2 } = new MessageChannel();
  let over = false;
  const end = (reason: string): void => {
    if (over) return;
    over = true;
    lost(reason);
  };
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    end(
      event.message ||
        'the worker script could not be loaded, perhaps because of a content security policy: see options.assets',
    );
  });
  worker.addEventListener('messageerror', () => end('a message could not be read'));
  worker.postMessage({ port: port2 }, [port2]);
  return {
    port: port1,
    gone: undefined,
    terminate() {
      over = true;
      port1.close();
      worker.terminate();
    },
    hold() {},
  };
}

/** In a worker: waits for the port of whoever started it. */
export function acceptPort(): Promise<MessagePort> {
  const parent = nodeThreads()?.parentPort;
  return new Promise((resolve) => {
    if (parent !== undefined && parent !== null) {
      parent.once('message', ({ port }: { port: MessagePort }) => resolve(port));
      return;
    }
    const scope = globalThis as unknown as EventTarget;
    scope.addEventListener('message', (event) => resolve((event as MessageEvent<{ port: MessagePort }>).data.port), {
      once: true,
    });
  });
}

/** A value that whatever is called on its account can see, through promises, timers and events too where the platform can. */
export interface CallContext<T> {
  run<R>(value: T, body: () => R): R;
  current(): T | undefined;
}

/** Node and Deno follow asynchronous calls; elsewhere the value is seen until the first `await`. */
export function callContext<T>(): CallContext<T> {
  const hooks = host?.getBuiltinModule?.('node:async_hooks') as typeof AsyncHooks | undefined;
  if (hooks?.AsyncLocalStorage !== undefined) {
    const storage = new hooks.AsyncLocalStorage<T>();
    return { run: (value, body) => storage.run(value, body), current: () => storage.getStore() };
  }
  let current: T | undefined;
  return {
    run(value, body) {
      const before = current;
      current = value;
      try {
        return body();
      } finally {
        current = before;
      }
    },
    current: () => current,
  };
}

const immediate = (globalThis as { setImmediate?(call: () => void): unknown }).setImmediate;
let channel: MessageChannel | undefined;
let waiting: (() => void)[] = [];

/** Lets the event loop take a turn: timers, messages and rendering happen. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => {
    // In Node messages that follow each other closely keep timers waiting; in browsers, nested timers wait for 4 ms.
    if (immediate !== undefined) immediate(resolve);
    else postTurn(resolve);
  });
}

/** Calls after `delayMs`, if the process still lives: it does not wait for that. Returns how to call it off. */
export function later(delayMs: number, call: () => void): () => void {
  const timer: unknown = setTimeout(call, delayMs);
  (timer as Referable).unref?.();
  return () => clearTimeout(timer as number);
}

/** How long work may hold a thread that has other things to do. */
export const TURN_MS = 8;

/** A rest for long work on such a thread: gives the event loop a turn when the last one was a while ago. */
export function turnTaker(): () => Promise<void> | undefined {
  let restedMs = performance.now();
  return () => {
    if (performance.now() - restedMs < TURN_MS) return undefined;
    return eventLoopTurn().then(() => {
      restedMs = performance.now();
    });
  };
}

function postTurn(resolve: () => void): void {
  if (typeof MessageChannel === 'undefined') {
    setTimeout(resolve);
    return;
  }
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const resolvers = waiting;
      waiting = [];
      for (const wake of resolvers) wake();
    };
  }
  waiting.push(resolve);
  channel.port2.postMessage(undefined);
}

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let letters = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(letters);
}
