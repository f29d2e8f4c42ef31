// The ways to run blocks that are simulated, in one list: whatever options an engine has can stand here.

import { type AccessKey, type AccessOracle, fromHints } from '../../../src/access/access-oracle.ts';
import { fromBlockAccessList } from '../../../src/access/block-access-list-oracle.ts';
import { staticAnalysis } from '../../../src/access/static-analysis.ts';
import { hexFromBytes } from '../../../src/base/hex.ts';
import { Kind } from '../../../src/core/instance/abi.ts';
import type { EngineOptions } from '../../../src/types.ts';
import { type RecordedBlock, seesValue } from './recorded-block.ts';

export interface Policy {
  readonly name: string;
  /** In words, for `--help`. */
  readonly text: string;
  /** Options of the engine that runs the blocks, one after the other. */
  readonly options?: EngineOptions;
  /** What is known of a block before it runs. */
  readonly oracleOf?: (block: RecordedBlock) => AccessOracle;
  /** How often the engine has run all the blocks before the time that counts. Default 0. */
  readonly before?: number;
}

export const POLICIES: readonly Policy[] = [
  { name: 'default', text: 'the engine as it comes' },
  { name: 'window 32', text: 'at most 32 transactions ahead of the first uncommitted one', options: { window: 32 } },
  { name: 'window 256', text: 'at most 256 ahead', options: { window: 256 } },
  { name: 'static', text: 'an oracle that knows selectors: staticAnalysis()', oracleOf: () => staticAnalysis() },
  {
    name: 'learned',
    text: 'what the engine has learned of the same blocks before',
    options: { learning: true },
    before: 1,
  },
  {
    name: 'learning',
    text: 'what the engine learns as it goes: each block is new to it',
    options: { learning: true },
  },
  { name: 'accesses', text: 'an oracle that knows what each reads and writes, but no values', oracleOf: accessesOf },
  { name: 'list', text: 'the true access list of the block (EIP-7928)', oracleOf: listOf },
];

/** The options by which an engine shares a block out, each with another value than the default, which comes first. */
export const OPTIONS: readonly Policy[] = [
  POLICIES[0]!,
  ...(
    [
      { scheduling: 'ordered' },
      { scheduling: 'partitioned' },
      { loadBalancing: false },
      { scheduling: 'partitioned', loadBalancing: false },
      { validation: 'lazy' },
      { validation: 'batched', validationBatch: 4 },
      { validation: 'batched', validationBatch: 16 },
      { validation: 'batched', validationBatch: 64 },
      { conflictDetection: 'exact' },
      { foldInterval: 1 },
      { foldInterval: 65536 },
      { window: 32 },
      { window: 128 },
      { window: 256 },
      { window: 4096 },
      { workersPerBlock: 'all' },
    ] as const
  ).map((options) => {
    const name = Object.entries(options)
      .map(([option, value]) => `${option}: ${value}`)
      .join(', ');
    return { name, text: 'the option', options };
  }),
];

function listOf({ result }: RecordedBlock): AccessOracle {
  return fromBlockAccessList(result.blockAccessList!);
}

/** What each transaction has really read, written and credited: what a learner could know at best. */
function accessesOf(block: RecordedBlock): AccessOracle {
  const { first, result } = block;
  const tasks = block.tasks.slice(first, first + result.transactions.length);
  const hints = tasks.map(({ reads, writes }, index) => {
    const prediction = {
      reads: keysOf(
        block,
        reads.filter(({ kind }) => seesValue(kind)),
      ),
      writes: keysOf(
        block,
        writes.filter(({ credited }) => !credited),
      ),
      credits: keysOf(
        block,
        writes.filter(({ credited }) => credited),
      ),
    };
    return [index, prediction] as const;
  });
  return fromHints(new Map(hints));
}

const NAMES: Readonly<Record<number, 'balance' | 'nonce' | 'code'>> = {
  [Kind.BALANCE]: 'balance',
  [Kind.NONCE]: 'nonce',
  [Kind.CODE]: 'code',
};

function keysOf({ places }: RecordedBlock, accesses: readonly { readonly place: number }[]): AccessKey[] {
  return accesses.flatMap(({ place }): AccessKey[] => {
    const { kind, address, slot } = places[place]!;
    const name = NAMES[kind];
    if (name !== undefined) return [{ kind: name, address: hexFromBytes(address) }];
    if (kind !== Kind.STORAGE) return [];
    return [{ kind: 'storage', address: hexFromBytes(address), slot: hexFromBytes(slot) }];
  });
}
