// Where the time of one real block goes: the core alone in this thread, run over and over under V8's profiler.

import { Session } from 'node:inspector/promises';
import { sameBytes } from '../../src/base/hex.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import { planEvmBlock } from '../../src/job/evm-block.ts';
import { preparePrecompiles } from '../../src/precompiles/precompiles.ts';
import { EMPTY_CODE_HASH, type MemoryAccount } from '../../src/state/memory.ts';
import { type BaseValue, type CodeMap, EvmHost, Kind } from '../support/evm-host.ts';
import { fixed, percent, table } from './table.ts';

export interface ProfileFigures {
  name: string;
  /** Best milliseconds of execution, before the profiler was on. */
  executionMs: number;
  /** Share of the time spent in each function itself, most first. */
  functions: { name: string; share: number }[];
}

export interface ProfileOptions {
  rounds: number;
}

const SAMPLING_US = 100;

export async function measureProfile(
  name: string,
  file: BlockFile,
  { rounds }: ProfileOptions,
): Promise<ProfileFigures> {
  // The build that keeps the names of its functions.
  process.env.PEVM_TARGET ??= 'named';
  const { environment, transactions } = planEvmBlock({ ...file, senders: 'trust' });
  const { base, codes } = stateOf(file);
  await preparePrecompiles();
  const host = await EvmHost.create({ memoryMiB: 512, transactions: 1 << 15, locations: 1 << 18 });
  const run = () => {
    host.loadBlock(environment, transactions, base, codes);
    const start = performance.now();
    const answer = host.runBlock();
    return { answer, duration: performance.now() - start };
  };
  const { results } = host.collect(transactions.costs.length, run().answer);
  const gasUsed = results.reduce((sum, result) => sum + result.gasUsed, 0n);
  const steps = results.length - file.block.transactions.length;
  if (steps === 0 && gasUsed !== BigInt(file.block.gasUsed ?? '0x0')) throw new Error(`${name}: gas ${gasUsed}`);
  let executionMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) executionMs = Math.min(executionMs, run().duration);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_US });
  await session.post('Profiler.start');
  for (let round = 0; round < rounds; round++) run();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return { name, executionMs, functions: sharesOf(profile) };
}

type Profile = Awaited<ReturnType<typeof stopped>>['profile'];
const stopped = (session: Session) => session.post('Profiler.stop');

/** Self time per function below the execution of the block. */
function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profile): ProfileFigures['functions'] {
  const inBlock = new Set<number>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (id: number, inside: boolean) => {
    const node = byId.get(id);
    if (node === undefined) return;
    const now = inside || node.callFrame.functionName === 'runBlock';
    if (now) inBlock.add(id);
    for (const child of node.children ?? []) visit(child, now);
  };
  if (nodes[0] !== undefined) visit(nodes[0].id, false);
  const times = new Map<string, number>();
  let total = 0;
  for (const [at, id] of samples.entries()) {
    const node = byId.get(id);
    if (node === undefined || !inBlock.has(id)) continue;
    const name = node.callFrame.functionName || '(anonymous)';
    const time = timeDeltas[at] ?? 0;
    times.set(name, (times.get(name) ?? 0) + time);
    total += time;
  }
  return [...times]
    .map(([name, time]) => ({ name, share: time / total }))
    .sort((left, right) => right.share - left.share);
}

/** The state before the block as the core takes it. */
export function stateOf({ state, hardfork }: BlockFile): { base: BaseValue[]; codes: CodeMap } {
  const codes = new Map<string, { hash: Uint8Array; bytes: Uint8Array }>();
  const base: BaseValue[] = [];
  for (const account of state.accounts.values()) {
    const { address, balance, nonce, code, codeHash, storage } = account;
    base.push({ kind: Kind.BALANCE, address, value: balance }, { kind: Kind.NONCE, address, value: nonce });
    if (!sameBytes(codeHash, EMPTY_CODE_HASH)) {
      base.push({ kind: Kind.CODE, address, value: codeHash });
      if (code !== undefined) codes.set(codeHash.join(), { hash: codeHash, bytes: code });
    }
    for (const { slot, value } of storage.values())
      base.push({ kind: Kind.STORAGE, address, slot, value: BigInt(`0x${Buffer.from(value).toString('hex')}`) });
    if (!isAtLeast(hardfork, 'spuriousDragon') && isEmpty(account))
      base.push({ kind: Kind.EXISTENCE, address, value: 1n });
  }
  return { base, codes };
}

function isEmpty({ balance, nonce, codeHash }: MemoryAccount): boolean {
  return balance === 0n && nonce === 0n && sameBytes(codeHash, EMPTY_CODE_HASH);
}

export function profileTable({ name, executionMs, functions }: ProfileFigures): string {
  const rows = functions
    .filter(({ share }) => share >= 0.005)
    .slice(0, 30)
    .map((row) => [row.name, percent(row.share), fixed(row.share * executionMs, 3)]);
  return table([`${name}, ${fixed(executionMs, 2)} ms`, 'share', 'ms'], rows);
}
