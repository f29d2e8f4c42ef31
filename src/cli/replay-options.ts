// The options of `pevm replay`: their definitions, and how they are read.
import { type CommandDef, defineCommand, parseArgs } from 'citty';
import { InputError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { HARDFORKS, type Hardfork } from '../index.ts';
import { type TrafficKind, type TrafficOptions, trafficKinds } from '../traffic/index.ts';
import { checkArguments, type Example, positionalsOf, readNumber } from './arguments.ts';
import { type EngineFlags, engineArguments, readEngineFlags } from './configuration.ts';
import type { Rounds } from './measurement.ts';
import type { StateTrust } from './post-state.ts';
import { type ProfilingFlags, profilingArguments, readProfilingFlags } from './profiling.ts';
import type { WitnessFlags } from './subject.ts';
import { type BlockRange, readBlockRange } from './verified-range.ts';

export interface ChainOptions {
  readonly urls: readonly string[];
  readonly range: BlockRange;
  /** Where it is written how far the replay has come. */
  readonly resume?: string;
  /** Of chains whose forks are not known. */
  readonly hardfork?: Hardfork;
  /** Whether what blocks change is compared with the node's state after them, and who is believed. */
  readonly verifyState?: StateTrust;
}

export interface ReplayOptions {
  /** Paths; none for the traffic block. */
  readonly files: readonly string[];
  readonly engine: EngineFlags;
  readonly json: boolean;
  readonly rounds: Rounds;
  readonly traffic: TrafficOptions;
  /** Where to write the traffic block. */
  readonly save?: string;
  /** Blocks of a node, in place of files. */
  readonly chain?: ChainOptions;
  readonly profiling?: ProfilingFlags;
  /** In place of the state of the one file. */
  readonly witness?: WitnessFlags;
}

const TRAFFIC_FLAGS = ['transactions', 'conflict-rate', 'seed', 'mix', 'save'];
const CHAIN_FLAGS = ['block', 'hardfork', 'resume', 'verify-state'];

export const replayCommand = defineCommand({
  meta: { name: 'replay', description: 'run blocks in parallel and check what comes out' },
  args: {
    file: {
      type: 'positional',
      required: false,
      description: 'block files (.json or .json.gz); without one, a block of realistic traffic is built',
    },
    ...engineArguments,
    executor: {
      type: 'string',
      alias: 'e',
      valueHint: 'NAME',
      description: 'wasm (default) or ethereumjs, or an executor module by path or URL',
    },
    audit: { type: 'boolean', description: 'run every block by ethereumjs too, in the engine, and compare' },
    sequential: {
      type: 'boolean',
      description: 'also run plain sequential ethereumjs and compare; without a file this is always done',
    },
    json: { type: 'boolean', description: 'one JSON object per block and line' },
    ...profilingArguments,
    repeat: { type: 'string', alias: 'r', valueHint: 'N', description: 'rounds that count (3 when comparing, else 1)' },
    'warm-up': {
      type: 'string',
      valueHint: 'N',
      description: 'rounds before that do not count (2 when comparing, else 0)',
    },
    transactions: { type: 'string', alias: 'n', valueHint: 'N', description: 'size of the traffic block (200)' },
    'conflict-rate': {
      type: 'string',
      alias: 'c',
      valueHint: 'R',
      description: 'share of it that uses what others use too, 0 to 1 (0.2)',
    },
    seed: { type: 'string', alias: 's', valueHint: 'S', description: 'equal seeds give equal traffic blocks (1)' },
    mix: { type: 'string', valueHint: 'KIND=W,…', description: `weights of ${Object.keys(trafficKinds).join(', ')}` },
    save: { type: 'string', valueHint: 'FILE', description: 'write the traffic block as a block file' },
    witness: {
      type: 'string',
      valueHint: 'FILE',
      description:
        'execute the block of the file on this witness (an answer to debug_executionWitness, .json or .json.gz), without its state',
    },
    superfluous: {
      type: 'string',
      valueHint: 'HOW',
      description: 'what of the witness the block does not take: refuse (default), or ignore (answers of reth)',
    },
    rpc: {
      type: 'string',
      valueHint: 'URL,…',
      description:
        'blocks of this node, in place of files; several nodes: the first is asked, the others where it fails',
    },
    block: {
      type: 'string',
      alias: 'b',
      valueHint: 'N|N..M|latest',
      description: 'which blocks of the node: a number or hash, a range (also N..latest), or the newest (default)',
    },
    hardfork: { type: 'string', valueHint: 'NAME', description: 'fork of a chain that is not known; default auto' },
    resume: {
      type: 'string',
      valueHint: 'FILE',
      description: 'write how far the range is verified to this file, and go on from there when it exists',
    },
    'verify-state': {
      type: 'string',
      valueHint: 'HOW',
      description:
        'also compare what each block changes with the state of the node after it; proofs: proven by eth_getProof against the state root; reads: the node is believed',
    },
  },
});

export const replayExamples: readonly Example[] = [
  ['replay', 'a block of realistic traffic, beside sequential ethereumjs'],
  ['replay -n 2000 -c 0.5 --workers 4', 'a larger one, of which half conflicts'],
  ['replay blocks/*.json.gz --json', 'files, one JSON object for each'],
  ['replay --rpc https://node.example --block 20000000..20000009', 'ten blocks of a node, each verified'],
  ['replay block.json --witness witness.json', 'a block without its state'],
];

export const replayNotes = [
  'Times are wall clock, from handing the block over to holding the receipts, with the state before the block in memory. A fresh process starts with cold compilers; when comparing, both ways therefore run warm-up rounds first (the workers so often that each has seen as many transactions as the sequential run), then take turns, and the medians are shown.',
  'With --rpc the blocks are executed one after the other in one world over the node, on the state after the block before the first, and each is verified before the next one counts: gas, receipts root, bloom, requests and what else its header says. It ends at the first one that is not right. A state root takes a state that is known as a whole; --verify-state compares what the blocks change instead, and sees nothing of what they should have changed and did not.',
  'With --witness the block file needs no pre: all that the block reads is proven against the state root in the header of its parent, and what comes out is compared with its own header, the state root included. What the witness lacks, or what is false or too much in it, is named.',
  'Exit code: 0 if every block is right, 1 if one is not, 2 for wrong usage or input.',
];

/** @throws {InputError} that names the flag */
export function readReplayOptions(raw: readonly string[]): ReplayOptions {
  const definitions = replayCommand.args as NonNullable<CommandDef['args']> & Record<string, object>;
  checkArguments(raw, definitions);
  const given = parseArgs([...raw], definitions) as Readonly<Record<string, string | boolean | undefined>>;
  const text = (name: string) => given[name] as string | undefined;
  const files = positionalsOf(raw, definitions);
  if (files.length > 0) {
    for (const name of TRAFFIC_FLAGS) {
      if (given[name] !== undefined)
        throw new InputError(`--${name}`, 'is about the traffic block, but files are given');
    }
  }
  const profiling = readProfilingFlags(given, files.length);
  const chain = readChainOptions(given, files);
  const witness = readWitnessFlags(given, files);
  const sequential = given.sequential === true || files.length === 0;
  const count = (name: string, least: number, fallback: number) => {
    const value = text(name);
    return value === undefined ? fallback : readNumber(`--${name}`, value, { least, most: 1000, integer: true });
  };
  const save = text('save');
  const flags = readEngineFlags(given);
  const { preset = 'audit' } = flags.options;
  if (given.audit === true && preset !== 'audit')
    throw new InputError('--preset', `is "${preset}", and --audit is another`);
  return {
    files,
    engine: given.audit === true ? { ...flags, options: { ...flags.options, preset } } : flags,
    json: given.json === true,
    rounds: {
      sequential,
      repeat: count('repeat', 1, sequential ? 3 : 1),
      warmUp: count('warm-up', 0, sequential ? 2 : 0),
    },
    traffic: {
      transactions: readNumber('--transactions', text('transactions') ?? '200', {
        least: 1,
        most: 100_000,
        integer: true,
      }),
      conflictRate: readNumber('--conflict-rate', text('conflict-rate') ?? '0.2', { least: 0, most: 1 }),
      seed: text('seed') ?? '1',
      mix: readMix(text('mix')),
    },
    ...(save !== undefined && { save }),
    ...(chain !== undefined && { chain }),
    ...(profiling !== undefined && { profiling }),
    ...(witness !== undefined && { witness }),
  };
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

function readChainOptions(given: Given, files: readonly string[]): ChainOptions | undefined {
  const { rpc, block = 'latest', hardfork, resume, 'verify-state': trust } = given;
  if (typeof rpc !== 'string') {
    for (const name of CHAIN_FLAGS) {
      if (given[name] !== undefined) throw new InputError(`--${name}`, 'is about the blocks of a node: give its --rpc');
    }
    return undefined;
  }
  if (files.length > 0) throw new InputError('--rpc', 'blocks come from a node or from files, not from both');
  for (const name of [...TRAFFIC_FLAGS, 'audit', 'sequential', 'repeat', 'warm-up']) {
    if (given[name] !== undefined) throw new InputError(`--${name}`, 'does not go with --rpc');
  }
  const fork = hardfork === undefined ? undefined : readHardfork(String(hardfork));
  return {
    urls: rpc.split(','),
    range: readBlockRange(String(block)),
    ...(fork !== undefined && { hardfork: fork }),
    ...(typeof resume === 'string' && { resume }),
    ...(trust !== undefined && { verifyState: readTrust(String(trust)) }),
  };
}

function readWitnessFlags(given: Given, files: readonly string[]): WitnessFlags | undefined {
  const { witness, superfluous } = given;
  if (typeof witness !== 'string') {
    if (superfluous !== undefined) throw new InputError('--superfluous', 'is about a witness: give its --witness');
    return undefined;
  }
  if (files.length !== 1) throw new InputError('--witness', `is that of one block file, and ${files.length} are given`);
  for (const name of ['sequential', 'trace', 'flame', 'profile']) {
    if (given[name] !== undefined) throw new InputError(`--${name}`, 'takes the state, and does not go with --witness');
  }
  if (superfluous === undefined) return { file: witness };
  if (superfluous === 'refuse' || superfluous === 'ignore') return { file: witness, superfluous };
  throw new InputError('--superfluous', `expected refuse or ignore, not "${superfluous}"`);
}

export function readTrust(text: string): StateTrust {
  if (text === 'proofs' || text === 'reads') return text;
  throw new InputError('--verify-state', `expected proofs or reads, not "${text}"`);
}

/** `undefined`: by the chain's schedule. */
export function readHardfork(text: string): Hardfork | undefined {
  if (text === 'auto') return undefined;
  const found = HARDFORKS.find((name) => name === text);
  if (found !== undefined) return found;
  const meant = nearest(text, HARDFORKS);
  throw new InputError(
    '--hardfork',
    `there is no fork "${text}"${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}

function readMix(text: string | undefined): Partial<Record<TrafficKind, number>> {
  const mix: Partial<Record<TrafficKind, number>> = {};
  for (const part of text?.split(',') ?? []) {
    const [kind = '', weight = ''] = part.split('=');
    if (!Object.hasOwn(trafficKinds, kind)) {
      const meant = nearest(kind, Object.keys(trafficKinds));
      const hint =
        meant === undefined ? `the kinds are ${Object.keys(trafficKinds).join(', ')}` : `did you mean ${meant}?`;
      throw new InputError('--mix', `there is no kind "${kind}"; ${hint}`);
    }
    mix[kind as TrafficKind] = readNumber(`--mix ${kind}`, weight, { least: 0, most: 1_000_000 });
  }
  // whoever names kinds wants those only
  if (text === undefined) return mix;
  return Object.fromEntries(Object.keys(trafficKinds).map((kind) => [kind, mix[kind as TrafficKind] ?? 0]));
}
