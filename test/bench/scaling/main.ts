// `npm run simulate`: real blocks on 1 to 64 simulated workers. docs/scaling.md keeps the results and the method.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildCore } from '../../../scripts/core.mjs';
import { compileCore } from '../../../src/core/instance/module.ts';
import { CHOSEN, realBlock, trafficBlock } from '../blocks.ts';
import type { Subject } from '../mainnet.ts';
import { OPTIONS, POLICIES, type Policy } from './policies.ts';
import { type RecordedBlock, recordBlock } from './recorded-block.ts';
import { blockScalingTable, policyTable, simulateScaling, spentTable } from './scaling.ts';
import { MOST_WORKERS, VirtualWorkers } from './virtual-workers.ts';

const help = `npm run simulate -- [OPTIONS]

  --blocks LIST    numbers of real blocks, separated by commas (default: ${CHOSEN.length} blocks); traffic: the built-in one
  --transactions N how many the built-in traffic has (default 200)
  --workers LIST   how many workers, 1 to ${MOST_WORKERS} (default 1,2,4,8,16,32,64)
  --policies LIST  names, separated by commas (default all):
${POLICIES.map(({ name, text }) => `                   ${name.padEnd(12)} ${text}`).join('\n')}
                   options      the default, and each option by which blocks are shared out
  --rounds N       runs on one worker, of which each transaction's least time counts (default 30)
  --times FILE     measured times: read where the file exists, else written there, for the same tables again
  --task US        microseconds of picking, validating and committing, per attempt (default 0.2)
  --wake US        microseconds until a sleeping worker goes on (default 10)
  --json           figures as JSON on standard output, instead of tables
  --shared PATH    where the folder mainnet is (default $PEVM_SHARED, else ../shared); without it: traffic`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      blocks: { type: 'string' },
      transactions: { type: 'string', default: '200' },
      workers: { type: 'string', default: '1,2,4,8,16,32,64' },
      policies: { type: 'string' },
      rounds: { type: 'string', default: '30' },
      times: { type: 'string' },
      task: { type: 'string', default: '0.2' },
      wake: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
      shared: { type: 'string', default: process.env.PEVM_SHARED ?? '../shared' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const workers = values.workers.split(',').map((text) => number('--workers', text, 1, MOST_WORKERS));
  const policies = values.policies === undefined ? POLICIES : values.policies.split(',').flatMap(policiesOf);
  const costs = { task: number('--task', values.task, 0), wake: number('--wake', values.wake, 0) };
  const blocks = await withTimes(
    await record(await subjects(values), number('--rounds', values.rounds, 1)),
    values.times,
  );
  const virtual = await VirtualWorkers.open(await simulationModule());
  const figures = await simulateScaling(virtual, blocks, { workers, policies, costs, onProgress: progress });
  const machine = `${cpus()[0]?.model.trim()} × ${cpus().length}, Node ${process.version}`;
  if (values.json) return console.log(JSON.stringify({ machine, costs, figures }));
  const most = workers.filter((count) => count === 8 || count === 16);
  const detailed = most.length === 0 ? workers.slice(-1) : most;
  console.log(
    [
      `${machine}; ${blocks.length} blocks; ${costs.task} µs a task, ${costs.wake} µs to wake`,
      policyTable(figures),
      ...detailed.map((count) => spentTable(figures, count)),
      ...detailed.map((count) => blockScalingTable(figures, count)),
    ].join('\n\n'),
  );
}

async function simulationModule(): Promise<WebAssembly.Module> {
  return new WebAssembly.Module((await buildCore('simulation')) as Uint8Array<ArrayBuffer>);
}

interface Chosen {
  readonly blocks?: string | undefined;
  readonly shared: string;
  readonly transactions: string;
}

async function subjects({ blocks, shared, transactions }: Chosen): Promise<Subject[]> {
  const folder = `${shared}/mainnet`;
  if (blocks === 'traffic' || !existsSync(folder)) {
    if (blocks !== 'traffic') progress(`no real blocks: there is no folder ${folder}; the built-in traffic instead`);
    const count = number('--transactions', transactions, 1, 10_000);
    return Promise.all([0, 0.25, 0.5, 1].map((rate) => trafficBlock(rate, count)));
  }
  const numbers = blocks === undefined ? CHOSEN : blocks.split(',').map((text) => number('--blocks', text, 0));
  return Promise.all(numbers.map((one) => realBlock((path) => readFile(path), folder, one)));
}

async function record(subjects: readonly Subject[], rounds: number): Promise<RecordedBlock[]> {
  const module = await compileCore();
  const blocks: RecordedBlock[] = [];
  for (const subject of subjects) {
    progress(`${subject.name}, ${rounds} times on one worker`);
    blocks.push(await recordBlock(module, subject, rounds));
  }
  return blocks;
}

type Times = Readonly<Record<string, readonly number[]>>;

/** The blocks with the times of a file, which is written where there is none. @throws RangeError for times of others */
async function withTimes(
  blocks: readonly RecordedBlock[],
  file: string | undefined,
): Promise<readonly RecordedBlock[]> {
  if (file === undefined) return blocks;
  if (!existsSync(file)) {
    const times: Times = Object.fromEntries(blocks.map(({ name, durationsMs }) => [name, [...durationsMs]]));
    writeFileSync(file, JSON.stringify(times));
    return blocks;
  }
  const times: Times = JSON.parse(readFileSync(file, 'utf8'));
  return blocks.map((block) => {
    const found = times[block.name];
    if (found?.length !== block.tasks.length) throw new RangeError(`--times: ${file} has no times of ${block.name}`);
    return { ...block, durationsMs: Float64Array.from(found) };
  });
}

function policiesOf(name: string): readonly Policy[] {
  if (name === 'options') return OPTIONS;
  const found = POLICIES.find((policy) => policy.name === name);
  if (found !== undefined) return [found];
  const names = [...POLICIES.map((policy) => policy.name), 'options'];
  throw new RangeError(`--policies: ${name} is none of ${names.join(', ')}`);
}

function number(name: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new RangeError(`${name}: ${text} is not from ${least} to ${most}`);
  return value;
}

function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

await main().catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const mistyped = error instanceof RangeError || code.startsWith('ERR_PARSE_ARGS');
  console.error(mistyped ? (error as Error).message : error);
  process.exitCode = 2;
});
