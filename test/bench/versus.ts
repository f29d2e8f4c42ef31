// This core against another build of it, program by program and block by block: for changes that must cost nothing.
import { readFile } from 'node:fs/promises';
import type { BlockFile } from '../../src/file/block-file.ts';
import { planEvmBlock } from '../../src/job/evm-block.ts';
import { preparePrecompiles } from '../../src/precompiles/precompiles.ts';
import { EvmHost } from '../support/evm-host.ts';
import { output } from './cold.ts';
import { stateOf } from './profile.ts';
import { loadProgram, type Program } from './programs.ts';
import { geometricMean } from './statistics.ts';
import { fixed, table } from './table.ts';

/** Best milliseconds of processor time on both builds. */
export interface VersusFigures {
  name: string;
  otherMs: number;
  thisMs: number;
}

/** What runs: it lays the work out on a host, whose `runBlock` is then timed. */
export interface Work {
  name: string;
  transactions: number;
  load(host: EvmHost): void;
}

export interface VersusOptions {
  /** Path of the other build, such as another checkout's `build/core.wasm`. */
  other: string;
  /** Whether this build is the first of the two to be compiled and run. */
  swapped: boolean;
  rounds: number;
}

const BUDGET_MS = 400;
const WARM_UP = 4;

/** Time that this process had, whoever else runs on the machine meanwhile. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export function programWork(program: Program): Work {
  return { name: program.name, transactions: 1, load: (host) => loadProgram(host, program) };
}

export function blockWork(name: string, file: BlockFile): Work {
  const { environment, transactions } = planEvmBlock({ ...file, senders: 'trust' });
  const { base, codes } = stateOf(file);
  return {
    name,
    transactions: transactions.costs.length,
    load: (host) => host.loadBlock(environment, transactions, base, codes),
  };
}

/**
 * Runs everything on both builds, whose layouts of memory must be the same, in this process, in turns.
 * @throws Error where the builds disagree on the gas of a transaction
 */
export async function measureVersus(
  all: readonly Work[],
  { other, swapped, rounds }: VersusOptions,
): Promise<VersusFigures[]> {
  await preparePrecompiles();
  const open = async (core?: Uint8Array) =>
    EvmHost.create({ memoryMiB: 512, transactions: 1 << 15, locations: 1 << 18, ...(core && { core }) });
  const sides = { other: await readFile(other), own: undefined };
  const order = swapped ? (['own', 'other'] as const) : (['other', 'own'] as const);
  const hosts = [await open(sides[order[0]]), await open(sides[order[1]])] as const;
  return all.map(({ name, transactions, load }) => {
    const gas = hosts.map((host) => {
      load(host);
      host.runBlock();
      return Array.from({ length: transactions }, (_, index) => host.gasUsed(index));
    });
    if (gas[0]!.some((used, index) => used !== gas[1]![index])) throw new Error(`${name}: the builds differ in gas`);
    const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const until = performance.now() + BUDGET_MS;
    for (let round = 0; round < rounds + WARM_UP || performance.now() < until; round++) {
      for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        load(hosts[side]);
        const start = processorMs();
        hosts[side].runBlock();
        const duration = processorMs() - start;
        if (round >= WARM_UP) best[side] = Math.min(best[side], duration);
      }
    }
    return { name, otherMs: best[swapped ? 1 : 0], thisMs: best[swapped ? 0 : 1] };
  });
}

/**
 * The best of several processes, which the builds begin in turns: where the compiler puts their code, and in which order it
 * optimises what, differs from process to process by more than most changes do.
 */
export async function versusOfProcesses(
  script: string,
  options: readonly string[],
  processes: number,
  onProgress: (text: string) => void,
): Promise<VersusFigures[]> {
  let best: VersusFigures[] | undefined;
  for (let run = 0; run < processes; run++) {
    onProgress(`process ${run + 1} of ${processes}`);
    const text = await output(script, [...options, '--first', run % 2 === 0 ? 'other' : 'own']);
    const { versus } = JSON.parse(text) as { versus: VersusFigures[] };
    best = best?.map((figures, index) => {
      const { otherMs, thisMs } = versus[index]!;
      const { name } = figures;
      return { name, otherMs: Math.min(figures.otherMs, otherMs), thisMs: Math.min(figures.thisMs, thisMs) };
    });
    best ??= versus;
  }
  return best ?? [];
}

export function versusTable(all: readonly VersusFigures[]): string {
  const ratio = ({ otherMs, thisMs }: VersusFigures) => thisMs / otherMs;
  const rows = all.map((figures) => [
    figures.name,
    fixed(figures.otherMs, 3),
    fixed(figures.thisMs, 3),
    fixed(ratio(figures), 3),
  ]);
  const mean = `geometric mean of this/other: ${fixed(geometricMean(all.map(ratio)), 3)}`;
  return `${table(['program or block', 'other ms', 'this ms', 'this/other'], rows)}\n\n${mean}`;
}
