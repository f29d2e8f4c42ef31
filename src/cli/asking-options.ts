// The options of `pevm preview` and `pevm trace`: their definitions, and how they are read.
import { type CommandDef, defineCommand, parseArgs } from 'citty';
import { InputError } from '../base/errors.ts';
import type { PreviewOptions } from '../index.ts';
import { checkArguments, checkHttpUrl, type Example, positionalsOf, readNumber } from './arguments.ts';
import { configurationArgument } from './configuration.ts';

/** Where the state is. */
export interface Place {
  readonly rpc: string | undefined;
  /** Of the node: after which block. */
  readonly block: number | undefined;
  readonly genesis: string | undefined;
  /** A block file: the state before it. */
  readonly file: string | undefined;
}

export interface PreviewCommandOptions extends Place {
  /** Path, `-`, hex, or the transaction itself. */
  readonly request: string | Readonly<Record<string, string>>;
  readonly abi: string | undefined;
  readonly options: Pick<PreviewOptions, 'verifyBalances' | 'accounts'>;
  readonly json: boolean;
  /** The file of the configuration. */
  readonly config: string | undefined;
}

export interface TraceCommandOptions extends Place {
  readonly hash: string | undefined;
  readonly index: number | undefined;
  readonly tracer: TracerWord;
  readonly json: boolean;
  /** The file of the configuration. */
  readonly config: string | undefined;
}

export const TRACERS = ['callTracer', 'prestateTracer', 'flatCallTracer', '4byteTracer', 'structLogs'] as const;
export type TracerWord = (typeof TRACERS)[number];

const WHERE = {
  rpc: { type: 'string', valueHint: 'URL', description: 'a node that has the state' },
  file: { type: 'string', valueHint: 'FILE', description: 'a block file: the state before its block' },
} as const;
const JSON_FLAG = { type: 'boolean', description: 'one JSON object on stdout' } as const;

export const previewCommand = defineCommand({
  meta: { name: 'preview', description: 'say what a transaction would do' },
  args: {
    request: {
      type: 'positional',
      description: 'a signed transaction in hex, or a file with a request, or a list of them, as JSON; -: stdin',
      required: false,
    },
    ...WHERE,
    block: { type: 'string', valueHint: 'N', description: 'after which block of the node (the latest)' },
    genesis: { type: 'string', valueHint: 'FILE', description: 'a genesis file of geth, and the state in it' },
    from: { type: 'string', valueHint: 'ADDRESS', description: 'who sends, instead of REQUEST' },
    to: { type: 'string', valueHint: 'ADDRESS', description: 'whom; without it a contract is made' },
    value: { type: 'string', valueHint: 'WEI', description: 'how much' },
    data: { type: 'string', valueHint: 'HEX', description: 'call data, or init code' },
    gas: { type: 'string', valueHint: 'N', description: 'the limit (what there can be)' },
    abi: { type: 'string', valueHint: 'FILE', description: 'a JSON ABI, or an artifact with one, for custom errors' },
    accounts: { type: 'string', valueHint: 'ADDRESS,…', description: "whose assets and approvals (everybody's)" },
    'verify-balances': { type: 'boolean', description: 'ask tokens what everybody has, before and after' },
    ...configurationArgument,
    json: JSON_FLAG,
  },
});

export const previewExamples: readonly Example[] = [
  ['preview 0x02f8… --rpc https://node.example', 'a signed transaction, on the newest state of a node'],
  ['preview --from 0xA… --to 0xB… --value 1000 --rpc https://node.example', 'one that is not signed'],
  ['preview request.json --file block.json.gz --json', 'a request in a file, before a block of a file, for programs'],
];

export const previewNotes = [
  'Exit code: 0 if it would succeed, 1 if it would fail or the node does, 2 for wrong usage or input.',
];

export const traceCommand = defineCommand({
  meta: { name: 'trace', description: 'say what a transaction of a block did' },
  args: {
    hash: { type: 'positional', description: 'of a transaction that the node knows', required: false },
    ...WHERE,
    index: { type: 'string', alias: 'i', valueHint: 'K', description: 'which transaction of the block file (0)' },
    tracer: { type: 'string', alias: 't', valueHint: 'NAME', description: `${TRACERS.join(', ')} (callTracer)` },
    ...configurationArgument,
    json: JSON_FLAG,
  },
});

export const traceExamples: readonly Example[] = [
  [`trace 0x${'ab'.repeat(4)}… --rpc https://node.example`, 'the calls of a transaction that the node knows'],
  [
    'trace --file block.json.gz --index 3 --tracer prestateTracer',
    'what the fourth transaction of a block file has read',
  ],
];

export const traceNotes = ['Exit code: 0, 1 if the node fails, 2 for wrong usage or input.'];

type Given = Readonly<Record<string, string | boolean | undefined>>;

function read(args: CommandDef['args'], raw: readonly string[]): { given: Given; word: string | undefined } {
  const definitions = args as NonNullable<CommandDef['args']> & Record<string, object>;
  checkArguments(raw, definitions);
  const [word, stray] = positionalsOf(raw, definitions);
  if (stray !== undefined) throw new InputError(stray, 'one is enough');
  return { given: parseArgs([...raw], definitions) as Given, word };
}

function placeOf(given: Given, names: readonly ('rpc' | 'file' | 'genesis')[]): Place {
  const [chosen, other] = names.filter((name) => given[name] !== undefined);
  if (chosen === undefined) throw new InputError(`--${names[0]}`, `missing; or --${names.slice(1).join(', --')}`);
  if (other !== undefined) throw new InputError(`--${other}`, `not together with --${chosen}`);
  const { rpc, file, genesis, block } = given as Readonly<Record<string, string | undefined>>;
  if (rpc !== undefined) checkHttpUrl('--rpc', rpc);
  if (block !== undefined && rpc === undefined) throw new InputError('--block', 'needs --rpc');
  const limits = { least: 0, most: Number.MAX_SAFE_INTEGER, integer: true };
  return { rpc, file, genesis, block: block === undefined ? undefined : readNumber('--block', block, limits) };
}

/** @throws {InputError} that names the flag */
export function readPreviewOptions(raw: readonly string[]): PreviewCommandOptions {
  const { given, word } = read(previewCommand.args, raw);
  const named = ['from', 'to', 'value', 'data', 'gas'].filter((name) => given[name] !== undefined);
  if (word !== undefined && named.length > 0) throw new InputError(`--${named[0]}`, 'not together with REQUEST');
  if (word === undefined && named.length === 0) throw new InputError('REQUEST', 'missing; or --from, --to, --data');
  const accounts = given.accounts as string | undefined;
  return {
    ...placeOf(given, ['rpc', 'genesis', 'file']),
    request: word ?? Object.fromEntries(named.map((name) => [name, given[name] as string])),
    abi: given.abi as string | undefined,
    options: {
      verifyBalances: given['verify-balances'] === true,
      ...(accounts === undefined ? {} : { accounts: accounts.split(',') }),
    },
    json: given.json === true,
    config: given.config as string | undefined,
  };
}

/** @throws {InputError} that names the flag */
export function readTraceOptions(raw: readonly string[]): TraceCommandOptions {
  const { given, word } = read(traceCommand.args, raw);
  const place = placeOf(given, ['rpc', 'file']);
  if (place.rpc !== undefined && !/^0x[0-9a-fA-F]{64}$/.test(word ?? '')) {
    throw new InputError('HASH', word === undefined ? 'missing' : `expected a hash of 32 bytes, not "${word}"`);
  }
  if (place.rpc !== undefined && given.index !== undefined) throw new InputError('--index', 'needs --file');
  if (place.file !== undefined && word !== undefined) throw new InputError(word, 'not together with --file');
  const tracer = (given.tracer as string | undefined) ?? 'callTracer';
  const known = TRACERS.find((name) => name === tracer);
  if (known === undefined) throw new InputError('--tracer', `there are ${TRACERS.join(', ')}, not "${tracer}"`);
  const limits = { least: 0, most: 0xffffffff, integer: true };
  const index = given.index as string | undefined;
  return {
    ...place,
    hash: word,
    index: index === undefined ? undefined : readNumber('--index', index, limits),
    tracer: known,
    json: given.json === true,
    config: given.config as string | undefined,
  };
}
