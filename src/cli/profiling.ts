// What `--trace`, `--flame` and `--profile` ask of a replay: one more run of the block, whose profile is written and printed.

import { writeFile } from 'node:fs/promises';
import { InputError } from '../base/errors.ts';
import { type BlockProfile, chromeTrace, foldedStacks, profileBlock, type TracingEngine } from '../index.ts';
import type { Subject } from './subject.ts';
import { align, type Terminal } from './terminal.ts';

export interface ProfilingFlags {
  /** Files to be written. */
  readonly trace?: string;
  readonly flame?: string;
  /** Whether tables are printed. */
  readonly tables: boolean;
}

export const profilingArguments = {
  trace: {
    type: 'string',
    valueHint: 'FILE',
    description: 'write the timeline of the workers, of one more run, for https://ui.perfetto.dev',
  },
  flame: {
    type: 'string',
    valueHint: 'FILE',
    description: "write the block's calls as folded stacks, in gas, for flame graphs (flamegraph.pl, speedscope)",
  },
  profile: {
    type: 'boolean',
    description: 'also print which transactions, contracts, functions and kinds of opcodes the time and gas go to',
  },
} as const;

/** Rows of a table, at most. */
const ROWS = 10;

/** `undefined`: nothing is asked for. @throws InputError naming the flag */
export function readProfilingFlags(
  given: Readonly<Record<string, string | boolean | undefined>>,
  files: number,
): ProfilingFlags | undefined {
  const { trace, flame, profile = false, json } = given;
  const [first] = (['trace', 'flame', 'profile'] as const).filter((name) => given[name] ?? false);
  if (first === undefined) return undefined;
  if (files > 1) throw new InputError(`--${first}`, 'is about one block, but several files are given');
  if (given.rpc !== undefined) throw new InputError(`--${first}`, 'does not go with --rpc');
  if (profile === true && json === true)
    throw new InputError('--profile', 'prints tables, and does not go with --json');
  return {
    ...(typeof trace === 'string' && { trace }),
    ...(typeof flame === 'string' && { flame }),
    tables: profile === true,
  };
}

/** Profiles the block, once it has been replayed. @throws InputError for files that cannot be written */
export async function profileSubject(
  engine: TracingEngine,
  { file }: Subject,
  { trace, flame, tables }: ProfilingFlags,
  terminal: Terminal,
): Promise<void> {
  const { block, chainId, hardfork, state, blockHashes } = file;
  const request = { block, chainId, hardfork, state, blockHashes };
  const needsCode = flame !== undefined || tables;
  const profile = needsCode ? await profileBlock(engine, request) : undefined;
  const result = profile?.result ?? (await engine.executeBlock({ ...request, enableProfiling: true }));
  if (trace !== undefined) await write('--trace', trace, JSON.stringify(chromeTrace(result.report)));
  if (profile === undefined) return;
  if (flame !== undefined) await write('--flame', flame, foldedStacks(profile));
  if (tables) for (const line of profileTables(profile)) terminal.print(line);
}

async function write(flag: string, path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(flag, `${path} cannot be written (${code})`, { cause: error });
  }
}

/** What the block's gas and time went to, most first, in lines of 80 columns. */
export function profileTables(profile: BlockProfile): string[] {
  const { gasUsed, transactions, contracts, functions, opcodes } = profile;
  const share = (gas: number) => `${((100 * gas) / gasUsed).toFixed(1)} %`;
  const table = (title: string, rows: readonly (readonly [string, number, number | undefined, string])[]) => [
    '',
    `  ${align(title, -54)}${align('gas', 12)}${align('ms', 8)}`,
    ...rows.slice(0, ROWS).map(([name, gas, timeMs, note]) => {
      const time = timeMs === undefined ? '' : timeMs.toFixed(3);
      return `  ${align(`${name} ${note}`, -54)}${align(String(gas), 12)}${align(time, 8)}`;
    }),
  ];
  const byTime = [...transactions].sort((left, right) => right.timeMs - left.timeMs);
  return [
    ...table(
      'transactions',
      byTime.map(({ index, gasUsed, timeMs, executions }) => [
        ...([String(index), gasUsed, timeMs] as const),
        executions === 1 ? '' : `(executed ${executions} times)`,
      ]),
    ),
    ...table(
      'contracts',
      contracts.map(({ address, gas, timeMs }) => [address, gas, timeMs, share(gas)]),
    ),
    ...table(
      'functions',
      functions.map(({ address, selector, calls, gas, timeMs }) => [
        ...([`${address.slice(0, 10)}….${selector}`, gas, timeMs] as const),
        `${calls}×, ${share(gas)}`,
      ]),
    ),
    ...table(
      'opcodes',
      opcodes.map(({ class: name, count, gas }) => [name, gas, undefined, `${count}×, ${share(gas)}`]),
    ),
  ];
}
