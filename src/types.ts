// The public types of the engine: options, runs, results and reports.

import type { AccessOracle } from './access/access-oracle.ts';
import type { EngineLearned } from './access/learned-format.ts';
import type { Hex } from './base/hex.ts';
import type { BlockAccessList } from './block/block-access-list.ts';
import type { Mismatch, Omission } from './block/header-checks.ts';
import type { Receipt } from './block/receipts.ts';
import type { StateDiff } from './block/state-diff.ts';
import type {
  AccessListResult,
  CallOptions,
  CallRequest,
  CallResult,
  CallsAnswer,
  OverrideOptions,
  SimulatedBlock,
  SimulateOptions,
  SimulateRequest,
} from './call-types.ts';
import type { HaltReason } from './chain/halt-reasons.ts';
import type { Hardfork } from './chain/hardfork.ts';
import type { ByteSource } from './file/chain-file.ts';
import type { BlockRequest, ExecutionOptions, WorldOptions } from './option-types.ts';
import type { MetricsSnapshot, Report, Threading } from './report-types.ts';
import type { ExecutionOutcome, Executor, Task } from './task/executor.ts';
import type { QuotaBreach } from './task/quota.ts';

export type { MetricName } from './base/metrics.ts';
export type {
  TelemetryAttributes,
  TelemetryContext,
  TelemetrySpan,
  TelemetrySpanOptions,
  TelemetryTracer,
} from './base/telemetry.ts';
export type { Field as ComparedField, HeaderCheck, Mismatch, Omission } from './block/header-checks.ts';
export type * from './call-types.ts';
export type {
  BlockLoopOptions,
  BlockRequest,
  CallTracerOptions,
  EngineAssets,
  EngineOptions,
  Erc7562TracerOptions,
  ExecutionOptions,
  FlatCallTracerOptions,
  MemoryOptions,
  PrestateTracerOptions,
  StepLineOptions,
  StructLogOptions,
  TelemetryOptions,
  VerifyOptions,
  VersionStoreOptions,
  WorkerRange,
  WorldOptions,
} from './option-types.ts';

export type * from './report-types.ts';

/** What runs, and why not more. */
export interface Capabilities {
  readonly threading: Threading;
  /** Workers that execute at the same time. */
  readonly workers: number;
  /** Why `threading` is `inline`. */
  readonly reason?: string;
  /** Where workers run, with `workerAffinity` or `numaAware`; it changes when workers come and go. */
  readonly placement?: WorkerPlacement;
}

/** Where the operating system lets workers run, as it says itself. */
export interface WorkerPlacement {
  /** `unavailable`: not, or not all, where they were to be. */
  readonly status: 'placed' | 'unavailable';
  readonly reason?: string | undefined;
  readonly workers: readonly WorkerPlace[];
}

export interface WorkerPlace {
  /** The number that the operating system has for the thread. */
  readonly thread: number;
  /** CPUs that it may use. */
  readonly cpus: readonly number[];
  /** NUMA nodes of these. */
  readonly nodes: readonly number[];
}

/** A parallel execution engine: one block, or one list of tasks, at a time; calls queue up. */
export interface Engine extends AsyncDisposable {
  readonly capabilities: Capabilities;
  /**
   * Executes a block. Malformed input rejects with an InputError before any worker starts.
   * @example
   * ```js
   * import { checkBlockFile, createEngine } from 'pevm-wasm';
   * import { createTraffic } from 'pevm-wasm/traffic';
   *
   * const { file } = await createTraffic({ transactions: 50 });
   * const engine = await createEngine();
   * const run = engine.executeBlock(checkBlockFile(file)); // or { block, state, chainId, … }
   * for await (const { index, success } of run) if (!success) console.log(index, 'failed'); // as they commit
   * const { gasUsed, receiptsRoot } = await run;
   * console.log(gasUsed, receiptsRoot);
   * await engine.dispose();
   * ```
   */
  executeBlock(request: BlockRequest): BlockRun;
  /**
   * Executes tasks in parallel, with the result of executing them in order.
   *
   * An executor for the workers is named by the URL of an ES module (see ExecutorModule) or is `synthetic` (the programs
   * of the core itself, one as `payload` of each task); an executor given as an object runs in the calling thread.
   * @example
   * ```js
   * import { createEngine } from 'pevm-wasm';
   *
   * const executor = {
   *   execute({ payload }, view) {
   *     view.writeNumber('sum', view.readNumber('sum') + payload);
   *     return { status: 'success' };
   *   },
   * };
   * const engine = await createEngine();
   * const tasks = [1n, 2n, 3n].map((payload, id) => ({ id, payload }));
   * const { state } = await engine.execute(tasks, executor, { numbers: { sum: 10n } });
   * console.log(state.readNumber('sum')); // 16n
   * await engine.dispose();
   * ```
   */
  execute<T = unknown>(
    tasks: readonly Task<T>[],
    executor: ExecutorChoice<T>,
    options?: ExecutionOptions,
  ): ExecutionRun;
  /**
   * Opens a world: a state that stays, which blocks advance one after the other. It has turns of its own, so that runs of
   * other worlds, and of the engine, do not wait for it.
   * @throws InputError naming the option; MemoryLimitError for a state that does not fit
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * console.log(await world.getBalance(alice)); // 1000000000000000000n
   * await engine.dispose();
   * ```
   */
  openWorld(options?: WorldOptions): Promise<World>;
  /**
   * Sets who says what runs from now on will read and write, where a request brings no oracle of its own; `undefined`: nobody.
   * @throws InputError for what is no oracle
   */
  setAccessOracle(oracle: AccessOracle | undefined): void;
  /** What was learned so far of how transactions have to do with each other, for the option `learned` of another engine. */
  learned(): EngineLearned;
  /** What the engine has measured so far, and what it does now; costs a few microseconds, at any time. */
  metrics(): MetricsSnapshot;
  /** Begins to measure anew; what goes on now stays in {@link MetricsSnapshot.now}. */
  resetMetrics(): void;
  /** Listens; returns a function that ends it. */
  on<E extends keyof EngineEvents>(event: E, listener: (detail: EngineEvents[E]) => void): () => void;
  /** Stops the workers; runs that are not over reject. Also `await using`. */
  dispose(): Promise<void>;
}

/** The block that a world's state is the one after. */
export interface WorldBlock {
  readonly number: bigint;
  /** Where it is known. */
  readonly hash?: Hex;
}

/** A block of a chain file that was executed, and is what its header says. */
export interface ImportedBlock {
  readonly number: bigint;
  readonly hash: Hex;
  readonly hardfork: Hardfork;
  /** How many. */
  readonly transactions: number;
}

/** A block for a world, which brings the state itself. */
export type WorldBlockRequest = Omit<BlockRequest, 'state'>;

/** A block that a world has executed. */
export interface WorldBlockResult extends BlockResult {
  /**
   * What the block would have come to with other transactions, on the state before it. Transactions that the edits do not
   * reach are not executed again. The world stays as it is; it must still be as the block has left it.
   * @throws InputError naming the edit and its field, or where the world has moved on; MemoryLimitError
   */
  whatIf(edits: readonly Edit[], options?: WhatIfOptions): Promise<WhatIf>;
}

/**
 * A change to a block's list of transactions; places are those of the list before all edits. What is inserted comes before
 * the transaction at its place, at the end where the place is the list's length. A new transaction is one of JSON-RPC, or a
 * request with at least `from`: nonce, fee and gas limit follow from the state and the block where they are missing.
 */
export type Edit =
  | { readonly at: number; readonly drop: true }
  | { readonly at: number; readonly insert: object }
  | { readonly at: number; readonly replace: object };

/** What ends a what-if early. */
export interface WhatIfOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds. Default the engine's. */
  readonly executionTimeoutMs?: number;
}

/** A block as it would have been with edits. The gas limit of the block is not enforced: see `gasUsed`. */
export interface WhatIf {
  /** In the edited order. */
  readonly transactions: readonly WhatIfTransaction[];
  /** Of all transactions that are valid. */
  readonly gasUsed: bigint;
  /** Places of transactions that had to be executed. */
  readonly executed: readonly number[];
  /** Places of transactions that are new, or came to something else than in the block. */
  readonly changed: readonly number[];
  /** The part of the block's gas, from 0 to 1, whose transactions did not have to be executed again. */
  readonly saved: number;
  /** What the edited block changes in the state before it. */
  readonly stateDiff: StateDiff;
  /** Where the state after the edited block is another than after the block, with the values of the edited one. */
  readonly changedState: StateDiff;
  readonly report: Report;
}

export interface WhatIfTransaction {
  /** Its place in the edited list. */
  readonly index: number;
  /** Its place in the block; missing: it is new. */
  readonly origin?: number;
  /** `invalid`: no block may hold it here, and it is as if it were not there. */
  readonly status: 'success' | 'reverted' | 'invalid';
  /** Why it is invalid. */
  readonly error?: string;
  /** Unless it is invalid. */
  readonly result?: TransactionResult;
}

/**
 * A state that stays in the core from run to run. What is asked of it is done in the order in which it was asked for, one
 * thing at a time; what fails has changed nothing.
 */
export interface World extends AsyncDisposable {
  /** The newest block that was executed, or the one that it was opened at. */
  readonly block: WorldBlock | undefined;
  /**
   * Executes a block, which becomes part of the state unless it is refused, cancelled, or does not fit into the memory.
   * @example
   * ```js
   * import { checkBlockFile, createEngine } from 'pevm-wasm';
   * import { createTraffic } from 'pevm-wasm/traffic';
   *
   * const { file } = await createTraffic({ transactions: 50 });
   * const { block, chainId, hardfork, state } = checkBlockFile(file);
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state, chain: chainId });
   * const { gasUsed } = await world.executeBlock({ block, hardfork });
   * console.log(world.block.number, gasUsed);
   * await engine.dispose();
   * ```
   */
  executeBlock(request: WorldBlockRequest): WorldBlockRun;
  /**
   * Executes blocks one after the other: while one runs, the next is taken from `blocks`, checked and encoded, and its state
   * is fetched. Each begins when the result of the one before was taken. A block that is refused, or differs from its header
   * where `verify` asks, ends it, with the world at the block before; `signal` and `break` likewise.
   * @throws what executeBlock throws; InvalidBlockError with the mismatches
   */
  executeBlocks(
    blocks: Iterable<WorldBlockRequest> | AsyncIterable<WorldBlockRequest>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<WorldBlockResult>;
  /**
   * Executes the blocks of a chain file, RLP one behind the other, from the child of the world's block on. Each is compared
   * with its header, roots of the state and of receipts included, before the next one is read.
   * @throws InputError for what is no block; InvalidBlockError naming what differs: the world stays before that block
   */
  importChain(source: ByteSource): AsyncGenerator<ImportedBlock>;
  /**
   * JSON-RPC over this world, as EIP-1193 has it: for viem's `custom`, ethers' `BrowserProvider`, web3.js. The chain is
   * recorded from the first call on, which takes a complete state and a chain whose forks are known.
   * @example
   * ```js
   * import { createEngine, devGenesis } from 'pevm-wasm';
   *
   * const engine = await createEngine();
   * const { state, config, block } = await devGenesis();
   * const world = await engine.openWorld({ state, chain: config, block });
   * console.log(await world.provider().request({ method: 'eth_chainId' })); // 0x7a69
   * await engine.dispose();
   * ```
   */
  provider(options?: NodeOptions): Provider;
  /** The same for viem: `createPublicClient({ transport: world.transport() })`. It does not ask again what has failed. */
  transport(options?: NodeOptions): WorldTransport;
  /**
   * Calls as `eth_call` does: in the environment of the world's block, on the state after it. What is missing in the request
   * is filled in, no nonce is asked for, and gas costs nothing unless a fee is given. Nothing stays of it.
   * @throws InputError naming the field; CallRejectedError where the rules do not let it run
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * const { status, gasUsed, returnData } = await world.call({ from: alice, to: bob, value: 1n });
   * console.log(status, gasUsed, returnData); // success 21000n 0x
   * await engine.dispose();
   * ```
   */
  call(request: CallRequest, options?: CallOptions): Promise<CallResult>;
  /**
   * Many calls, each as {@link call} does it, by all workers at once: none sees what another one does. Of a list among them
   * each sees what those before it did. Await it, or iterate it. What is not to run has the status `invalid`, and the others
   * run; `signal` also stops what runs.
   * @throws InputError naming the request and its field
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * const one = { from: alice, to: bob, value: 10n ** 17n };
   * const [single, bundle] = await world.callMany([one, [one, { from: bob, to: alice, value: 1n }]]);
   * console.log(single.status, bundle.map(({ status }) => status)); // success [ 'success', 'success' ]
   * await engine.dispose();
   * ```
   */
  callMany<R extends CallRequest | readonly CallRequest[]>(
    requests: readonly R[],
    options?: OverrideOptions,
  ): Run<CallsAnswer<R>, CallsAnswer<R>[]>;
  /**
   * A gas limit with which the request succeeds, as `eth_estimateGas` finds it: at most 1.5 % above the least one.
   * @throws CallFailedError for what fails with any gas, code 3 for reverts; CallRejectedError where funds do not suffice
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * console.log(await world.estimateGas({ from: alice, to: bob, value: 1n })); // 21000n
   * await engine.dispose();
   * ```
   */
  estimateGas(request: CallRequest, options?: CallOptions): Promise<bigint>;
  /**
   * What the request touches, as `eth_createAccessList` lists it: without sender, recipient and precompiled contracts, but for
   * their slots. @throws as call
   */
  createAccessList(request: CallRequest, options?: CallOptions): Promise<AccessListResult>;
  /**
   * Blocks that might follow the world's, as `eth_simulateV1` gives them: calls on the state that those before them leave, in
   * blocks with hashes and roots. Nothing stays of it.
   * @throws InputError naming the field; CallRejectedError with the codes of eth_simulateV1, -38010 to -38026
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * const [block] = await world.simulate({ blockStateCalls: [{ calls: [{ from: alice, to: bob, value: 1n }] }] });
   * console.log(block.block.number, block.calls[0].status); // 1n 'success', say
   * await engine.dispose();
   * ```
   */
  simulate(request: SimulateRequest, options?: SimulateOptions): Promise<SimulatedBlock[]>;
  /** In wei. */
  getBalance(address: string): Promise<bigint>;
  getNonce(address: string): Promise<bigint>;
  getCode(address: string): Promise<Hex>;
  /** 32 bytes. */
  getStorage(address: string, slot: string | number | bigint): Promise<Hex>;
  /** In wei. */
  setBalance(address: string, balance: string | number | bigint): Promise<void>;
  setNonce(address: string, nonce: string | number | bigint): Promise<void>;
  setCode(address: string, code: string): Promise<void>;
  setStorage(address: string, slot: string | number | bigint, value: string | number | bigint): Promise<void>;
  /**
   * A moment to come back to: when all that was asked for so far is done. What changes afterwards is kept beside the state.
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * const before = world.snapshot();
   * await world.setBalance(bob, 5n);
   * await world.revert(before);
   * console.log(await world.getBalance(bob)); // 0n
   * await engine.dispose();
   * ```
   */
  snapshot(): number;
  /** Back to a snapshot, which stays; later ones are gone. Costs what has changed since. @throws InputError where there is none */
  revert(id: number): Promise<void>;
  /** Nobody will come back to the snapshot: what was kept for it is let go. @throws InputError where there is none */
  release(id: number): Promise<void>;
  /**
   * Root of the state as it is, which takes a complete one. The first time all of it is hashed; from then on it costs what has
   * changed since. @throws InputError where not all of the state is known; MemoryLimitError
   */
  stateRoot(): Promise<Hex>;
  /** What has changed since a snapshot. @throws InputError where there is none */
  stateDiffSince(id: number): Promise<StateDiff>;
  /** A copy in a memory of its own, without the snapshots. @throws MemoryLimitError */
  fork(): Promise<World>;
  /** Leaves the memory to others; what is under way is finished first. Also `await using`. */
  dispose(): Promise<void>;
}

/** How a world answers JSON-RPC. */
export interface NodeOptions {
  /**
   * When transactions that are sent become part of a block: each at once, every so many milliseconds, or when `evm_mine` is
   * called. Default `instant`.
   */
  readonly mining?: 'instant' | 'none' | { readonly intervalMs: number };
  /** Private keys, 32 bytes of hex each, that `eth_accounts` names the addresses of and `eth_sendTransaction` signs with. */
  readonly accounts?: readonly string[];
  /** What `web3_clientVersion` says behind the library's name. */
  readonly version?: string;
}

export interface ProviderRequest {
  readonly method: string;
  readonly params?: readonly unknown[] | object | undefined;
  /** Fires when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

export interface ProviderEvents {
  /** What a subscription found (`eth_subscribe`). */
  readonly message: {
    readonly type: 'eth_subscription';
    readonly data: { readonly subscription: string; readonly result: unknown };
  };
  /** The world was disposed of. */
  readonly disconnect: Error;
}

/** Answers are what the caller expects of them, as the types of viem say it. */
export type TransportRequest = (request: { readonly method: string; readonly params?: unknown }) => Promise<never>;

/** A transport as viem takes it. */
export type WorldTransport = () => {
  config: {
    key: string;
    name: string;
    type: 'custom';
    retryCount: number;
    request: TransportRequest;
  };
  request: TransportRequest;
  value: { readonly provider: Provider };
};

/** EIP-1193. What goes wrong rejects with an error that has a `code` of JSON-RPC, and names the parameter. */
export interface Provider {
  request(request: ProviderRequest): Promise<unknown>;
  on<E extends keyof ProviderEvents>(event: E, listener: (detail: ProviderEvents[E]) => void): this;
  removeListener<E extends keyof ProviderEvents>(event: E, listener: (detail: ProviderEvents[E]) => void): this;
}

export type ExecutorChoice<T = unknown> =
  | Executor<T>
  | URL
  | string
  | { readonly module: URL | string; readonly options?: unknown };

export interface Progress {
  readonly committed: number;
  readonly total: number;
}

/** Await it, or iterate it: items arrive in order as they commit. A failed run rejects both. */
export interface Run<Item, Result> extends PromiseLike<Result>, AsyncIterable<Item> {
  readonly progress: Progress;
  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<Result | R>;
  finally(onFinally?: (() => void) | null): Promise<Result>;
}

export type BlockRun = Run<TransactionResult, BlockResult>;
/** The same on a world. */
export type WorldBlockRun = Run<TransactionResult, WorldBlockResult>;

export interface ExecutionRun extends Run<TaskResult, ExecutionResult> {
  /** Tells the running scheduler that `higher` probably needs `lower`. A hint; ignored once the run is over. */
  addDependency(lower: number, higher: number): void;
}

export interface Log {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** One transaction of a block, committed. */
export interface TransactionResult {
  readonly index: number;
  /** Where the block has it. */
  readonly hash?: Hex;
  /** Whether it succeeded; before Byzantium the receipt itself does not say. */
  readonly success: boolean;
  readonly gasUsed: bigint;
  /** Gas of the block up to and with this transaction. */
  readonly cumulativeGasUsed: bigint;
  /** Gas that the outermost call or creation used: without the price of the transaction itself, and before refunds. */
  readonly executionGas: bigint;
  /** What of `gasUsed` was paid for the state's growth (EIP-8037); 0 before Amsterdam. */
  readonly stateGas: bigint;
  /** Gas to be given back, before the bound: at most a fifth of what was used is (before London: half). */
  readonly refundCounter: bigint;
  /** What stopped the outermost call or creation, where it halted exceptionally: neither success nor REVERT. */
  readonly halt: HaltReason | undefined;
  readonly logs: readonly Log[];
  readonly returnValue: Hex;
  readonly createdAddress: Hex | undefined;
  /** Why it failed. */
  readonly error?: string;
}

/** Parts that cost time to make are made when they are first looked at. */
export interface BlockResult {
  readonly number: bigint;
  readonly transactions: readonly TransactionResult[];
  readonly receipts: readonly Receipt[];
  /** Root of the receipts trie; before Byzantium, whose receipts hold roots of states, only where a complete state is verified. */
  readonly receiptsRoot: Hex | undefined;
  /** Root of the state after the block, where `verify.stateRoot` asks for it. */
  readonly stateRoot: Hex | undefined;
  /** As in the header: from Amsterdam on the larger of the two that follow. */
  readonly gasUsed: bigint;
  /** Gas of all transactions for anything but the state's growth; from Amsterdam on before refunds (EIP-7778). */
  readonly executionGasUsed: bigint;
  /** Gas of all transactions for the state's growth (EIP-8037); 0 before Amsterdam. */
  readonly stateGasUsed: bigint;
  readonly logsBloom: Hex;
  /** EIP-7685, from Prague on. */
  readonly requestsHash: Hex | undefined;
  /** What the block met of the state and changed (EIP-7928); `undefined` where it was not recorded. */
  readonly blockAccessList: BlockAccessList | undefined;
  /** Of that list. */
  readonly blockAccessListHash: Hex | undefined;
  /** What is missing or doubtful in this result, and what `verify` could not compare, each with the reason. */
  readonly omitted: readonly Omission[];
  /** What the whole block changed. */
  readonly stateDiff: StateDiff;
  /** What had changed after the last transaction, before withdrawals, rewards and requests. */
  readonly transactionsStateDiff: StateDiff;
  /** What `verify` found; empty when all compared fields agree, or nothing was asked for. */
  readonly mismatches: readonly Mismatch[];
  readonly report: Report;
}

export interface TaskResult {
  readonly id: number;
  readonly status: ExecutionOutcome['status'];
  readonly gasUsed: bigint;
  /** What the executor returned as `output`; empty where it returned none. */
  readonly output: Uint8Array;
  readonly error?: string;
  /** Which quota it exceeded, where it has failed for that. */
  readonly exceeded?: QuotaBreach;
}

export interface ExecutionResult {
  readonly results: readonly TaskResult[];
  readonly state: FinalState;
  readonly report: Report;
}

/** The state after the last task: what the tasks changed, over what was there before. */
export interface FinalState {
  read(key: string | Uint8Array): Uint8Array | undefined;
  readNumber(key: string | Uint8Array): bigint;
  /** Accounts that changed. */
  readonly stateDiff: StateDiff;
}

/** What `engine.on` reports. */
export interface EngineEvents {
  /** A block or a list of tasks is complete. */
  readonly run: {
    readonly kind: 'block' | 'calls' | 'previews' | 'tasks' | 'trace' | 'what-if';
    readonly report: Report;
  };
  readonly 'worker-lost': { readonly id: number; readonly reason: string };
  readonly 'worker-replaced': { readonly id: number; readonly by: number };
  /** Memory or incarnations ran out: the rest runs sequentially from transaction `from` on. */
  readonly drain: { readonly from: number };
  /** A task has failed since it used more than it may; told when it is committed. */
  readonly quota: QuotaBreach & { readonly task: number };
  /** State was missing: `keys` are loaded before the run goes on. */
  readonly load: { readonly keys: number };
}
