// The options of `pevm range` and `pevm worker`: their definitions, and how they are read.
import { type CommandDef, defineCommand, parseArgs } from 'citty';
import { InputError } from '../base/errors.ts';
import type { Hardfork, RpcStateOptions } from '../index.ts';
import { checkArguments, type Example, positionalsOf, readNumber } from './arguments.ts';
import { type EngineFlags, engineArguments, readEngineFlags } from './configuration.ts';
import type { StateTrust } from './post-state.ts';
import { readHardfork, readTrust } from './replay-options.ts';
import { readBlockRange } from './verified-range.ts';

/** As `prefetch` of rpcState has them. */
type Prefetch = NonNullable<RpcStateOptions['prefetch']>;
const PREFETCH: readonly Prefetch[] = ['auto', 'prestate', 'accessList', 'guess', 'none'];

/** Where the queue is. */
export interface QueueAddress {
  readonly url: string;
  readonly name: string;
}

export interface RangeOptions {
  readonly first: bigint;
  readonly last: bigint | 'latest';
  readonly urls: readonly string[];
  /** Whether workers are told them. */
  readonly isUrlShared: boolean;
  readonly queue: QueueAddress;
  /** Blocks that one worker executes in a row. */
  readonly chunk: number;
  /** Chunks that are queued or done and not written yet, at most. */
  readonly ahead: number;
  /** Of each chunk. */
  readonly attempts: number;
  readonly hardfork?: Hardfork;
  readonly verifyState?: StateTrust;
  /** Instead of stdout. */
  readonly output?: string;
  readonly json: boolean;
}

export interface WorkerOptions {
  readonly queue: QueueAddress;
  /** Instead of the nodes that the queue names. */
  readonly urls?: readonly string[];
  /** What nodes are asked ahead. */
  readonly prefetch: Prefetch;
  /** Chunks under way at the same time. */
  readonly atOnce: number;
  /** After which silence a worker counts as lost. */
  readonly lostAfterMs: number;
  readonly engine: EngineFlags;
  readonly json: boolean;
}

const queueArguments = {
  queue: {
    type: 'string',
    valueHint: 'URL',
    description: 'the Redis server that holds the queue: redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// with TLS',
  },
  'queue-name': { type: 'string', valueHint: 'NAME', description: 'which queue there (pevm)' },
} as const;

export const rangeCommand = defineCommand({
  meta: { name: 'range', description: 'verify blocks of a node on many machines, by workers of one queue' },
  args: {
    range: { type: 'positional', required: false, description: 'which blocks: N..M, N..latest or N' },
    rpc: {
      type: 'string',
      valueHint: 'URL,…',
      description: 'the node that has them; several: the first is asked, the others where it fails',
    },
    'private-rpc': {
      type: 'boolean',
      description: 'do not write the URL of the node into the queue: each worker names its own',
    },
    ...queueArguments,
    output: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE',
      description: 'one JSON object per block and line, in order, here instead of stdout; goes on where the file ends',
    },
    chunk: { type: 'string', valueHint: 'N', description: 'blocks that one worker executes in a row (16)' },
    ahead: { type: 'string', valueHint: 'N', description: 'chunks in the queue at most (64)' },
    attempts: {
      type: 'string',
      valueHint: 'N',
      description: 'tries for a chunk where node or worker fail, after 1 s, 2 s, 4 s … (5)',
    },
    hardfork: { type: 'string', valueHint: 'NAME', description: 'fork of a node whose chain is not a known one' },
    'verify-state': { type: 'string', valueHint: 'HOW', description: 'proofs or reads, as of pevm replay' },
    json: { type: 'boolean', description: 'the closing verdict as one JSON object, too' },
  },
});

export const rangeExamples: readonly Example[] = [
  [
    'range 20000000..20000999 --rpc https://node.example --queue redis://localhost',
    'a thousand blocks, lines to stdout',
  ],
  [
    'range 1..latest --rpc https://node.example --queue redis://localhost -o blocks.jsonl',
    'a file that goes on where it ends',
  ],
];

export const rangeNotes = [
  'Chunks are executed by pevm worker, each in a world over the node, and every block is verified as by pevm replay --rpc. Each block is one line of the output, once and in order; what is in the file is not asked for again, what a killed worker or an emptied Redis has lost is queued again. It ends at the first block that is not right.',
  'Exit code: 0 if every block is right, 1 if one is not or a chunk fails, 2 for wrong usage or input.',
];

export const workerCommand = defineCommand({
  meta: { name: 'worker', description: 'execute and verify blocks that pevm range has queued' },
  args: {
    ...queueArguments,
    rpc: { type: 'string', valueHint: 'URL,…', description: 'this node, instead of the one that the queue names' },
    prefetch: {
      type: 'string',
      valueHint: 'HOW',
      description: `what a node is asked of a block before it runs: ${PREFETCH.join(', ')} (auto)`,
    },
    'at-once': {
      type: 'string',
      valueHint: 'N',
      description: 'chunks under way at the same time: while some wait for the node, another executes (2)',
    },
    'lost-after': {
      type: 'string',
      valueHint: 'SECONDS',
      description: 'silence after which a worker counts as lost, and others take its chunks (30)',
    },
    ...engineArguments,
    json: { type: 'boolean', description: 'one JSON object per chunk and line' },
  },
});

export const workerExamples: readonly Example[] = [
  ['worker --queue redis://localhost', 'as many as there are machines'],
  ['worker --queue redis://localhost --rpc http://localhost:8545 --at-once 4', 'with a node of its own'],
];

export const workerNotes = [
  'It runs until Ctrl-C or SIGTERM: then it takes no more, and ends with what is under way; the second time it ends at once.',
  'Exit code: 0 then, 2 for wrong usage or input.',
];

type Given = Readonly<Record<string, string | boolean | undefined>>;
type Definitions = NonNullable<CommandDef['args']> & Record<string, object>;

/** @throws {InputError} that names the flag */
export function readRangeOptions(raw: readonly string[]): RangeOptions {
  const definitions = rangeCommand.args as Definitions;
  checkArguments(raw, definitions);
  const [text, stray] = positionalsOf(raw, definitions);
  if (stray !== undefined) throw new InputError(stray, 'one range at a time');
  if (text === undefined) throw new InputError('RANGE', 'which blocks? N..M, N..latest or N');
  const range = readBlockRange(text, 'RANGE');
  if (range === 'latest' || 'hash' in range) throw new InputError('RANGE', `expected numbers, as N..M, not "${text}"`);
  const given = parseArgs([...raw], definitions) as Given;
  const { rpc, output, 'verify-state': trust } = given;
  const hardfork = typeof given.hardfork === 'string' ? readHardfork(given.hardfork) : undefined;
  if (typeof rpc !== 'string') throw new InputError('--rpc', 'which node has the blocks?');
  return {
    ...range,
    urls: rpc.split(','),
    isUrlShared: given['private-rpc'] !== true,
    queue: readQueue(given),
    chunk: count(given, 'chunk', 16, 10_000),
    ahead: count(given, 'ahead', 64, 100_000),
    attempts: count(given, 'attempts', 5, 100),
    ...(hardfork !== undefined && { hardfork }),
    ...(typeof trust === 'string' && { verifyState: readTrust(trust) }),
    ...(typeof output === 'string' && { output }),
    json: given.json === true,
  };
}

/** @throws {InputError} that names the flag */
export function readWorkerOptions(raw: readonly string[]): WorkerOptions {
  const definitions = workerCommand.args as Definitions;
  checkArguments(raw, definitions);
  const [stray] = positionalsOf(raw, definitions);
  if (stray !== undefined) throw new InputError(stray, 'there is nothing to say without a flag');
  const given = parseArgs([...raw], definitions) as Given;
  return {
    queue: readQueue(given),
    ...(typeof given.rpc === 'string' && { urls: given.rpc.split(',') }),
    prefetch: readPrefetch(given),
    atOnce: count(given, 'at-once', 2, 64),
    lostAfterMs: count(given, 'lost-after', 30, 86_400) * 1000,
    engine: readEngineFlags(given),
    json: given.json === true,
  };
}

function readPrefetch({ prefetch: text = 'auto' }: Given): Prefetch {
  const found = PREFETCH.find((name) => name === text);
  if (found === undefined) throw new InputError('--prefetch', `expected one of ${PREFETCH.join(', ')}, not "${text}"`);
  return found;
}

function count(given: Given, name: string, fallback: number, most: number): number {
  const text = given[name];
  return typeof text === 'string' ? readNumber(`--${name}`, text, { least: 1, most, integer: true }) : fallback;
}

function readQueue(given: Given): QueueAddress {
  const { queue, 'queue-name': name = 'pevm' } = given as Readonly<Record<string, string | undefined>>;
  if (queue === undefined) throw new InputError('--queue', 'where is it? redis://HOST[:PORT][/DB]');
  let url: URL;
  try {
    url = new URL(queue);
  } catch {
    throw new InputError('--queue', 'expected a URL as redis://HOST[:PORT][/DB]');
  }
  // The URL may hold a password: messages name what is wrong alone.
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new InputError('--queue', `expected redis:// or rediss://, not ${url.protocol}//`);
  }
  if (url.hostname === '') throw new InputError('--queue', 'names no host');
  if (!/^\/?(\d{1,5})?$/.test(url.pathname)) {
    throw new InputError('--queue', `expected the number of a database after the host, not ${url.pathname}`);
  }
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new InputError('--queue-name', `expected up to 64 letters, digits and "._-", not "${name}"`);
  }
  return { url: queue, name };
}
