// The options of `pevm serve`: their definitions, and how they are read.
import { type CommandDef, defineCommand, parseArgs } from 'citty';
import { InputError } from '../base/errors.ts';
import type { NodeOptions } from '../types.ts';
import { checkArguments, checkHttpUrl, type Example, positionalsOf, readNumber } from './arguments.ts';
import { type EngineFlags, engineArguments, readEngineFlags } from './configuration.ts';
import { readOrigin } from './rpc-server.ts';

export interface ServeOptions {
  readonly genesis?: string;
  readonly chain?: string;
  /** Of a node. */
  readonly fork?: string;
  readonly forkBlock?: number;
  readonly host: string;
  readonly port: number;
  readonly mining: NonNullable<NodeOptions['mining']>;
  readonly accounts: number;
  readonly chainId: number | undefined;
  readonly cors: readonly string[];
  readonly engine: EngineFlags;
  readonly json: boolean;
}

const MOST_ACCOUNTS = 10;

export const serveCommand = defineCommand({
  meta: { name: 'serve', description: 'answer JSON-RPC over HTTP and WebSocket' },
  args: {
    genesis: { type: 'string', valueHint: 'FILE', description: 'genesis file of geth; without one, a chain for tests' },
    chain: { type: 'string', valueHint: 'FILE', description: 'its blocks, RLP one behind the other; all are executed' },
    fork: {
      type: 'string',
      valueHint: 'URL',
      description: 'a node whose state it goes on from; accounts have funds all the same',
    },
    'fork-block': { type: 'string', valueHint: 'N', description: 'after which of its blocks (the latest)' },
    port: { type: 'string', alias: 'p', valueHint: 'N', description: 'where to listen (8545); 0: any that is free' },
    host: { type: 'string', valueHint: 'ADDRESS', description: 'on which address (127.0.0.1)' },
    mining: {
      type: 'string',
      valueHint: 'instant|none|MS',
      description:
        'when what is sent becomes a block: at once (the default), by evm_mine (the default with --chain), or every so many milliseconds',
    },
    accounts: { type: 'string', valueHint: 'N', description: 'accounts with funds, without --genesis (10)' },
    'chain-id': { type: 'string', valueHint: 'N', description: 'of the chain for tests (31337)' },
    cors: { type: 'string', valueHint: 'ORIGIN,…', description: 'pages that may ask, * for all (none)' },
    ...engineArguments,
    json: { type: 'boolean', description: 'say where it listens as one JSON object' },
  },
});

export const serveExamples: readonly Example[] = [
  ['serve', 'a chain for tests on port 8545, with ten accounts'],
  ['serve --fork https://node.example --fork-block 20000000', 'from a block of a node on'],
  ['serve --genesis genesis.json --chain chain.rlp --port 0 --json', 'a chain in files, on any free port'],
];

export const serveNotes = [
  'Anybody who can connect can spend what the accounts have and change the state: it listens on this machine alone, unless --host says otherwise, and pages of other origins are refused, unless --cors names them.',
  'It stops with Ctrl-C or SIGTERM. Exit code: 0 then, 1 if a block of --chain is not what its header says, 2 for wrong usage or input.',
];

/** @throws {InputError} that names the flag */
export function readServeOptions(raw: readonly string[]): ServeOptions {
  const definitions = serveCommand.args as NonNullable<CommandDef['args']> & Record<string, object>;
  checkArguments(raw, definitions);
  const [stray] = positionalsOf(raw, definitions);
  if (stray !== undefined) throw new InputError(stray, 'there is nothing to say without a flag');
  const given = parseArgs([...raw], definitions) as Readonly<Record<string, string | undefined>>;
  const count = (name: string, fallback: number, least: number, most: number) => {
    const text = given[name];
    return text === undefined ? fallback : readNumber(`--${name}`, text, { least, most, integer: true });
  };
  if (given.chain !== undefined && given.genesis === undefined) throw new InputError('--chain', 'needs --genesis');
  if (given['fork-block'] !== undefined && given.fork === undefined)
    throw new InputError('--fork-block', 'needs --fork');
  if (given.fork !== undefined) checkHttpUrl('--fork', given.fork);
  if (given.fork !== undefined && given['chain-id'] !== undefined) {
    throw new InputError('--chain-id', 'is said by the node');
  }
  if (given.genesis !== undefined) {
    if (given.fork !== undefined) throw new InputError('--fork', 'not together with --genesis');
    for (const name of ['accounts', 'chain-id']) {
      if (given[name] !== undefined) throw new InputError(`--${name}`, 'is said by the genesis file');
    }
  }
  // To Node no name is every address of the machine.
  if (given.host?.trim() === '') throw new InputError('--host', 'empty; expected an address, such as 127.0.0.1');
  return {
    ...(given.genesis !== undefined && { genesis: given.genesis }),
    ...(given.chain !== undefined && { chain: given.chain }),
    ...(given.fork !== undefined && { fork: given.fork }),
    ...(given['fork-block'] !== undefined && { forkBlock: count('fork-block', 0, 0, Number.MAX_SAFE_INTEGER) }),
    host: given.host ?? '127.0.0.1',
    port: count('port', 8545, 0, 65_535),
    mining: readMining(given.mining, given.chain === undefined ? 'instant' : 'none'),
    accounts: count('accounts', MOST_ACCOUNTS, 0, MOST_ACCOUNTS),
    chainId: given['chain-id'] === undefined ? undefined : count('chain-id', 1, 1, Number.MAX_SAFE_INTEGER),
    cors: (given.cors?.split(',') ?? []).map(readOrigin),
    engine: readEngineFlags(given),
    json: (given as Readonly<Record<string, unknown>>).json === true,
  };
}

function readMining(text: string | undefined, fallback: 'instant' | 'none'): ServeOptions['mining'] {
  if (text === undefined) return fallback;
  if (text === 'instant' || text === 'none') return text;
  if (!/^\d+$/.test(text)) throw new InputError('--mining', `must be instant, none or milliseconds, not "${text}"`);
  return { intervalMs: readNumber('--mining', text, { least: 1, most: 86_400_000, integer: true }) };
}
