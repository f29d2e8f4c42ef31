// The rules of the house that a reader relies on and no compiler checks.
import { expect, test } from 'vitest';
import * as hardforks from '../src/chain/hardfork.ts';
import { codeOf, exportsOf, functionLengths, importsOf, projectFiles, sourcesIn, textOf } from './support/source.ts';

/** The matches of a pattern in the code of files, as `file:line: text`. */
function occurrences(pattern: RegExp, files: string[]): string[] {
  return files.flatMap((file) =>
    codeOf(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

const core = sourcesIn('assembly/');
const facade = sourcesIn('src/');

test('the core allocates nothing on the AssemblyScript heap', () => {
  const allocation =
    /\bnew\s|\b__new\b|\b__alloc\b|\bheap\.|\b(Static)?Array\b|\b(Map|Set|String|ArrayBuffer)\b|\w+Array\b|\.concat\(/;
  expect(occurrences(allocation, core)).toEqual([]);
});

test('atomic instructions are written in one file of the core', () => {
  const others = core.filter((file) => file !== 'assembly/base/shared.ts');
  expect(occurrences(/\batomic\s*\./, others)).toEqual([]);
});

test('the core never waits by itself, which Node 20 compiles wrongly', () => {
  expect(occurrences(/\batomic\s*\.\s*wait/, core)).toEqual([]);
});

test('the floors of the core import only downwards', () => {
  const floors = [['base'], ['store', 'schedule', 'roots'], ['execute', 'trie'], ['engine']];
  const heightOf = (folder: string | undefined) => floors.findIndex((names) => names.includes(folder ?? ''));
  const wrong = core.flatMap((file) => {
    const folder = file.split('/')[1];
    const floor = heightOf(folder);
    if (floor < 0) return [];
    return importsOf(file)
      .filter((path) => {
        if (path === 'assembly/layout.ts') return false;
        const target = path.split('/')[1];
        const below = heightOf(target);
        return !path.startsWith('assembly/') || below < 0 || (target !== folder && below >= floor);
      })
      .map((path) => `${file} imports ${path}`);
  });
  expect(wrong).toEqual([]);
});

/** The rooms of the EVM, from the rules up: each imports from itself, from those before it, and from the core's floors. */
const EVM_ROOMS = ['rules', 'memory', 'state', 'precompiles', 'frame', 'transaction'];

test('the rooms of the EVM import only downwards, and every file of the EVM stands in one', () => {
  const room = 'assembly/execute/evm/';
  const heightOf = (file: string) => (file.startsWith(room) ? EVM_ROOMS.indexOf(file.split('/')[3] ?? '') : -1);
  const files = core.filter((file) => file.startsWith(room));
  expect(files.filter((file) => heightOf(file) < 0)).toEqual([]);
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => heightOf(path) > heightOf(file) || /^assembly\/execute\/(native|synthetic)/.test(path))
      .map((path) => `${file} imports ${path}`),
  );
  expect(wrong).toEqual([]);
});

test('the core comes to the EVM through execute/native.ts; what other builds export may look inside', () => {
  const outside = core.filter((file) => !file.startsWith('assembly/execute/evm/'));
  const doors = outside.filter((file) => importsOf(file).some((path) => path.startsWith('assembly/execute/evm/')));
  expect(doors).toEqual(['assembly/execute/native.ts', 'assembly/model.ts', 'assembly/tracing.ts']);
});

test('the table of rooms in the README of the EVM is the one that is enforced', () => {
  const rows = [...textOf('assembly/execute/evm/README.md').matchAll(/^\| `(\w+)\/` \|[^|]*\|([^|]*)\|$/gm)];
  expect(rows.map(([, row]) => row)).toEqual(EVM_ROOMS);
  for (const [, row, may] of rows) {
    const told = [...may!.matchAll(/`(\w+)\/`/g)].map(([, name]) => name!);
    expect(told.filter((name) => EVM_ROOMS.includes(name))).toEqual(EVM_ROOMS.slice(0, EVM_ROOMS.indexOf(row!)));
  }
});

test('lines of the core, which no formatter reads, have at most 120 characters', () => {
  const wrong = core.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => (line.length > 120 ? [`${file}:${index + 1}`] : [])),
  );
  expect(wrong).toEqual([]);
});

test('the numbers of opcodes stand in one table; all others know them by their names', () => {
  const table = ['src/chain/opcodes.ts', 'assembly/execute/evm/rules/opcodes.ts', 'src/trace/opcode-names.ts'];
  const speakers = [...core, ...facade].filter(
    (file) => !table.includes(file) && /\bopcode|\bOp\./i.test(codeOf(file)),
  );
  expect(speakers).toContain('assembly/execute/evm/frame/interpreter.ts');
  expect(occurrences(/([[,:=<>&|?]|(?<!fill)\(|case)\s*0x[0-9a-f]{1,2}\b/i, speakers)).toEqual([]);
});

test('the layout stands by itself', () => {
  expect(importsOf('assembly/layout.ts')).toEqual([]);
});

test('only src/core knows the built core and its layout', () => {
  // Written out as it is, for pages that serve it.
  const others = ['src/virtual.d.ts', 'src/cli/assets.ts'];
  const wrong = facade
    .filter((file) => !file.startsWith('src/core/') && !others.includes(file))
    .flatMap((file) => importsOf(file).map((path) => [file, path] as const))
    .filter(([, path]) => path.startsWith('build/') || path.startsWith('assembly/') || path === 'virtual:pevm/core')
    .map(([file, path]) => `${file} imports ${path}`);
  expect(wrong).toEqual([]);
});

test('which fork brought what is known in src/chain alone', () => {
  const files = facade.filter((file) => !file.startsWith('src/chain/'));
  expect(occurrences(/\bisAtLeast\b|\bHARDFORKS\.indexOf\b/, files)).toEqual([]);
  expect(occurrences(/\bfork\s*(>=|<=|<|>)|\bEvmFork\b/, core)).toEqual([]);
});

test('no floor above src/chain compares a fork with one by its name, but to say what traffic can be built', () => {
  const { HARDFORKS } = hardforks;
  const compared = new RegExp(`[=!<>]==? '(${HARDFORKS.join('|')}|merge)'|case '(${HARDFORKS.join('|')})'`);
  // As they stand: code without comments has no strings either.
  const files = facade.filter((file) => !file.startsWith('src/chain/'));
  const known = [
    'src/traffic/block.ts', // builds blocks of two forks
    'src/node/rpc/eth-config.ts', // EIP-7910 lists forks by time, and the merge has none
    'src/executor/ethereumjs/chain.ts', // the library's own list of forks
    'src/simulation/setting.ts', // a fork's start: a block, a time, or the merge
  ];
  expect(files.filter((file) => compared.test(textOf(file))).sort()).toEqual(known.sort());
});

/** More than 500 lines, and why they stay together. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'assembly/layout.ts': 'every byte that two threads or two languages share: one file for two compilers',
  'src/types.ts': 'the types of the public object, which one reader reads',
  'src/world/world.ts': 'the public methods of a world, each with its example',
  'src/core/evm/evm-encode.ts': 'one record after the other, as the layout has them',
  'src/state/remote/rpc-state.ts': 'the options of rpcState with their documentation, and the source itself',
  'src/config/descriptors.ts': 'every option of the library, once',
  'src/core/host/block-host.ts': 'what a host may ask of a block in a memory',
};

test('files have at most 500 lines, but for those whose reason is told here', () => {
  const long = [...core, ...facade].filter((file) => textOf(file).split('\n').length > 501);
  expect(long.sort()).toEqual(Object.keys(LONG_FILES).sort());
});

test('at most one in a hundred functions has more than 70 lines', () => {
  const lengths = [...core, ...facade].flatMap((file) => functionLengths(file));
  const long = lengths.filter(({ lines }) => lines > 70);
  expect(lengths.length).toBeGreaterThan(5000);
  expect(long.length, long.map(({ name, lines }) => `${name} ${lines}`).join(', ')).toBeLessThan(lengths.length / 100);
});

test('what things cost is known to the rules alone', () => {
  const files = sourcesIn('assembly/execute/evm/').filter((file) => !file.startsWith('assembly/execute/evm/rules/'));
  // A price is named GAS, or is a number that something called gas is compared or reckoned with.
  const price = /\b[A-Z_]*GAS[A-Z_]*: (i|u)64 = [1-9]|\b(gas|cost|charge)\w*\s*(\(|[-+*]?=)\s*\d{2,}/i;
  expect(occurrences(price, files)).toEqual([]);
});

/** The folders of src/, from the ground up, and what each may import beside itself; src/README.md says what they own. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  chain: ['base'],
  task: ['base'],
  precompiles: [],
  block: ['base', 'chain', 'task'],
  'report-types.ts': ['base'],
  state: ['base', 'chain', 'task', 'block', 'report-types.ts'],
  access: ['base', 'chain', 'task', 'block'],
  file: ['base', 'chain', 'block', 'state'],
  'option-types.ts': ['access', 'base', 'chain', 'block', 'state'],
  'call-types.ts': ['base', 'chain', 'block', 'state'],
  'types.ts': [
    'access',
    'file',
    'option-types.ts',
    'call-types.ts',
    'report-types.ts',
    'base',
    'chain',
    'task',
    'block',
    'state',
  ],
  'core/instance': ['base', 'precompiles', 'types.ts'],
  'core/evm': ['core/instance', 'base', 'chain', 'types.ts'],
  'core/host': ['core/evm', 'core/instance', 'base', 'task', 'state', 'types.ts'],
  'core/worker': ['core/host', 'core/evm', 'core/instance', 'base', 'task'],
  run: ['core/worker', 'core/host', 'core/evm', 'core/instance', 'base', 'task', 'state', 'types.ts'],
  workers: ['run', 'core/worker', 'core/host', 'core/evm', 'core/instance', 'base', 'task', 'precompiles', 'types.ts'],
  metrics: ['run', 'core/host', 'base', 'block', 'types.ts'],
  config: ['access', 'run', 'base', 'chain', 'task', 'types.ts'],
  trace: ['config', 'core/evm', 'base', 'chain', 'option-types.ts', 'types.ts'],
  job: [
    'access',
    ...['trace', 'config', 'metrics', 'run', 'core/host', 'core/evm', 'core/instance'],
    ...['base', 'chain', 'task', 'block', 'state', 'types.ts'],
  ],
  simulation: [
    ...['job', 'trace', 'config', 'run', 'core/worker', 'core/host', 'core/evm', 'core/instance'],
    ...['base', 'chain', 'block', 'state', 'call-types.ts', 'types.ts'],
  ],
  node: ['trace', 'config', 'file', 'base', 'chain', 'block', 'state', 'call-types.ts', 'types.ts'],
  world: [
    'simulation',
    'trace',
    'call-types.ts',
    'node',
    'file',
    'job',
    'metrics',
    'config',
    'run',
    'core/evm',
    'core/host',
    'core/instance',
    'base',
    'chain',
    'block',
    'state',
    'types.ts',
  ],
  engine: [
    'access',
    ...['world', 'job', 'trace', 'config', 'metrics', 'workers', 'run', 'core/instance'],
    ...['base', 'task', 'block', 'state', 'types.ts'],
  ],
  'index.ts': [
    'access',
    'engine',
    'world',
    'node',
    'metrics',
    'trace',
    'config',
    'file',
    'base',
    'chain',
    'task',
    'block',
    'state',
    'types.ts',
  ],
  'workerd.ts': ['index.ts', 'base', 'precompiles'],
  'executor/ethereumjs': ['file', 'state', 'block', 'task', 'chain', 'base'],
  traffic: ['base'],
  cli: ['index.ts', 'traffic', 'executor/ethereumjs', 'job', 'config', 'file', 'base', 'types.ts'],
};

/** The row of `FLOORS` that a file belongs to. */
function floorOf(file: string): string {
  const [first = '', second = ''] = file.replace('src/', '').split('/');
  return first === 'core' || first === 'executor' ? `${first}/${second}` : first;
}

const layers = facade.filter((file) => !file.endsWith('.d.ts'));

test('the floors of src import only what their row allows, and no row allows what stands below it', () => {
  const rows = Object.keys(FLOORS);
  expect(
    rows.flatMap((row, i) => FLOORS[row]!.filter((name) => rows.indexOf(name) >= i || !rows.includes(name))),
  ).toEqual([]);
  const wrong = layers.flatMap((file) => {
    const floor = floorOf(file);
    return importsOf(file)
      .filter((path) => path.startsWith('src/'))
      .filter((path) => floorOf(path) !== floor && !FLOORS[floor]?.includes(floorOf(path)))
      .map((path) => `${file} imports ${path}`);
  });
  expect(wrong).toEqual([]);
});

test('the table of floors in src/README.md is the one that is enforced', () => {
  const told = [...textOf('src/README.md').matchAll(/^\| `([^`]+)` \|[^|]*\|([^|]*)\|$/gm)].map(([, row, may]) => [
    row!.replace(/\/$/, ''),
    [...may!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replace(/\/$/, '')).sort(),
  ]);
  expect(Object.fromEntries(told)).toEqual(
    Object.fromEntries(Object.entries(FLOORS).map(([row, may]) => [row, [...may].sort()])),
  );
});

/** Paths on which files import themselves by way of others. */
function circlesAmong(files: string[]): string[] {
  const among = new Set(files);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (path.includes(file) || done.has(file)) return;
    for (const next of importsOf(file).filter((name) => among.has(name))) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return circles;
}

test('no file of src or of the core imports itself by way of others, types included', () => {
  expect(circlesAmong(layers)).toEqual([]);
  expect(circlesAmong(core)).toEqual([]);
});

test('only src/workers and base/platform ask where they run; the command line runs in Node alone', () => {
  const aware = ['src/workers/', 'src/cli/', 'src/base/platform.ts'];
  const files = facade.filter((file) => !aware.some((place) => file.startsWith(place)));
  const names = 'process|document|navigator|window|Deno|Bun|importScripts|crossOriginIsolated';
  const platform = new RegExp(
    `(?<![.\\w#])(${names})\\s*(\\.|\\?\\.)|(typeof\\s+|globalThis\\.)(${names}|Worker)\\b|new Worker\\b`,
  );
  expect(occurrences(platform, files)).toEqual([]);
  const builtins = files.flatMap((file) => importsOf(file).map((path) => `${file} imports ${path}`));
  expect(builtins.filter((line) => /imports (node:|worker_threads)/.test(line))).toEqual([]);
});

test('the demo page uses the public entries only', () => {
  const imports = sourcesIn('web-demo/').flatMap((file) =>
    importsOf(file)
      .filter((path) => path.startsWith('src/') || path.startsWith('assembly/') || path.startsWith('build/'))
      .map((path) => `${file} imports ${path}`),
  );
  expect(imports).toEqual([]);
});

test('files are kebab-case nouns that say what they hold', () => {
  // Names that others look for: readers, and Cargo.
  const documents = /(^|\/)((README|CHANGELOG|CONTRIBUTING|SECURITY|LICENSE)(\.md)?|Cargo\.(toml|lock))$/;
  const names = projectFiles().filter((name) => !documents.test(name));
  const words = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
  expect(names.filter((name) => !name.split('/').every((part) => words.test(part)))).toEqual([]);

  // "state manager" is ethereumjs's own word for what it names.
  const vague = /(^|[/.-])(utils?|helpers?|common|misc|managers?)([/.-]|$)/;
  expect(names.filter((name) => vague.test(name.replace('state-manager', '')))).toEqual([]);
});

test('every source file begins with one line that says what it owns', () => {
  const files = projectFiles().filter((name) => /\.(ts|mjs)$/.test(name));
  const wrong = files.filter((file) => {
    const [first = '', second = ''] = textOf(file).split('\n');
    return !/^\/\/ \S.{10,}/.test(first.startsWith('#!') ? second : first);
  });
  expect(wrong).toEqual([]);
});

test('nothing is left to do in the sources', () => {
  const wrong = sourcesIn('assembly/', 'src/', 'scripts/', 'test/', 'web-demo/').filter((file) =>
    /\b(TODO|FIXME|XXX|HACK)\b/.test(file === 'test/architecture.test.ts' ? '' : textOf(file)),
  );
  expect(wrong).toEqual([]);
});

test('no test is switched off or run alone', () => {
  expect(occurrences(/\b(test|it|describe)\.(only|skip|todo)\b/, sourcesIn('test/'))).toEqual([]);
});

test('the lock file holds the optional packages of all platforms, or npm ci refuses it', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    // As Node looks for it: in the package's own folder, and in those around it.
    Object.keys(optionalDependencies).filter((name) => {
      const around = path.split('/node_modules/').map((_, i, parts) => parts.slice(0, i + 1).join('/node_modules/'));
      return ![...around.map((folder) => `${folder}/`), ''].some(
        (folder) => `${folder}node_modules/${name}` in packages,
      );
    }),
  );
  expect(missing).toEqual([]);
});

test('the public names are these', { timeout: 60_000 }, () => {
  expect(exportsOf('src/index.ts')).toMatchInlineSnapshot(`
    [
      "AccessKey",
      "AccessList",
      "AccessListItem",
      "AccessListResult",
      "AccessOracle",
      "AccessPlan",
      "AccessPrediction",
      "AccessWrite",
      "AccountAccess",
      "AccountDiff",
      "AccountValue",
      "Alloc",
      "AllocAccount",
      "AllocNumber",
      "Analysis",
      "AnnouncedWrite",
      "ApprovalChange",
      "Asset",
      "AssetChange",
      "AuditError",
      "AuthorizationInput",
      "BlobRules",
      "BlockAccessList",
      "BlockFile",
      "BlockHashKey",
      "BlockId",
      "BlockInput",
      "BlockLoop",
      "BlockLoopOptions",
      "BlockOverrides",
      "BlockProfile",
      "BlockRequest",
      "BlockResult",
      "BlockRun",
      "BlockStateCalls",
      "BlockTraceRequest",
      "BoundReport",
      "ByteSource",
      "CallAuthorization",
      "CallFailedError",
      "CallFailure",
      "CallFrame",
      "CallLog",
      "CallOptions",
      "CallOutcome",
      "CallRejectedError",
      "CallRequest",
      "CallResult",
      "CallStateOverride",
      "CallStateOverrides",
      "CallTraceOptions",
      "CallTracerOptions",
      "CalledFunction",
      "CallsAnswer",
      "Capabilities",
      "Chain",
      "ChainFork",
      "ChromeTrace",
      "CodeProfile",
      "ComparedField",
      "Configuration",
      "ConfigurationSources",
      "ConfigurationTextSources",
      "ConfiguredSetting",
      "ConflictReport",
      "ContractProfile",
      "CoreTrapError",
      "CriticalStep",
      "Delegation",
      "DescribedStateSource",
      "DevGenesis",
      "DevGenesisOptions",
      "Distribution",
      "Edit",
      "Engine",
      "EngineAssets",
      "EngineDisposedError",
      "EngineEvents",
      "EngineLearned",
      "EngineOptions",
      "Erc7562Frame",
      "Erc7562TracerOptions",
      "EvmInvalidReason",
      "EvmLogOutput",
      "EvmTransactionOutput",
      "EvmTransferOutput",
      "ExecutionEstimate",
      "ExecutionOptions",
      "ExecutionOutcome",
      "ExecutionResult",
      "ExecutionRun",
      "ExecutionTimeoutError",
      "ExecutionWitness",
      "Executor",
      "ExecutorChoice",
      "ExecutorModule",
      "Expected",
      "ExpectedAccount",
      "ExpectedTransaction",
      "ExpositionOptions",
      "FetchedBlock",
      "FinalState",
      "FlatCall",
      "FlatCallAction",
      "FlatCallTracerOptions",
      "ForkStart",
      "FourByteCounts",
      "FrameBegan",
      "FrameEnded",
      "FrameKind",
      "FunctionProfile",
      "GasProfile",
      "Genesis",
      "HARDFORKS",
      "HaltReason",
      "Hardfork",
      "HardforkRules",
      "HeaderCheck",
      "HeaderInput",
      "Hex",
      "HttpEndpoint",
      "ImportedBlock",
      "InputError",
      "Instruction",
      "InvalidBlockError",
      "InvalidTransactionError",
      "KeyedAccount",
      "LayerLoad",
      "LibraryBlock",
      "ListBounds",
      "LiveMetrics",
      "LoadOptions",
      "LocationName",
      "Log",
      "Logged",
      "LoopAttempt",
      "LoopResult",
      "LoopWorker",
      "METRICS_CONTENT_TYPE",
      "MemoryAccount",
      "MemoryLimitError",
      "MemoryOptions",
      "MemoryReport",
      "MemorySlot",
      "MemoryState",
      "Metered",
      "MetricName",
      "MetricsSnapshot",
      "Mismatch",
      "MuxTracerOptions",
      "NodeOptions",
      "Omission",
      "OpcodeClass",
      "OpcodeProfile",
      "OverrideNumber",
      "OverrideOptions",
      "OverrideSlots",
      "PevmError",
      "PevmErrorOptions",
      "PinnedBlock",
      "Planner",
      "PlannerOptions",
      "PlanningReport",
      "Prestate",
      "PrestateAccount",
      "PrestateDiff",
      "PrestateTracerOptions",
      "Preview",
      "PreviewFailure",
      "PreviewOptions",
      "PreviewReport",
      "PreviewRequest",
      "Previewable",
      "PreviewedWorld",
      "ProfiledStack",
      "ProfilingEngine",
      "Progress",
      "PrometheusCollector",
      "PrometheusMetric",
      "ProofError",
      "ProofMismatch",
      "Provider",
      "ProviderEvents",
      "ProviderRequest",
      "Quantity",
      "QuotaBreach",
      "QuotaError",
      "QuotaName",
      "Receipt",
      "RemoteHeader",
      "ReorganisationError",
      "Report",
      "RequestFunctionHolder",
      "RetryPolicy",
      "RpcEndpoint",
      "RpcError",
      "RpcFailure",
      "RpcLearned",
      "RpcLimits",
      "RpcState",
      "RpcStateOptions",
      "RpcStatistics",
      "RpcTransport",
      "Run",
      "Seen",
      "SelfDestructed",
      "SimulateOptions",
      "SimulateRequest",
      "SimulatedBlock",
      "SimulatedBlockOverrides",
      "SimulatedCall",
      "SimulatedLog",
      "SlotAccess",
      "SourceKey",
      "SourceReport",
      "SpanReport",
      "StackGas",
      "StackWeight",
      "StateCache",
      "StateDescription",
      "StateDiff",
      "StateKey",
      "StateOverride",
      "StateOverrides",
      "StateSource",
      "StateSourceError",
      "StateValue",
      "StateView",
      "StaticAnalysisOptions",
      "Step",
      "StepLine",
      "StepLineOptions",
      "StepLines",
      "StepSummary",
      "StorageProvider",
      "StoreKey",
      "StoreSnapshot",
      "StructLog",
      "StructLogOptions",
      "StructLogTrace",
      "SuspendSignal",
      "Task",
      "TaskQuota",
      "TaskResult",
      "TaskTimeoutError",
      "TelemetryAttributes",
      "TelemetryContext",
      "TelemetryOptions",
      "TelemetrySpan",
      "TelemetrySpanOptions",
      "TelemetryTracer",
      "Threading",
      "TraceEvent",
      "TraceOf",
      "TraceRun",
      "TracedAuthorization",
      "TracedBlock",
      "TracedCallLog",
      "TracedState",
      "TracedTransaction",
      "Tracer",
      "TracerChoice",
      "TracerFactory",
      "TracerName",
      "Tracers",
      "TracingEngine",
      "TracingWorld",
      "TransactionBegan",
      "TransactionContext",
      "TransactionInput",
      "TransactionProfile",
      "TransactionResult",
      "TransactionStatus",
      "TransactionTrace",
      "TransportRequest",
      "UnsignedAuthorization",
      "ValueMoved",
      "Verdict",
      "VerifyOptions",
      "VersionName",
      "VersionStore",
      "VersionStoreOptions",
      "ViemTransport",
      "WhatIf",
      "WhatIfOptions",
      "WhatIfTransaction",
      "WithdrawalInput",
      "WitnessByHash",
      "WitnessError",
      "WitnessProblem",
      "WitnessProof",
      "WitnessRequest",
      "WorkerError",
      "WorkerPlace",
      "WorkerPlacement",
      "WorkerRange",
      "WorkerReport",
      "World",
      "WorldBlock",
      "WorldBlockRequest",
      "WorldBlockResult",
      "WorldBlockRun",
      "WorldOptions",
      "WorldTransport",
      "WriterName",
      "blockAccessListHash",
      "chainFileBlocks",
      "checkBlockFile",
      "chromeTrace",
      "combineOracles",
      "createEngine",
      "createWitness",
      "decodeBlockAccessList",
      "devGenesis",
      "encodeBlockAccessList",
      "fileCache",
      "foldedStacks",
      "fromBlockAccessList",
      "fromEIP2930",
      "fromHints",
      "indexedDbCache",
      "layerState",
      "memoryCache",
      "memoryState",
      "metricsText",
      "openBlockLoop",
      "openVersionStore",
      "overlayState",
      "parseBlockFile",
      "parseConfiguration",
      "profileBlock",
      "prometheusCollector",
      "readBlock",
      "readBlockAccessList",
      "readBlockFile",
      "readConfiguration",
      "readGenesis",
      "readGenesisFile",
      "rpcState",
      "staticAnalysis",
    ]
  `);
  expect(exportsOf('src/traffic/index.ts')).toMatchInlineSnapshot(`
    [
      "AllocAccount",
      "BlockOutcome",
      "Hex",
      "JsonTransaction",
      "PlannedTransaction",
      "StateLocation",
      "Traffic",
      "TrafficFile",
      "TrafficKind",
      "TrafficOptions",
      "createTraffic",
      "sealTraffic",
      "trafficKinds",
    ]
  `);
});
