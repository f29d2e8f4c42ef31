// `npm run bench`: the core's own costs, and whole blocks as ratios within one run. docs/benchmarks.md keeps the results.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { blockSummary, blockTable, measureBlocks, realBlock, trafficBlock } from './blocks.ts';
import { measureCore, recordBytes } from './core.ts';

/** Real blocks of every era, some with long chains of dependent transactions. */
const CHOSEN = [
  3828959, 4864590, 5891667, 7280000, 8889776, 10760440, 11814555, 12244000, 13287210, 15199017, 15537393, 16146267,
  17034869, 18988207, 19426587, 19933597, 24628608,
];

const help = `npm run bench -- [OPTIONS]

  --only PART      core, blocks or traffic; may be repeated (default: all three)
  --blocks LIST    numbers of the blocks, separated by commas, or all (default: ${CHOSEN.length} blocks)
  --rounds N       rounds that count (default 5)
  --warm-up N      rounds that do not (default 3)
  --transactions N size of the traffic blocks (default 200)
  --folder PATH    block files (default ../shared/mainnet)

Times are milliseconds of execution; loading the state into the core is a column of its own. In every round each block
runs sequentially, on one worker and on two, one after the other; the medians are shown. Ratios above 1 are faster.`;

const parts = ['core', 'blocks', 'traffic'];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: parts },
      blocks: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '3' },
      transactions: { type: 'string', default: '200' },
      folder: {
        type: 'string',
        default: process.env.PEVM_SHARED ? `${process.env.PEVM_SHARED}/mainnet` : '../shared/mainnet',
      },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const wrong = values.only.find((part) => !parts.includes(part));
  if (wrong !== undefined) throw new RangeError(`--only: there is no part "${wrong}", only ${parts.join(', ')}`);
  const options = {
    rounds: count('--rounds', values.rounds),
    warmUp: count('--warm-up', values['warm-up'], 0),
    onRound: (text: string) => process.stderr.write(`  ${text}\n`),
  };
  console.log(`${cpus()[0]?.model.trim()} × ${cpus().length}, Node ${process.version}\n`);
  if (values.only.includes('core')) reportCore();
  if (values.only.includes('blocks')) {
    if (!existsSync(values.folder)) console.log(`No real blocks: there is no folder ${values.folder}.\n`);
    else {
      const numbers = await chosenBlocks(values.folder, values.blocks);
      const subjects = await Promise.all(
        numbers.map((number) => realBlock((path) => readFile(path), values.folder, number)),
      );
      const figures = await measureBlocks(subjects, options);
      console.log(`Real blocks\n\n${blockTable(figures)}\n\n${blockSummary(figures)}\n`);
    }
  }
  if (values.only.includes('traffic')) {
    const size = count('--transactions', values.transactions);
    const figures = await measureBlocks(
      await Promise.all([0, 0.25, 0.5, 1].map((rate) => trafficBlock(rate, size))),
      options,
    );
    console.log(`Built-in traffic\n\n${blockTable(figures)}\n\n${blockSummary(figures)}\n`);
  }
}

function count(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${name}: ${text} is not a count`);
  return value;
}

async function chosenBlocks(folder: string, list: string | undefined): Promise<number[]> {
  if (list === undefined) return CHOSEN;
  if (list !== 'all') return list.split(',').map((number) => count('--blocks', number));
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json.gz'));
  return files.map((file) => Number.parseInt(file, 10)).sort((left, right) => left - right);
}

function reportCore(): void {
  const costs = measureCore();
  const ns = (value: number) => `${value.toFixed(0)} ns`;
  const rows = [
    ['scheduling, per task that does nothing (claim to commit)', ns(costs.schedulingNs)],
    ['plain transfer as a synthetic program', ns(costs.transferNs)],
    ['read of a location that exists', ns(costs.readHotNs)],
    ['read of a new location', ns(costs.readFirstNs)],
    ['write of a new location, published', ns(costs.writeNs)],
    ['validation, per read', ns(costs.validationNs)],
    ['version', `${costs.bytesPerVersion} bytes`],
    ['task that does nothing: slot, record, output', `${costs.bytesPerTask.toFixed(0)} bytes`],
    ['location, and its part of the table', `${recordBytes.location} + 8 bytes`],
    ['read, write', `${recordBytes.read}, ${recordBytes.write} bytes`],
  ];
  console.log(
    `The core, one worker\n\n| what | cost |\n| --- | --- |\n${rows.map(([what, cost]) => `| ${what} | ${cost} |`).join('\n')}\n`,
  );
}

await main().catch((error: unknown) => {
  console.error(
    error instanceof RangeError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
      ? (error as Error).message
      : error,
  );
  process.exitCode = 2;
});
