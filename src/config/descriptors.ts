// Every option of the library, once: types (option-types.ts), checks, known keys and docs/options.md follow from here.

import { InputError } from '../base/errors.ts';
import { describe, isMap, plainObject } from '../base/reader.ts';
import { HARDFORKS } from '../chain/hardfork.ts';
import { DEFAULT_MIB, MAX_TASKS, MAXIMUM_MIB } from '../run/memory.ts';
import {
  accessOracle,
  anyIntegerFrom,
  bigintFrom,
  checkedLater,
  choice,
  group,
  integerFrom,
  type Kind,
  mapOf,
  milliseconds,
  numberFrom,
  type Options,
  objectOr,
  option,
  orWord,
  signal,
  stateSource,
  telemetryTracer,
  truth,
  truthOr,
} from './descriptor.ts';
import { PRESETS } from './presets.ts';
import {
  CALL_TRACER,
  ERC7562_TRACER,
  FLAT_CALL_TRACER,
  PRESTATE_TRACER,
  STEP_LINES,
  STRUCT_LOG,
} from './tracer-descriptors.ts';

/** Workers that one engine may have; ids of workers in a block go further (`MAX_WORKERS` of the layout). */
export const MAX_ENGINE_WORKERS = 64;
export const MAX_AUTO_WORKERS = 8;
export const DEFAULT_WINDOW = 1024;
export const DEFAULT_BATCH = 16;
export const DEFAULT_FOLD_INTERVAL = 32;
/** Of any machine. */
const MOST_POOLED = 1 << 24;

export { DEFAULT_MIB };

const presetDocs = Object.entries(PRESETS)
  .map(([name, { doc }]) => `\`${name}\`: ${doc}`)
  .join('; ');

const url: Kind = checkedLater('URL | string');

const taskTimeoutMs = option(
  milliseconds,
  'A transaction, or a task, that runs longer is taken away from its worker, and runs again at the commit head; the second time it ends the run with a `TaskTimeoutError`. Milliseconds.',
  'none',
  { setting: 'engine.task_timeout' },
);
const executionTimeoutMs = option(milliseconds, 'A run that lasts longer is cancelled. Milliseconds.', 'none', {
  setting: 'engine.execution_timeout',
});
/** A source that asks a node has limits of its own for each message; who reads a database does not take minutes. */
export const STATE_TIMEOUT_MS = 60_000;
const stateTimeoutMs = option(
  milliseconds,
  'How long one answer of a state source may take: without one the run ends with a `StateSourceError` that names the keys. A source that counts (`statistics`, as `rpcState` does) is waited for while it goes on. Milliseconds.',
  STATE_TIMEOUT_MS.toLocaleString('en'),
  { setting: 'engine.state_timeout', value: STATE_TIMEOUT_MS },
);
const window = option(
  integerFrom(1, MAX_TASKS),
  `How far ahead of the first uncommitted transaction workers may run, 1 to ${MAX_TASKS.toLocaleString('en')} transactions.`,
  `${DEFAULT_WINDOW}`,
  { setting: 'scheduler.window', value: DEFAULT_WINDOW },
);
const oracle = (standard: string) =>
  option(
    accessOracle,
    'What will probably be read and written (docs/planning.md): hints, which cost time where they are wrong, never the result.',
    standard,
  );
const maximumMiB = option(
  numberFrom(1, MAXIMUM_MIB),
  "Of the shared memory of this run, in MiB, at most the engine's. Where it is too small the rest of the run goes on in parts, one task at a time; a task that does not fit ends it with a `MemoryLimitError`.",
  "the engine's `memory.maximumMiB`",
);
const gasQuota = option(
  bigintFrom(0n, 63),
  'Gas that the run may use in all: with the task that uses more it ends with a `QuotaError`, and nothing of it counts.',
  'none',
);
export const TASK_QUOTA: Options = {
  gas: option(bigintFrom(0n, 63), 'Gas that the outcome of a task may report.', 'none'),
  memoryBytes: option(
    integerFrom(0, Number.MAX_SAFE_INTEGER),
    'Bytes that an attempt at a task may write, keys and values together.',
    'none',
  ),
  timeMs: option(
    milliseconds,
    'Milliseconds that an attempt may take, tries again included. One that does not come back of itself is ended when it waits for something; what computes without end takes `taskTimeoutMs`.',
    'none',
  ),
};
const chainId = anyIntegerFrom(1, Number.MAX_SAFE_INTEGER);
const chain = checkedLater('number | bigint | object');
const CHAIN_FORMS =
  'the id; the `config` of a genesis file of geth, or the whole file; or an object with an `id`, such as a chain of viem, whose `forks` may be such a config';

export const MEMORY_OPTIONS: Options = {
  maximumMiB: option(
    numberFrom(1, MAXIMUM_MIB, 'MiB'),
    `Of the shared memory of a run, in MiB, 1 to ${MAXIMUM_MIB}.`,
    `${DEFAULT_MIB}`,
    { setting: 'engine.memory_limit', variable: 'PEVM_MEMORY_LIMIT', value: DEFAULT_MIB },
  ),
  poolMiB: option(
    numberFrom(0, MOST_POOLED, 'MiB'),
    'Of memories that no run is using and that are kept for the next ones, in MiB; a smaller one gives memories back sooner, and runs then begin with a new one.',
    'two memories, or one per engine',
    { setting: 'engine.memory_pool_size' },
  ),
};

export const ASSETS: Options = {
  wasm: option(
    checkedLater('URL | string | ArrayBuffer | ArrayBufferView | object'),
    'The compiled core: its URL, its bytes, or a `WebAssembly.Module`.',
  ),
  worker: option(
    url,
    'The worker script: its URL. It looks for `alone.js` beside itself (`pevm assets` writes all of them).',
  ),
  executor: option(url, 'The ethereumjs executor: its URL.'),
  precompiles: option(
    checkedLater('URL | string | object'),
    'The precompiled contracts that the core leaves to its host: their URL; or, where there are no workers, the imported module `pevm-wasm/precompiles`.',
  ),
  tracers: option(url, 'The tracers that workers take part in the traces of blocks with: their URL.'),
};

const workerCount = orWord(integerFrom(1, MAX_ENGINE_WORKERS), 'auto');

/** After how long without a run workers beyond the minimum are ended. */
export const IDLE_WORKER_MS = 10_000;

export const WORKER_RANGE: Options = {
  minimum: option(integerFrom(1, MAX_ENGINE_WORKERS), 'Workers that there always are.', '1'),
  maximum: option(workerCount, 'Workers that there are where runs keep them busy.', '`auto`'),
  idleMs: option(
    milliseconds,
    'After so long without a run workers beyond the minimum, which sleep until then, are ended. Milliseconds.',
    IDLE_WORKER_MS.toLocaleString('en'),
  ),
};

export const TELEMETRY_OPTIONS: Options = {
  tracer: option(
    telemetryTracer,
    "Who makes the spans: a `Tracer` of OpenTelemetry's API, or what has its `startSpan` and `startActiveSpan`.",
    'that of the package `@opentelemetry/api` for `pevm-wasm`, where the package is installed',
  ),
};

export const ENGINE_OPTIONS: Options = {
  workers: option(
    objectOr(workerCount, 'WorkerRange', WORKER_RANGE),
    `Workers that execute, 1 to ${MAX_ENGINE_WORKERS}; \`auto\` takes the machine's cores, at most ${MAX_AUTO_WORKERS}. A range: as many as runs keep busy (docs/resources.md).`,
    '`auto`',
    { setting: 'engine.max_workers', variable: 'PEVM_MAX_WORKERS', value: 'auto' },
  ),
  workersPerBlock: option(
    choice(['auto', 'all']),
    'Workers that take part in a block: `auto`: fewer where it is too small, or too much of one chain, for more to help; `all`: all of them.',
    '`auto`',
    { setting: 'scheduler.workers_per_block', value: 'auto' },
  ),
  threading: option(
    choice(['auto', 'shared', 'inline']),
    '`shared`: workers over one shared memory; `inline`: one worker alone; `auto`: shared where the platform allows. Asking for `shared` where it is not to be had is no error: see {@link Capabilities}.',
    '`auto`',
    { setting: 'engine.threading', value: 'auto' },
  ),
  workerAffinity: option(
    truth,
    'Each worker on a CPU of its own, as long as there are some (docs/resources.md). Linux, through `taskset`; elsewhere `capabilities.placement` says why not.',
    '`false`',
    { setting: 'engine.worker_affinity', value: false },
  ),
  numaAware: option(
    truth,
    'Workers on the CPUs of as few NUMA nodes as hold them (docs/resources.md). Linux, as `workerAffinity`.',
    '`false`',
    { setting: 'storage.numa_aware', value: false },
  ),
  memory: option(group('MemoryOptions', MEMORY_OPTIONS), 'Bounds of the shared memory.'),
  executor: option(
    { ...checkedLater("'wasm' | 'ethereumjs' | URL | string"), values: { form: 'text' } },
    'Executor of blocks: `wasm`, the EVM inside the core; `ethereumjs`, the compatible one; or the URL of an ES module like that one.',
    '`wasm`',
    { setting: 'engine.executor', value: 'wasm' },
  ),
  preset: option(
    choice(Object.keys(PRESETS)),
    `Other defaults for what is not given (docs/configuration.md): ${presetDocs}.`,
    '`default`',
    { setting: 'engine.preset', value: 'default' },
  ),
  state: option(stateSource, 'State before the block, where a block brings none.'),
  hardfork: option(
    choice(['auto', ...HARDFORKS], "Hardfork | 'auto'"),
    'Hard fork of blocks that name none; `auto`: by chain, number and time.',
    '`auto`',
    { setting: 'engine.hardfork', value: 'auto' },
  ),
  chainId: option(chainId, 'Chain of blocks that name none.', '1', { setting: 'engine.chain_id' }),
  chain: option(
    chain,
    `The same, with what is to be known of it: ${CHAIN_FORMS}. Forks, schedule of blobs, deposit contract and rewards follow.`,
  ),
  assets: option(
    group('EngineAssets', ASSETS),
    'Where to load what usually travels inside the library: for pages with a strict content security policy.',
  ),
  maximumTransactionGas: option(
    bigintFrom(1n, 64),
    "A block with a transaction of more gas is refused: gas buys memory and time. The default is a thousand times what any chain allows in a block; Ethereum's own tests use up to 2^64 - 1.",
    '2^34',
    { setting: 'engine.maximum_transaction_gas', value: 2n ** 34n },
  ),
  accessOracle: oracle('none'),
  learning: option(
    truth,
    'Learns from the blocks that are executed what makes transactions wait for each other and what they cost, and plans the next ones with it (docs/planning.md).',
    '`false`; `true` where `learned` is given',
    { setting: 'scheduler.adaptive' },
  ),
  learned: option(
    checkedLater('EngineLearned'),
    'What another engine has learned, as its `learned()` tells it: begins with that.',
  ),
  window,
  scheduling: option(
    choice(['work-stealing', 'ordered', 'partitioned']),
    "How transactions are given to workers (docs/policies.md): `work-stealing`: in order, what is to run again by whoever found out, others take it where they are idle; `ordered`: the lowest that can run, always; `partitioned`: what hangs together by senders and hints is one worker's from the start.",
    '`work-stealing`',
    { setting: 'scheduler.policy', value: 'work-stealing' },
  ),
  loadBalancing: option(truth, 'Whether idle workers take what others have.', '`true`', {
    setting: 'scheduler.load_balancing',
    value: true,
  }),
  validation: option(
    choice(['early', 'lazy', 'batched']),
    'When what a transaction read is looked at again, before it commits: `early`: as soon as something below has changed; `batched`: when `validationBatch` transactions wait for it; `lazy`: only when all below have committed.',
    '`early`',
    { setting: 'validation.policy', value: 'early' },
  ),
  validationBatch: option(
    integerFrom(1, 1_000_000),
    'Transactions that are validated at once, where `validation` is `batched`.',
    `${DEFAULT_BATCH}`,
    { setting: 'validation.batch_size', value: DEFAULT_BATCH },
  ),
  conflictDetection: option(
    choice(['fast', 'exact']),
    'How it is found out whether reads still hold: `fast`: by clocks and versions first, by values where these do not tell; `exact`: by the values alone.',
    '`fast`',
    { setting: 'validation.conflict_detection', value: 'fast' },
  ),
  foldInterval: option(
    integerFrom(1, 65_536),
    'Of so many credits to one balance, one is made an absolute value, so that who reads it need not add up those below.',
    `${DEFAULT_FOLD_INTERVAL}`,
    { setting: 'storage.fold_interval', value: DEFAULT_FOLD_INTERVAL },
  ),
  taskTimeoutMs,
  executionTimeoutMs,
  stateTimeoutMs,
  enableProfiling: option(
    truth,
    'Record a span per execution and validation, for {@link WorkerReport.spans}.',
    'false',
    { setting: 'metrics.detailed_profiling', value: false },
  ),
  telemetry: option(
    { ...truthOr('TelemetryOptions', TELEMETRY_OPTIONS), values: { form: 'truth' } },
    'Tells OpenTelemetry of each run: a span below the active one, with one for each of its stages (docs/monitoring.md). Where neither a tracer is given nor the package `@opentelemetry/api` is installed, nothing happens.',
    '`false`',
    { setting: 'metrics.telemetry', value: false },
  ),
  signal: option(signal, 'Disposes of the engine when it fires.'),
};

export const VERIFY_OPTIONS: Options = {
  gasUsed: option(truth, 'Gas of all transactions.', 'false'),
  logsBloom: option(truth, 'Bloom filter of all logs.', 'false'),
  receiptsRoot: option(
    truth,
    'Root of the receipts trie; before Byzantium only where it is named, since receipts then hold roots of the whole state.',
    'false',
  ),
  requestsHash: option(truth, 'EIP-7685, from Prague on.', 'false'),
  blockAccessListHash: option(
    truth,
    'EIP-7928, from Amsterdam on; and the `blockAccessList` of the block, where it has one, whose first wrong entry is named.',
    'false',
  ),
  blobGasUsed: option(truth, 'Against the blobs that the transactions carry (EIP-4844).', 'false'),
  transactionsRoot: option(
    truth,
    'Root of the trie of transactions, and the hash of each that has one; takes their signatures.',
    'false',
  ),
  withdrawalsRoot: option(truth, 'Root of the trie of withdrawals, from Shanghai on (EIP-4895).', 'false'),
  sha3Uncles: option(truth, 'Hash of the headers of the uncles, and of each uncle; takes `uncleHeaders`.', 'false'),
  proofOfStake: option(truth, 'From Paris on: difficulty and nonce of 0, no uncles (EIP-3675).', 'false'),
  hash: option(
    truth,
    'Only where it is named: the hash of the block, of all fields of its header. Chains with fields of their own have other ones.',
    'false',
  ),
  stateRoot: option(
    truth,
    'Only where it is named: takes a complete state (`memoryState`), and as long as hashing all of it.',
    'false',
  ),
  expected: option(truth, '`expected.post` and `expected.transactions`.', 'false'),
};

/** The shape that `readExpected` makes; what it holds was checked there. */
const expectation: Kind = {
  type: 'Expected',
  check(value, field) {
    const { transactions, post } = plainObject(value, field);
    if (!Array.isArray(transactions)) {
      throw new InputError(`${field}.transactions`, `expected a list, got ${describe(transactions)}`);
    }
    if (!isMap(post)) throw new InputError(`${field}.post`, `expected a Map, got ${describe(post)}`);
  },
};

export const BLOCK_REQUEST: Options = {
  block: {
    ...checkedLater('BlockInput | LibraryBlock'),
    doc: 'Shape of `eth_getBlockByNumber(…, true)`, or what viem or ethers make of that; checked field by field.',
    required: true,
  },
  chainId: option(chainId, 'Chain of the block.', "the engine's"),
  chain: option(chain, `The same, with what is to be known of it: ${CHAIN_FORMS}.`),
  hardfork: option(
    checkedLater("Hardfork | 'auto'"),
    'Hard fork of the block; `auto`: by the schedule of its chain (known of mainnet, Sepolia, Holesky and Hoodi).',
    "the engine's, or that of the chain's schedule, by number and timestamp",
  ),
  depositContract: option(
    checkedLater('Hex'),
    'Where deposits are made (EIP-6110), on chains that the library does not know.',
  ),
  blockReward: option(
    truth,
    "Whether blocks before Paris are rewarded as mainnet's were: false on chains of authorities. Needed on chains that the library does not know.",
  ),
  state: option(stateSource, 'State before the block.', "the engine's"),
  witness: option(
    checkedLater('ExecutionWitness | WitnessByHash'),
    'In place of a state: what proves all that the block takes of it (docs/stateless.md). Then `verify` compares everything, the root of the state included, unless something else is said.',
  ),
  blockHashes: option(
    mapOf('ReadonlyMap<bigint, Hex>'),
    'For BLOCKHASH, by block number. What is missing is asked from the state source.',
  ),
  expected: option(expectation, 'What a trusted execution found: compared where `verify` asks for it.'),
  verify: option(
    truthOr('VerifyOptions', VERIFY_OPTIONS),
    'What to compare with the header; `true`: everything that is there. What cannot be compared is in `result.omitted`.',
    'nothing',
  ),
  blockAccessList: option(
    truth,
    "Whether the block's access list (EIP-7928) is recorded, for `result.blockAccessList`. Of any fork, by the EVM inside the core.",
    '`true` from Amsterdam on',
  ),
  senders: option(
    choice(['trust', 'recover']),
    '`trust`: the sender is `from`; `recover`: the sender is recovered from the signature, and compared with `from`.',
    '`trust` where every transaction has a `from`',
  ),
  enableProfiling: option(
    truth,
    'Record a span per execution and validation of this block, for {@link WorkerReport.spans}.',
    "the engine's",
  ),
  accessOracle: oracle("the engine's"),
  signal: option(signal, 'Cancels the run when it fires; the run rejects with its reason.'),
  executionTimeoutMs,
  taskTimeoutMs,
  maximumMiB,
};

/** The block that a state is the one after. */
const worldBlock: Kind = {
  type: 'BlockId | { readonly number: bigint | number; readonly hash?: Hex } | HeaderInput',
  check(value, field) {
    // Names are read by the state that they are of.
    if (typeof value === 'string') return;
    const number = typeof value === 'object' ? plainObject(value, field).number : value;
    if (typeof number === 'string' && /^0x[0-9a-f]{1,16}$/i.test(number)) return;
    if (typeof number === 'bigint' ? number >= 0n : Number.isSafeInteger(number) && (number as number) >= 0) return;
    throw new InputError(
      number === value ? field : `${field}.number`,
      `expected a block number, got ${describe(number)}`,
    );
  },
};

export const WORLD_OPTIONS: Options = {
  state: option(stateSource, 'The state that the world begins with.', "the engine's"),
  chain: option(chain, `Chain of its blocks: ${CHAIN_FORMS}.`, "the engine's"),
  block: option(
    worldBlock,
    'The block that the state is the one after. Of the state of a chain (`rpcState`) any block, by number, hash or tag: the world is pinned to its hash. Of other states what they are: number, hash where it is known, or all of its header, which calls then see, as that of a genesis file.',
    "the state's",
  ),
};

export const EXECUTION_OPTIONS: Options = {
  data: option(
    checkedLater('Readonly<Record<string, Uint8Array>> | ReadonlyMap<string, Uint8Array>'),
    'Free-form state before the first task: bytes.',
  ),
  numbers: option(
    checkedLater('Readonly<Record<string, bigint>> | ReadonlyMap<string, bigint>'),
    'Free-form state before the first task: numbers of 256 bits.',
  ),
  state: option(stateSource, 'Accounts before the first task.', 'all empty'),
  accessOracle: oracle("the engine's"),
  signal: option(signal, 'Cancels the run when it fires; the run rejects with its reason.'),
  executionTimeoutMs,
  taskTimeoutMs,
  taskQuota: option(
    group('TaskQuota', TASK_QUOTA),
    'What each task may use, beside what its executor and the task itself say: the lowest of all holds. More, and it has failed, without writes, with `exceeded` in its result and the event `quota`.',
    'no limits',
  ),
  gasQuota,
  maximumMiB,
  window,
  sequential: option(
    truth,
    'Runs in the order of the tasks, one at a time, by the same engine. For comparisons.',
    'false',
  ),
};

const roomMiB = option(numberFrom(1, MAXIMUM_MIB), 'Of its memory, in MiB.', '16');

export const STORE_OPTIONS: Options = { maximumMiB: roomMiB };

export const BLOCK_LOOP_OPTIONS: Options = {
  tasks: { ...integerFrom(0, MAX_TASKS), doc: 'How many tasks the block has.', required: true },
  workers: option(integerFrom(1, MAX_ENGINE_WORKERS), 'Who may be in the middle of an attempt at the same time.', '1'),
  window,
  maximumMiB: roomMiB,
  data: EXECUTION_OPTIONS.data!,
  numbers: EXECUTION_OPTIONS.numbers!,
};

export interface OptionGroup {
  /** Of the type. */
  readonly name: string;
  readonly doc: string;
  readonly options: Options;
}

/** In the order of the documentation. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  {
    name: 'EngineOptions',
    doc: 'What `createEngine` accepts. Unknown keys are refused with the nearest right name.',
    options: ENGINE_OPTIONS,
  },
  { name: 'WorkerRange', doc: '`options.workers`, where there are more or fewer by load.', options: WORKER_RANGE },
  { name: 'MemoryOptions', doc: '`options.memory`', options: MEMORY_OPTIONS },
  { name: 'TelemetryOptions', doc: '`options.telemetry`', options: TELEMETRY_OPTIONS },
  { name: 'EngineAssets', doc: '`options.assets`', options: ASSETS },
  {
    name: 'BlockRequest',
    doc: 'A block with its context, for `engine.executeBlock`. A checked `BlockFile` has this shape.',
    options: BLOCK_REQUEST,
  },
  { name: 'VerifyOptions', doc: '`request.verify`: what to compare with the header.', options: VERIFY_OPTIONS },
  { name: 'WorldOptions', doc: 'What `engine.openWorld` accepts.', options: WORLD_OPTIONS },
  { name: 'ExecutionOptions', doc: 'The third argument of `engine.execute`.', options: EXECUTION_OPTIONS },
  {
    name: 'TaskQuota',
    doc: '`options.taskQuota`, and `quota` of an executor or a task. Where several are given, the lowest holds.',
    options: TASK_QUOTA,
  },
  { name: 'VersionStoreOptions', doc: 'What `openVersionStore` accepts.', options: STORE_OPTIONS },
  { name: 'BlockLoopOptions', doc: 'What `openBlockLoop` accepts.', options: BLOCK_LOOP_OPTIONS },
  { name: 'CallTracerOptions', doc: 'Of `callTracer`.', options: CALL_TRACER },
  { name: 'FlatCallTracerOptions', doc: 'Of `flatCallTracer`.', options: FLAT_CALL_TRACER },
  { name: 'PrestateTracerOptions', doc: 'Of `prestateTracer`.', options: PRESTATE_TRACER },
  { name: 'StructLogOptions', doc: 'Of `structLog`.', options: STRUCT_LOG },
  { name: 'StepLineOptions', doc: 'Of `eip3155`.', options: STEP_LINES },
  { name: 'Erc7562TracerOptions', doc: 'Of `erc7562Tracer`.', options: ERC7562_TRACER },
];
