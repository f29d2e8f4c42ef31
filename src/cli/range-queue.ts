// The queue of chunks, BullMQ on Redis: how it is reached, and what its jobs and their results hold.
import type { Job, Queue, QueueEvents, RedisOptions, Worker } from 'bullmq';
import { InputError, PevmError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { hash, integer, list, optional, plainObject, type Reader, record, required } from '../base/reader.ts';
import type { Hardfork } from '../index.ts';
import type { StateTrust } from './post-state.ts';
import type { QueueAddress } from './range-options.ts';
import { readHardfork, readTrust } from './replay-options.ts';
import type { ChainJsonLine } from './verified-blocks.ts';

/** Blocks that one worker executes one after the other. */
export interface Chunk {
  readonly chainId: number;
  readonly first: number;
  readonly last: number;
  /** Hash of the block before the first. */
  readonly parent: Hex;
  /** Of the last one. */
  readonly hash: Hex;
  readonly hardfork?: Hardfork;
  readonly verifyState?: StateTrust;
  /** Nodes that have them, unless each worker has its own. */
  readonly urls?: readonly string[];
}

/** What a worker says of one: a line for each block, up to the first one that is not right. */
export interface ChunkResult {
  /** Host and process. */
  readonly worker: string;
  readonly lines: readonly ChainJsonLine[];
}

/** Of another version of this program, which would mean something else. */
const FORMAT = 1;

const LARGEST = Number.MAX_SAFE_INTEGER;
const text: Reader<string> = (value, field) => {
  if (typeof value === 'string' && value.length <= 4096) return value;
  throw new InputError(field, 'expected a text');
};
const format: Reader<number> = (value, field) => {
  if (value === FORMAT) return value;
  throw new InputError(field, `is ${String(value)}, of another version of pevm; this one reads ${FORMAT}`);
};
const readJob = record({
  format: required(format),
  chainId: required(integer(LARGEST)),
  first: required(integer(LARGEST)),
  last: required(integer(LARGEST)),
  parent: required(hash),
  hash: required(hash),
  hardfork: optional((value) => readHardfork(String(value))),
  verifyState: optional((value) => readTrust(String(value))),
  urls: optional(list(text, 64)),
});

/** @throws InputError for what no `pevm range` of this version has written */
export function readChunk(data: unknown): Chunk {
  const { format: _, hardfork, ...chunk } = readJob(data, 'job');
  return { ...chunk, ...(hardfork !== undefined && { hardfork }) };
}

/** One line each, whose numbers are those of the blocks. @throws InputError */
export function readResult(value: unknown, { first, last }: Chunk): ChunkResult {
  const { format: version, worker, lines } = plainObject(value, 'result');
  format(version, 'result.format');
  if (!Array.isArray(lines) || lines.length === 0) throw new InputError('result.lines', 'expected one for each block');
  for (const [at, line] of lines.entries()) {
    const { number, ok } = plainObject(line, `result.lines[${at}]`);
    const isLast = at === lines.length - 1;
    if (number !== first + at) throw new InputError(`result.lines[${at}]`, `is not of block ${first + at}`);
    if (ok !== true && !isLast) throw new InputError(`result.lines[${at}]`, 'is wrong, and blocks come after it');
    if (ok === true && isLast && number !== last) throw new InputError('result.lines', `end before block ${last}`);
  }
  return { worker: text(worker, 'result.worker'), lines: lines as ChainJsonLine[] };
}

/** What a job holds, and what it comes to. */
export type StoredChunk = Chunk & { readonly format: number };
export type StoredResult = ChunkResult & { readonly format: number };
export type ChunkJob = Job<StoredChunk, StoredResult>;

export function stored<T extends Chunk | ChunkResult>(value: T): T & { readonly format: number } {
  return { format: FORMAT, ...value };
}

/** By the hash of the last block: of the same blocks of another branch, or by other rules, it is another. */
export function jobIdOf({ chainId, first, last, hash, hardfork, verifyState }: Chunk): string {
  return ['blocks', chainId, first, last, hash, hardfork ?? 'own', verifyState ?? 'none'].join('-');
}

interface Packages {
  readonly Queue: typeof Queue;
  readonly QueueEvents: typeof QueueEvents;
  readonly Worker: typeof Worker;
  readonly UnrecoverableError: typeof import('bullmq').UnrecoverableError;
}

/** A Redis server that answers, and what there is to open there. */
export interface OpenedQueue {
  readonly packages: Packages;
  readonly connection: RedisOptions;
  readonly name: string;
  /** Without user and password. */
  readonly address: string;
}

/** Milliseconds for the first answer. */
const FIRST_ANSWER_MS = 10_000;
const LONGEST_WAIT_MS = 2_000;

/** @throws InputError where the packages or the server are missing, or the server is none of Redis */
export async function openQueue({ url, name }: QueueAddress): Promise<OpenedQueue> {
  const { protocol, host } = new URL(url);
  const address = `${protocol}//${host}`;
  const [bullmq, { Redis }] = await Promise.all([
    missing('bullmq', import('bullmq')),
    missing('ioredis', import('ioredis')),
  ]);
  const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: FIRST_ANSWER_MS });
  let reason = '';
  probe.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.message;
  });
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${FIRST_ANSWER_MS / 1000} s`)), FIRST_ANSWER_MS);
  });
  try {
    await Promise.race([probe.connect().then(() => probe.ping()), silence]);
  } catch (cause) {
    throw new InputError('--queue', `cannot use ${address}: ${reason || (cause as Error).message}`, { cause });
  } finally {
    clearTimeout(timer);
    probe.disconnect();
  }
  return {
    packages: bullmq,
    connection: { url, retryStrategy: (times) => Math.min(100 * times, LONGEST_WAIT_MS) },
    name,
    address,
  };
}

async function missing<T>(name: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new InputError('--queue', `needs the package ${name}: npm install bullmq ioredis`, { cause });
  }
}

/** Says once that the server is gone, and once that it is back. */
export class Outage {
  readonly #say: (line: string) => void;
  readonly #address: string;
  #reason: string | undefined;

  constructor(address: string, say: (line: string) => void) {
    this.#address = address;
    this.#say = say;
  }

  begin(error: NodeJS.ErrnoException): void {
    const reason = error.code ?? error.message;
    if (this.#reason === undefined) this.#say(`note ${this.#address}: ${reason}; trying again`);
    this.#reason = reason;
  }

  end(): void {
    if (this.#reason !== undefined) this.#say(`note ${this.#address} answers again`);
    this.#reason = undefined;
  }
}

/** A chunk that nobody could execute. */
export class ChunkError extends PevmError {
  constructor({ first, last }: Pick<Chunk, 'first' | 'last'>, attempts: number, reason: string) {
    super(
      -38041,
      `${blocksNamed({ first, last })}: ${reason} (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'})`,
    );
  }
}

export function blocksNamed({ first, last }: Pick<Chunk, 'first' | 'last'>): string {
  return first === last ? `block ${first}` : `blocks ${first} to ${last}`;
}
