// `npm run bench`: every part of the benchmark behind one command. docs/benchmarks.md keeps the results and the method.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { anvilBinary } from './anvil.ts';
import { blockSummary, blockTable, CHOSEN, measureBlocks, realBlock, trafficBlock } from './blocks.ts';
import { coldFigures, measureCold } from './cold.ts';
import { coreTable, measureCore } from './core.ts';
import { countingTable, measureCounting } from './counting.ts';
import { crewTable, measureCrews } from './crews.ts';
import { deathTable, measureDeaths } from './deaths.ts';
import { forkingTable, measureForking } from './forking.ts';
import { listTable, measureLists } from './lists.ts';
import { mainnetDetails, mainnetSummary, mainnetTable, measureMainnet, type Subject } from './mainnet.ts';
import { measurePages, pageTable } from './pages.ts';
import {
  measurePlanning,
  measurePolicies,
  measureSequence,
  POLICIES,
  planningTable,
  policyTable,
  sequenceTable,
} from './planning.ts';
import { measurePrecompiles, precompileTable } from './precompiles.ts';
import { manyPreviewTable, measureManyPreviews, measurePreviews, previewTable } from './preview.ts';
import { measureProfile, type ProfileFigures, profileTable } from './profile.ts';
import { measurePrograms, type Program, programSummary, programTable, readPrograms } from './programs.ts';
import { measureQuestions, QUESTIONS, type Question } from './questions.ts';
import { measureRange, rangeTable } from './range.ts';
import { buildRevm, measureRevm, revmTable } from './revm.ts';
import { measureTraces, traceTable } from './traces.ts';
import { measureTransfers, transferParts, transferTable } from './transfers.ts';
import { measureVerdict, type VerdictSubject, verdictSummary, verdictTable } from './verdict.ts';
import { blockWork, measureVersus, programWork, versusOfProcesses, versusTable } from './versus.ts';
import { measureWhatIf, whatIfTable } from './what-if.ts';
import { measureWorlds, worldsTable } from './worlds.ts';

/** One of 30 Mgas, which is traced; of the others, few transactions have to do with each other. */
const BLOCKS_OF_QUESTIONS = '15199017,14029313,16146267,17034869,19917570';
/** Long enough that a death falls into them. */
const BLOCKS_OF_DEATHS = '24628608,15199017,19917570';

const PARTS = {
  core: 'scheduling, store and validation alone',
  transfers: 'blocks of plain transfers',
  programs: 'compute programs, in ns per opcode',
  mainnet: 'real blocks: the EVM inside the core against ethereumjs and anvil',
  traffic: 'the built-in traffic',
  precompiles: 'the precompiles that the host runs (only where it is named)',
  ethereumjs: 'real blocks with ethereumjs as the executor (only where it is named)',
  'what-if': 'real blocks with one transaction dropped, against executing them again (only where it is named)',
  planning:
    'real blocks twice, and 500 generated ones, with and without what was learned, and with true lists (only where it is named)',
  policies: 'real blocks with each policy of the options (only where it is named)',
  traces: 'real blocks traced as a whole, against anvil (only where it is named)',
  worlds:
    'calls, many calls and blocks on a state that stays, against ethereumjs, tevm and anvil (only where it is named)',
  preview: 'warm previews of transactions, against the bare call, and many at once (only where it is named)',
  questions: 'previews, traces and what-if against tevm, anvil and EDR, all in one run (only where it is named)',
  profile: 'where the core spends the time of the real blocks that --blocks names (only where it is named)',
  deaths: 'what the death of a worker in the middle of a real block costs (only where it is named)',
  range: 'blocks of anvil by one and two worker processes around a queue (only where it is named)',
  forking: 'cold runs over a node that is 50 ms away, against anvil, ethereumjs and tevm (only where it is named)',
  verdict: 'from the bytes of a block file to a verified header, against anvil and ethereumjs (only where it is named)',
  versus: 'programs and real blocks on this core and on another build of it (only where it is named)',
  counting: 'what counters and clock readings of the core cost, real blocks on one worker (only where it is named)',
  crews: 'real blocks on an engine of two workers against one of one: none may be slower (only where it is named)',
  lists: 'real blocks with access lists (EIP-7928) and without, two workers (only where it is named)',
  pages: 'real blocks in Chromium and Firefox beside Node, the package as it was built (only where it is named)',
  revm: 'real blocks against native revm, execution alone; needs Rust, and compiles it once (only where it is named)',
  cold: 'one real block, named by --blocks, as the first thing this process runs (only where it is named)',
} as const;

type Part = keyof typeof PARTS;

const BY_DEFAULT: readonly Part[] = ['core', 'transfers', 'programs', 'mainnet', 'traffic'];

/** Generated blocks, transactions of each, and the part of them that has to do with each other. */
const SEQUENCES = [
  [500, 20, 1],
  [100, 100, 0.5],
] as const;

/** Processes whose best counts where two builds are compared. */
const VERSUS_PROCESSES = 6;

/** Fresh processes per block. */
const COLD_PROCESSES = 3;

const help = `npm run bench -- [PART…] [OPTIONS]

${Object.entries(PARTS)
  .map(([part, text]) => `  ${part.padEnd(12)} ${text}`)
  .join('\n')}

  --blocks LIST    numbers of real blocks, separated by commas, or all (default: ${CHOSEN.length} blocks)
  --programs LIST  names of programs, separated by commas (default: all)
  --repeat N       rounds that count (default 15; ethereumjs and traffic 5)
  --warm-up N      rounds that do not (default 3)
  --other PATH     versus: the other build, such as ../before/build/core.wasm; layouts must be the same
  --questions LIST questions: parts of it, of ${QUESTIONS.join(', ')} (default: all, in four minutes)
  --without-anvil  leave the native peer out
  --quick          real blocks without ethereumjs and without fresh processes
  --json           figures as JSON on standard output, instead of tables
  --shared PATH    where the folders mainnet and programs are (default $PEVM_SHARED, else ../shared)

In every round each side runs the same work once, one side after the other; medians are shown. Ratios above 1 are faster.`;

interface Options {
  blocks: string | undefined;
  programs: string | undefined;
  repeat: number | undefined;
  warmUp: number;
  shared: string;
  /** Whether anvil takes part. */
  native: boolean;
  quick: boolean;
  /** Of another build: its path. */
  other: string | undefined;
  /** In a process of `versus`: whether this build comes first. */
  swapped: boolean | undefined;
  questions: readonly Question[];
  json: boolean;
}

/** What a part found: for people and for programs. */
interface Finding {
  text: string;
  figures: unknown;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      blocks: { type: 'string' },
      programs: { type: 'string' },
      repeat: { type: 'string' },
      'warm-up': { type: 'string', default: '3' },
      'without-anvil': { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      other: { type: 'string' },
      /** Of a process that another started: which build comes first. */
      first: { type: 'string' },
      json: { type: 'boolean', default: false },
      questions: { type: 'string' },
      shared: { type: 'string', default: process.env.PEVM_SHARED ?? '../shared' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const parts = positionals.length === 0 ? BY_DEFAULT : positionals.map(partOf);
  const options: Options = {
    blocks: values.blocks,
    programs: values.programs,
    repeat: values.repeat === undefined ? undefined : count('--repeat', values.repeat),
    warmUp: count('--warm-up', values['warm-up'], 0),
    shared: values.shared,
    native: !values['without-anvil'] && anvilBinary() !== undefined,
    quick: values.quick,
    other: values.other,
    swapped: values.first === undefined ? undefined : values.first === 'own',
    questions: values.questions === undefined ? QUESTIONS : values.questions.split(',').map(questionOf),
    json: values.json,
  };
  if (!values['without-anvil'] && !options.native)
    progress('no native peer: npm did not install anvil for this platform');
  const found: Record<string, unknown> = {};
  if (!values.json) console.log(`${machine()}\n`);
  for (const part of parts) {
    const finding = await run[part](options);
    if (finding === undefined) continue;
    found[part] = finding.figures;
    if (!values.json && finding.text !== '') console.log(`${finding.text}\n`);
  }
  if (values.json) console.log(JSON.stringify({ machine: machine(), ...found }, jsonValue));
}

const run: Record<Part, (options: Options) => Promise<Finding | undefined>> = {
  async core() {
    progress('the core alone');
    const figures = measureCore();
    return { text: `The core, one worker\n\n${coreTable(figures)}`, figures };
  },
  async transfers({ repeat = 15, warmUp }) {
    const figures = await measureTransfers({
      sizes: [2_000, 20_000],
      rounds: repeat,
      warmUp,
      onProgress: progress,
    });
    const core = measureCore();
    return {
      text: `Plain transfers\n\n${transferTable(figures)}\n\n${transferParts(figures, core)}`,
      figures: { blocks: figures, core },
    };
  },
  async programs(options) {
    const programs = await chosenPrograms(options);
    if (programs === undefined) return undefined;
    const figures = await measurePrograms(programs, {
      rounds: options.repeat ?? 15,
      native: options.native,
      onProgress: progress,
    });
    return { text: `Programs\n\n${programTable(figures)}\n\n${programSummary(figures)}`, figures };
  },
  async mainnet(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const figures = await measureMainnet(subjects, {
      rounds: options.repeat ?? 15,
      warmUp: options.warmUp,
      native: options.native,
      slow: !options.quick,
      cold: async (name) => {
        if (options.quick) return undefined;
        const flags = ['--blocks', name, '--json', '--without-anvil', '--shared', options.shared];
        return coldFigures(script, ['cold', ...flags], COLD_PROCESSES);
      },
      onProgress: progress,
    });
    const tables = [mainnetTable(figures), mainnetDetails(figures), mainnetSummary(figures)];
    return { text: `Real blocks, the EVM inside the core\n\n${tables.join('\n\n')}`, figures };
  },
  async traffic(options) {
    const subjects = await Promise.all([0, 0.25, 0.5, 1].map((rate) => trafficBlock(rate, 200)));
    return await blocks('Built-in traffic', subjects, ['wasm', 'ethereumjs'], options);
  },
  async ethereumjs(options) {
    const subjects = await realBlocks(options);
    return subjects && (await blocks('Real blocks', subjects, ['ethereumjs'], options));
  },
  async preview({ repeat = 1_000 }) {
    progress('previews');
    const figures = await measurePreviews({ rounds: repeat, warmUp: 200 });
    progress('many previews');
    const many = await measureManyPreviews({ rounds: Math.max(3, Math.ceil(repeat / 100)) });
    const text = `Previews\n\n${previewTable(figures)}\n\n${manyPreviewTable(many)}`;
    return { text, figures: { warm: figures, many } };
  },
  async precompiles(options) {
    progress('precompiles');
    const figures = await measurePrecompiles(options.repeat);
    return { text: `Precompiles on the host\n\n${precompileTable(figures)}`, figures };
  },
  async questions(options) {
    const subjects = (await realBlocks({ ...options, blocks: options.blocks ?? BLOCKS_OF_QUESTIONS })) ?? [];
    const [traced, ...edited] = subjects;
    const figures = await measureQuestions({
      ...{ rounds: options.repeat ?? 500, native: options.native, edited, onProgress: progress },
      ...{ parts: options.questions, traced: traced === undefined ? [] : [traced] },
      onPart: (text) => (options.json ? undefined : console.log(`${text}\n`)),
    });
    return { text: '', figures };
  },
  async 'what-if'(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const { repeat: rounds = 15, warmUp } = options;
    const figures = await measureWhatIf(subjects, { rounds, warmUp, onProgress: progress });
    return { text: `What-if: one transaction dropped\n\n${whatIfTable(figures)}`, figures };
  },
  async planning(options) {
    const subjects = await realBlocks(options);
    const { repeat: rounds = 5 } = options;
    const blocks = subjects && (await measurePlanning(subjects, { rounds, onProgress: progress }));
    const sequences = [];
    for (const [blocks, each, rate] of SEQUENCES) {
      progress(`planning: ${blocks} generated blocks`);
      sequences.push(await measureSequence(blocks, each, rate));
    }
    const text = [...(blocks === undefined ? [] : [planningTable(blocks)]), sequenceTable(sequences)].join('\n\n');
    return { text: `Planning and learning, two workers\n\n${text}`, figures: { blocks, sequences } };
  },
  async policies(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const { repeat: rounds = 15, warmUp } = options;
    const figures = await measurePolicies(subjects, POLICIES, { rounds, warmUp, onProgress: progress });
    return { text: `Policies, two workers\n\n${policyTable(figures)}`, figures };
  },
  async traces(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const { repeat: rounds = 5, warmUp, native } = options;
    const figures = await measureTraces(subjects, { rounds, warmUp, native, onProgress: progress });
    return { text: `Traces of whole blocks\n\n${traceTable(figures)}`, figures };
  },
  async worlds({ repeat = 10, native }) {
    const figures = await measureWorlds({ rounds: repeat, native, onProgress: progress });
    return { text: `Worlds\n\n${worldsTable(figures)}`, figures };
  },
  async profile(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const figures: ProfileFigures[] = [];
    for (const { name, file } of subjects) {
      progress(`profile of block ${name}`);
      figures.push(await measureProfile(name, file, { rounds: options.repeat ?? 60 }));
    }
    return { text: figures.map(profileTable).join('\n\n'), figures };
  },
  async forking() {
    const binary = anvilBinary();
    if (binary === undefined) return undefined;
    const figures = await measureForking(binary, progress);
    return { text: `Forking, cold, 50 ms to the node\n\n${forkingTable(figures)}`, figures };
  },
  async range({ repeat = 5 }) {
    const binary = anvilBinary();
    const figures = binary === undefined ? undefined : await measureRange(binary, repeat, progress);
    return figures && { text: `Ranges around a queue\n\n${rangeTable(figures)}`, figures };
  },
  async deaths(options) {
    const subjects = await realBlocks({ ...options, blocks: options.blocks ?? BLOCKS_OF_DEATHS });
    if (subjects === undefined) return undefined;
    const { repeat = 15, warmUp } = options;
    const figures = await measureDeaths(subjects, { rounds: repeat, warmUp, onProgress: progress });
    return { text: `Deaths of a worker, two workers\n\n${deathTable(figures)}`, figures };
  },
  async verdict(options) {
    const subjects = await blockFiles(options);
    if (subjects === undefined) return undefined;
    const { repeat: rounds = 9, warmUp, native, quick } = options;
    const figures = await measureVerdict(subjects, { rounds, warmUp, native, slow: !quick, onProgress: progress });
    return { text: `From bytes to verdict\n\n${verdictTable(figures)}\n\n${verdictSummary(figures)}`, figures };
  },
  async versus(options) {
    const { other, swapped, shared, programs, blocks, repeat = 8 } = options;
    if (other === undefined) throw new RangeError('versus needs --other, the path of another build of the core');
    if (swapped === undefined) {
      const flags = ['--json', '--other', other, '--shared', shared, '--repeat', String(repeat)];
      if (programs !== undefined) flags.push('--programs', programs);
      if (blocks !== undefined) flags.push('--blocks', blocks);
      const figures = await versusOfProcesses(script, ['versus', ...flags], VERSUS_PROCESSES, progress);
      return { text: `This core and ${other}\n\n${versusTable(figures)}`, figures };
    }
    const works = [
      ...((await chosenPrograms(options)) ?? []).map(programWork),
      ...((await realBlocks(options)) ?? []).map(({ name, file }) => blockWork(name, file)),
    ];
    const figures = await measureVersus(works, { other, swapped, rounds: repeat });
    return { text: versusTable(figures), figures };
  },
  async counting(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const works = subjects.map(({ name, file }) => blockWork(name, file));
    const figures = await measureCounting(works, { rounds: options.repeat ?? 60, onProgress: progress });
    return { text: `What counting costs, one worker\n\n${countingTable(figures)}`, figures };
  },
  async crews(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const { repeat: rounds = 100, warmUp } = options;
    const figures = await measureCrews(subjects, { rounds, warmUp, onProgress: progress });
    return { text: `Two workers against one\n\n${crewTable(figures)}`, figures };
  },
  async lists(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const { repeat = 15, warmUp } = options;
    const figures = await measureLists(subjects, { rounds: repeat, warmUp, onProgress: progress });
    return { text: `Real blocks with access lists, two workers\n\n${listTable(figures)}`, figures };
  },
  async pages(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    const { repeat: rounds = 15, warmUp, shared } = options;
    const figures = await measurePages(subjects, { folder: `${shared}/mainnet`, rounds, warmUp, onProgress: progress });
    return { text: `Real blocks in pages\n\n${pageTable(figures)}`, figures };
  },
  async revm(options) {
    const subjects = await realBlocks(options);
    if (subjects === undefined) return undefined;
    progress('revm: building it');
    const program = buildRevm();
    if (program === undefined) {
      progress('no revm: it needs cargo, of Rust 1.91 or newer, and the crates of test/peers/revm/Cargo.lock');
      return undefined;
    }
    const { repeat = 15, warmUp } = options;
    const figures = await measureRevm(subjects, { program, rounds: repeat, warmUp, onProgress: progress });
    return { text: `Real blocks against native revm, execution alone\n\n${revmTable(figures)}`, figures };
  },
  async cold(options) {
    const [subject] = (await realBlocks(options)) ?? [];
    if (subject === undefined) return undefined;
    const figures = await measureCold(subject);
    return { text: `${subject.name}, first block of this process: ${JSON.stringify(figures)}`, figures };
  },
};

/** This program as a file that Node can start. */
const script = fileURLToPath(import.meta.url);

async function blocks(
  title: string,
  subjects: readonly Subject[],
  executors: readonly ('wasm' | 'ethereumjs')[],
  { repeat = 5, warmUp }: Options,
): Promise<Finding> {
  const texts: string[] = [];
  const figures: Record<string, unknown> = {};
  for (const executor of executors) {
    const found = await measureBlocks(subjects, {
      executor,
      rounds: repeat,
      warmUp,
      onRound: (text) => progress(`${title}, ${executor}: ${text}`),
    });
    figures[executor] = found;
    texts.push(`${title}, executor ${executor}\n\n${blockTable(found)}\n\n${blockSummary(found)}`);
  }
  return { text: texts.join('\n\n'), figures };
}

async function realBlocks(options: Options): Promise<Subject[] | undefined> {
  const folder = `${options.shared}/mainnet`;
  const numbers = await chosenBlocks(options);
  return numbers && Promise.all(numbers.map((number) => realBlock((path) => readFile(path), folder, number)));
}

/** The files of the chosen blocks, unpacked. */
async function blockFiles(options: Options): Promise<VerdictSubject[] | undefined> {
  const numbers = await chosenBlocks(options);
  if (numbers === undefined) return undefined;
  return Promise.all(
    numbers.map(async (number) => {
      const packed = await readFile(`${options.shared}/mainnet/${number}.json.gz`);
      return { name: String(number), bytes: new Uint8Array(gunzipSync(packed)) };
    }),
  );
}

async function chosenBlocks({ shared, blocks: list }: Options): Promise<readonly number[] | undefined> {
  const folder = `${shared}/mainnet`;
  if (!existsSync(folder)) {
    progress(`no real blocks: there is no folder ${folder}`);
    return undefined;
  }
  let numbers: readonly number[] = CHOSEN;
  if (list === 'all') {
    const files = (await readdir(folder)).filter((file) => file.endsWith('.json.gz'));
    numbers = files.map((file) => Number.parseInt(file, 10)).sort((left, right) => left - right);
  } else if (list !== undefined) numbers = list.split(',').map((number) => count('--blocks', number));
  return numbers;
}

async function chosenPrograms({ shared, programs: list }: Options): Promise<Program[] | undefined> {
  const file = `${shared}/programs/programs.json`;
  if (!existsSync(file)) {
    progress(`no programs: there is no file ${file}`);
    return undefined;
  }
  const all = readPrograms(await readFile(file, 'utf8'));
  if (list === undefined) return all;
  return list.split(',').map((name) => {
    const found = all.find((program) => program.name === name);
    if (found === undefined)
      throw new RangeError(`--programs: ${name} is none of ${all.map((p) => p.name).join(', ')}`);
    return found;
  });
}

function partOf(name: string): Part {
  if (Object.hasOwn(PARTS, name)) return name as Part;
  throw new RangeError(`there is no part "${name}", only ${Object.keys(PARTS).join(', ')}`);
}

function questionOf(name: string): Question {
  const found = QUESTIONS.find((known) => known === name);
  if (found !== undefined) return found;
  throw new RangeError(`--questions: ${name} is none of ${QUESTIONS.join(', ')}`);
}

function count(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${name}: ${text} is not a count`);
  return value;
}

function machine(): string {
  return `${cpus()[0]?.model.trim()} × ${cpus().length}, Node ${process.version}`;
}

function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

await main().catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const mistyped = error instanceof RangeError || code.startsWith('ERR_PARSE_ARGS');
  console.error(mistyped ? (error as Error).message : error);
  process.exitCode = 2;
});
