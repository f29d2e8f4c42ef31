// Runs Ethereum's state and chain tests through the engine: `npm run conformance -- [OPTIONS]`, see USAGE.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEngine, type EngineOptions } from '../../src/index.ts';
import { ANY_GAS } from './chain-case.ts';
import { type Counts, casesOf, runCases, type Selection, Tally } from './runner.ts';

const USAGE = `npm run conformance -- [amsterdam] [OPTIONS]     runs every state and chain case; exit code 1 where one fails
  amsterdam            those of that fork, as it came to the first chain, and no others
  --quick              only the files of the quick list
  --kind state|chain   only these
  --suite TEXT         only suites whose name contains it (--fork, --path likewise)
  --file PATH …        files outside of the archive
  --workers N          of each engine; default 2
  --executor NAME      default that of the engine
  --senders WAY        trust (default) or recover: from the signatures, where the vectors have them
  --lists WAY          output (default) or input: blocks are given their access lists, too (amsterdam)
  --jobs N             processes, each with an engine; default 1
  --failures N         how many to print; default 40`;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        kind: { type: 'string' },
        suite: { type: 'string' },
        fork: { type: 'string' },
        path: { type: 'string' },
        file: { type: 'string', multiple: true },
        workers: { type: 'string', default: '2' },
        executor: { type: 'string' },
        senders: { type: 'string', default: 'trust' },
        lists: { type: 'string', default: 'output' },
        jobs: { type: 'string', default: '1' },
        failures: { type: 'string', default: '40' },
        /** Of a process that another started: its part of the files. */
        part: { type: 'string' },
      },
    });
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}

const { values, positionals } = readArguments();
if (positionals.some((name) => name !== 'amsterdam')) refuse(`${positionals.join(' ')}: amsterdam, or nothing`);

/** A case that takes longer fails; the slowest one takes a tenth. */
const CASE_LIMIT_MS = 120_000;

function selectionOf(): Selection {
  const { quick, kind, suite, fork, path, file, part } = values;
  if (kind !== undefined && kind !== 'state' && kind !== 'chain') refuse(`--kind ${kind}: state or chain`);
  const [index, of] = (part ?? '0/1').split('/').map(Number);
  return {
    corpus: positionals.length > 0 ? 'amsterdam' : 'all',
    quick,
    part: { index: index ?? 0, of: of ?? 1 },
    ...(kind === undefined ? {} : { kind }),
    ...(suite === undefined ? {} : { suite }),
    ...(fork === undefined ? {} : { fork }),
    ...(path === undefined ? {} : { path }),
    ...(file === undefined ? {} : { files: file }),
  };
}

/** Runs the selection in this process. */
async function runHere(progress: (done: number) => void): Promise<Tally> {
  const { senders, executor, lists } = values;
  if (lists !== 'output' && lists !== 'input') refuse(`--lists ${lists}: output or input`);
  if (senders !== undefined && senders !== 'trust' && senders !== 'recover')
    refuse(`--senders ${senders}: trust or recover`);
  const options: EngineOptions = {
    workers: Number(values.workers),
    workersPerBlock: 'all',
    threading: 'shared',
    memory: { maximumMiB: 1024 },
    maximumTransactionGas: ANY_GAS,
    executionTimeoutMs: CASE_LIMIT_MS,
    ...(executor === undefined ? {} : { executor: executor as EngineOptions['executor'] & string }),
  };
  await using engine = await createEngine(options);
  const { threading, reason } = engine.capabilities;
  if (threading !== 'shared') throw new Error(`the workers share no memory: ${reason}`);
  const tally = new Tally();
  let done = 0;
  await runCases(engine, casesOf(selectionOf(), { senders, lists }), (found, verdict) => {
    tally.add(found, verdict);
    progress(++done);
  });
  return tally;
}

/** Runs the selection in several processes, each with every n-th file. */
async function runJobs(jobs: number): Promise<Tally> {
  const tally = new Tally();
  const script = fileURLToPath(import.meta.url);
  await Promise.all(
    Array.from({ length: jobs }, async (_, index) => {
      const child = spawn(process.execPath, [script, ...process.argv.slice(2), '--part', `${index}/${jobs}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
      let result: string | undefined;
      for await (const line of createInterface({ input: child.stdout })) result = line;
      const code = await ended;
      if (code !== 0 || result === undefined) throw new Error(`process ${index} ended with code ${code}`);
      tally.merge(JSON.parse(result) as Tally);
    }),
  );
  return tally;
}

function print(tally: Tally, seconds: number): void {
  const row = (name: string, { passed, failed, skipped }: Counts) =>
    console.log(
      `${name.padEnd(48)}${String(passed).padStart(8)}${String(failed).padStart(8)}${String(skipped).padStart(8)}`,
    );
  console.log(`${'suite, fork'.padEnd(48)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(8)}`);
  for (const [suite, forks] of Object.entries(tally.counts)) {
    row(suite, tally.total(suite));
    for (const [fork, counts] of Object.entries(forks)) row(`  ${fork}`, counts);
  }
  console.log('');
  for (const [suite, reasons] of Object.entries(tally.skips)) {
    console.log(`skipped in ${suite}`);
    const sorted = Object.entries(reasons).sort(([, left], [, right]) => right - left);
    for (const [reason, times] of sorted) console.log(`${String(times).padStart(6)}  ${reason}`);
  }
  for (const line of tally.failures.slice(0, Number(values.failures))) console.log(`failed  ${line}`);
  const { passed, failed, skipped } = tally.total();
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped (${seconds.toFixed(0)} s)`);
}

async function main(): Promise<void> {
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const start = performance.now();
  const jobs = Number(values.jobs);
  if (values.part !== undefined) {
    console.log(JSON.stringify(await runHere(() => {})));
    return;
  }
  const told = process.stderr.isTTY ? 500 : 10_000;
  const progress = (done: number) => {
    if (done % told === 0) process.stderr.write(process.stderr.isTTY ? `\r${done} cases` : `${done} cases\n`);
  };
  const tally = jobs > 1 ? await runJobs(jobs) : await runHere(progress);
  if (process.stderr.isTTY) process.stderr.write('\r');
  print(tally, (performance.now() - start) / 1000);
  process.exitCode = tally.total().failed === 0 ? 0 : 1;
}

await main();
