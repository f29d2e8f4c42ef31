// The JSON-RPC cases of ../shared (execution-apis, and those made with geth), each pair asked of a world on their chain.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RLP } from '@ethereumjs/rlp';
import { type Hex, numberFromBytes } from '../../src/base/hex.ts';
import { parseBlockRlp } from '../../src/block/block-rlp.ts';
import type { TracingEngine } from '../../src/index.ts';
import { memoryState, type TracingWorld } from '../../src/index.ts';
import { archivedFiles } from './archive.ts';
import { forkOf } from './geth-config.ts';
import { sharedFolder } from './shared.ts';

/** One request, and what the clients agreed to answer. */
export interface RpcCase {
  readonly name: string;
  /** Only the shape of the answer counts. */
  readonly speconly: boolean;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly answer: { readonly result?: unknown; readonly error?: { readonly code: number; readonly data?: unknown } };
}

/** The cases of an archive whose path begins with one of the families. */
export async function rpcCases(
  archive: 'execution-apis' | 'rpc-geth',
  families: readonly string[],
): Promise<RpcCase[]> {
  const cases: RpcCase[] = [];
  for await (const { path, text } of archivedFiles(join(sharedFolder!, archive, 'cases.tar.gz'))) {
    const name = path.replace(/^\.\//, '').replace(/\.io$/, '');
    if (!families.some((family) => name.startsWith(`${family}/`))) continue;
    const lines = text.split('\n');
    const speconly = lines.some((line) => line.startsWith('//') && line.includes('speconly'));
    const requests = lines.filter((line) => line.startsWith('>> ')).map((line) => JSON.parse(line.slice(3)));
    const answers = lines.filter((line) => line.startsWith('<< ')).map((line) => JSON.parse(line.slice(3)));
    requests.forEach(({ method, params = [] }, i) => {
      cases.push({ name, speconly, method, params, answer: answers[i] });
    });
  }
  return cases;
}

/** The chain of ../shared/execution-apis in a world, with a snapshot after each block. */
export interface RpcChain {
  readonly world: TracingWorld;
  readonly head: number;
  /** Brings the world to the state after a block; never to a later one again. */
  goTo(block: number): Promise<void>;
  numberOf(hash: string): number | undefined;
}

export async function openRpcChain(engine: TracingEngine): Promise<RpcChain> {
  const folder = join(sharedFolder!, 'execution-apis');
  const genesis = JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8'));
  const { config, alloc, timestamp, gasLimit, coinbase, difficulty, mixHash } = genesis;
  const header = { number: '0x0', timestamp, gasLimit, miner: coinbase, difficulty, mixHash, parentHash: mixHash };
  const world = await engine.openWorld({ state: memoryState(alloc), chain: config, block: header as never });
  const snapshots = [world.snapshot()];
  const hashes: (Hex | undefined)[] = [undefined];
  for (const encoded of blocksIn(new Uint8Array(readFileSync(join(folder, 'chain.rlp'))))) {
    const [fields] = RLP.decode(encoded) as [Uint8Array[]];
    const field = (at: number) => numberFromBytes(fields[at]!);
    const isMerged = field(7) === 0n;
    const hardfork = forkOf({ ...config, terminalTotalDifficulty: isMerged ? 0 : 1 }, field(8), field(11));
    const block = parseBlockRlp(encoded, hardfork);
    await world.executeBlock({ block, blockReward: !isMerged, senders: 'recover' });
    hashes.push(block.hash);
    snapshots.push(world.snapshot());
  }
  return {
    world,
    head: snapshots.length - 1,
    async goTo(block) {
      await world.revert(snapshots[block]!);
    },
    numberOf: (hash) => (hashes.includes(hash as Hex) ? hashes.indexOf(hash as Hex) : undefined),
  };
}

function* blocksIn(bytes: Uint8Array): Generator<Uint8Array> {
  let rest = bytes;
  while (rest.length > 0) {
    const { data, remainder } = RLP.decode(rest, true);
    yield RLP.encode(data);
    rest = remainder;
  }
}

/** The block that a parameter names; `undefined`: one that is not there. */
export function blockOf(chain: RpcChain, tag: unknown): number | undefined {
  if (tag === undefined || tag === null || tag === 'latest' || tag === 'pending') return chain.head;
  if (tag === 'earliest') return 0;
  if (tag === 'safe' || tag === 'finalized') return chain.head;
  if (typeof tag === 'object') {
    const { blockNumber, blockHash } = tag as { blockNumber?: string; blockHash?: string };
    return blockHash === undefined ? blockOf(chain, blockNumber) : chain.numberOf(blockHash);
  }
  if (typeof tag === 'string' && tag.length === 66) return chain.numberOf(tag);
  return Number(tag) <= chain.head ? Number(tag) : undefined;
}

/** What is compared: everything but the texts of errors. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const sorted = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  const entries = sorted.map(([key, item]) => {
    if (key !== 'error' || typeof item !== 'object' || item === null) return [key, comparable(item)] as const;
    const { message: _, ...rest } = item as { message?: unknown };
    return [key, comparable(rest)] as const;
  });
  return Object.fromEntries(entries);
}

/** Numbers as quantities, as JSON-RPC has them. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, jsonOf(item)]])),
  );
}

/** The answer that an error is. */
export function errorAnswer(error: unknown): { error: { code: number; data?: unknown } } {
  const { code, data } = error as { code?: number; data?: unknown };
  if (code === undefined) throw error;
  return { error: { code, ...(data === undefined ? {} : { data }) } };
}
