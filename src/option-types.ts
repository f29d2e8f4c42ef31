// The options that the library accepts. Made from src/config/descriptors.ts: `npx vitest run test/unit/config -u`.

import type { AccessOracle } from './access/access-oracle.ts';
import type { EngineLearned } from './access/learned-format.ts';
import type { Hex } from './base/hex.ts';
import type { TelemetryTracer } from './base/telemetry.ts';
import type { BlockInput, HeaderInput, LibraryBlock } from './block/block-input.ts';
import type { Expected } from './block/expected.ts';
import type { Hardfork } from './chain/hardfork.ts';
import type { BlockId } from './state/remote/state-requests.ts';
import type { StateSource } from './state/state-source.ts';
import type { ExecutionWitness, WitnessByHash } from './state/witness/execution-witness.ts';

/** What `createEngine` accepts. Unknown keys are refused with the nearest right name. */
export interface EngineOptions {
  /**
   * Workers that execute, 1 to 64; `auto` takes the machine's cores, at most 8. A range: as many as runs keep busy
   * (docs/resources.md). Default `auto`.
   */
  readonly workers?: number | 'auto' | WorkerRange;
  /**
   * Workers that take part in a block: `auto`: fewer where it is too small, or too much of one chain, for more to
   * help; `all`: all of them. Default `auto`.
   */
  readonly workersPerBlock?: 'auto' | 'all';
  /**
   * `shared`: workers over one shared memory; `inline`: one worker alone; `auto`: shared where the platform allows.
   * Asking for `shared` where it is not to be had is no error: see {@link Capabilities}. Default `auto`.
   */
  readonly threading?: 'auto' | 'shared' | 'inline';
  /**
   * Each worker on a CPU of its own, as long as there are some (docs/resources.md). Linux, through `taskset`;
   * elsewhere `capabilities.placement` says why not. Default `false`.
   */
  readonly workerAffinity?: boolean;
  /**
   * Workers on the CPUs of as few NUMA nodes as hold them (docs/resources.md). Linux, as `workerAffinity`. Default
   * `false`.
   */
  readonly numaAware?: boolean;
  /** Bounds of the shared memory. */
  readonly memory?: MemoryOptions;
  /**
   * Executor of blocks: `wasm`, the EVM inside the core; `ethereumjs`, the compatible one; or the URL of an ES module
   * like that one. Default `wasm`.
   */
  readonly executor?: 'wasm' | 'ethereumjs' | URL | string;
  /**
   * Other defaults for what is not given (docs/configuration.md): `default`: none; `latency`: workers stay within 32
   * transactions of the first uncommitted one, so that little is executed twice before it commits; `throughput`: room
   * for large blocks: 1024 MiB, and a window of 1024 transactions; `low-memory`: two workers, 64 MiB and a window of
   * 32 transactions; a block that needs more is executed in parts; `audit`: every block is run by ethereumjs too, one
   * transaction at a time, and what differs is a mismatch. Default `default`.
   */
  readonly preset?: 'default' | 'latency' | 'throughput' | 'low-memory' | 'audit';
  /** State before the block, where a block brings none. */
  readonly state?: StateSource;
  /** Hard fork of blocks that name none; `auto`: by chain, number and time. Default `auto`. */
  readonly hardfork?: Hardfork | 'auto';
  /** Chain of blocks that name none. Default 1. */
  readonly chainId?: number | bigint;
  /**
   * The same, with what is to be known of it: the id; the `config` of a genesis file of geth, or the whole file; or
   * an object with an `id`, such as a chain of viem, whose `forks` may be such a config. Forks, schedule of blobs,
   * deposit contract and rewards follow.
   */
  readonly chain?: number | bigint | object;
  /** Where to load what usually travels inside the library: for pages with a strict content security policy. */
  readonly assets?: EngineAssets;
  /**
   * A block with a transaction of more gas is refused: gas buys memory and time. The default is a thousand times what
   * any chain allows in a block; Ethereum's own tests use up to 2^64 - 1. Default 2^34.
   */
  readonly maximumTransactionGas?: bigint;
  /**
   * What will probably be read and written (docs/planning.md): hints, which cost time where they are wrong, never the
   * result. Default none.
   */
  readonly accessOracle?: AccessOracle;
  /**
   * Learns from the blocks that are executed what makes transactions wait for each other and what they cost, and
   * plans the next ones with it (docs/planning.md). Default `false`; `true` where `learned` is given.
   */
  readonly learning?: boolean;
  /** What another engine has learned, as its `learned()` tells it: begins with that. */
  readonly learned?: EngineLearned;
  /**
   * How far ahead of the first uncommitted transaction workers may run, 1 to 1,048,575 transactions. Default 1024.
   */
  readonly window?: number;
  /**
   * How transactions are given to workers (docs/policies.md): `work-stealing`: in order, what is to run again by
   * whoever found out, others take it where they are idle; `ordered`: the lowest that can run, always; `partitioned`:
   * what hangs together by senders and hints is one worker's from the start. Default `work-stealing`.
   */
  readonly scheduling?: 'work-stealing' | 'ordered' | 'partitioned';
  /** Whether idle workers take what others have. Default `true`. */
  readonly loadBalancing?: boolean;
  /**
   * When what a transaction read is looked at again, before it commits: `early`: as soon as something below has
   * changed; `batched`: when `validationBatch` transactions wait for it; `lazy`: only when all below have committed.
   * Default `early`.
   */
  readonly validation?: 'early' | 'lazy' | 'batched';
  /** Transactions that are validated at once, where `validation` is `batched`. Default 16. */
  readonly validationBatch?: number;
  /**
   * How it is found out whether reads still hold: `fast`: by clocks and versions first, by values where these do not
   * tell; `exact`: by the values alone. Default `fast`.
   */
  readonly conflictDetection?: 'fast' | 'exact';
  /**
   * Of so many credits to one balance, one is made an absolute value, so that who reads it need not add up those
   * below. Default 32.
   */
  readonly foldInterval?: number;
  /**
   * A transaction, or a task, that runs longer is taken away from its worker, and runs again at the commit head; the
   * second time it ends the run with a `TaskTimeoutError`. Milliseconds. Default none.
   */
  readonly taskTimeoutMs?: number;
  /** A run that lasts longer is cancelled. Milliseconds. Default none. */
  readonly executionTimeoutMs?: number;
  /**
   * How long one answer of a state source may take: without one the run ends with a `StateSourceError` that names the
   * keys. A source that counts (`statistics`, as `rpcState` does) is waited for while it goes on. Milliseconds.
   * Default 60,000.
   */
  readonly stateTimeoutMs?: number;
  /** Record a span per execution and validation, for {@link WorkerReport.spans}. Default false. */
  readonly enableProfiling?: boolean;
  /**
   * Tells OpenTelemetry of each run: a span below the active one, with one for each of its stages
   * (docs/monitoring.md). Where neither a tracer is given nor the package `@opentelemetry/api` is installed, nothing
   * happens. Default `false`.
   */
  readonly telemetry?: boolean | TelemetryOptions;
  /** Disposes of the engine when it fires. */
  readonly signal?: AbortSignal;
}

/** `options.workers`, where there are more or fewer by load. */
export interface WorkerRange {
  /** Workers that there always are. Default 1. */
  readonly minimum?: number;
  /** Workers that there are where runs keep them busy. Default `auto`. */
  readonly maximum?: number | 'auto';
  /**
   * After so long without a run workers beyond the minimum, which sleep until then, are ended. Milliseconds. Default
   * 10,000.
   */
  readonly idleMs?: number;
}

/** `options.memory` */
export interface MemoryOptions {
  /** Of the shared memory of a run, in MiB, 1 to 2047. Default 256. */
  readonly maximumMiB?: number;
  /**
   * Of memories that no run is using and that are kept for the next ones, in MiB; a smaller one gives memories back
   * sooner, and runs then begin with a new one. Default two memories, or one per engine.
   */
  readonly poolMiB?: number;
}

/** `options.telemetry` */
export interface TelemetryOptions {
  /**
   * Who makes the spans: a `Tracer` of OpenTelemetry's API, or what has its `startSpan` and `startActiveSpan`.
   * Default that of the package `@opentelemetry/api` for `pevm-wasm`, where the package is installed.
   */
  readonly tracer?: TelemetryTracer;
}

/** `options.assets` */
export interface EngineAssets {
  /** The compiled core: its URL, its bytes, or a `WebAssembly.Module`. */
  readonly wasm?: URL | string | ArrayBuffer | ArrayBufferView | object;
  /** The worker script: its URL. It looks for `alone.js` beside itself (`pevm assets` writes all of them). */
  readonly worker?: URL | string;
  /** The ethereumjs executor: its URL. */
  readonly executor?: URL | string;
  /**
   * The precompiled contracts that the core leaves to its host: their URL; or, where there are no workers, the
   * imported module `pevm-wasm/precompiles`.
   */
  readonly precompiles?: URL | string | object;
  /** The tracers that workers take part in the traces of blocks with: their URL. */
  readonly tracers?: URL | string;
}

/** A block with its context, for `engine.executeBlock`. A checked `BlockFile` has this shape. */
export interface BlockRequest {
  /** Shape of `eth_getBlockByNumber(…, true)`, or what viem or ethers make of that; checked field by field. */
  readonly block: BlockInput | LibraryBlock;
  /** Chain of the block. Default the engine's. */
  readonly chainId?: number | bigint;
  /**
   * The same, with what is to be known of it: the id; the `config` of a genesis file of geth, or the whole file; or
   * an object with an `id`, such as a chain of viem, whose `forks` may be such a config.
   */
  readonly chain?: number | bigint | object;
  /**
   * Hard fork of the block; `auto`: by the schedule of its chain (known of mainnet, Sepolia, Holesky and Hoodi).
   * Default the engine's, or that of the chain's schedule, by number and timestamp.
   */
  readonly hardfork?: Hardfork | 'auto';
  /** Where deposits are made (EIP-6110), on chains that the library does not know. */
  readonly depositContract?: Hex;
  /**
   * Whether blocks before Paris are rewarded as mainnet's were: false on chains of authorities. Needed on chains that
   * the library does not know.
   */
  readonly blockReward?: boolean;
  /** State before the block. Default the engine's. */
  readonly state?: StateSource;
  /**
   * In place of a state: what proves all that the block takes of it (docs/stateless.md). Then `verify` compares
   * everything, the root of the state included, unless something else is said.
   */
  readonly witness?: ExecutionWitness | WitnessByHash;
  /** For BLOCKHASH, by block number. What is missing is asked from the state source. */
  readonly blockHashes?: ReadonlyMap<bigint, Hex>;
  /** What a trusted execution found: compared where `verify` asks for it. */
  readonly expected?: Expected;
  /**
   * What to compare with the header; `true`: everything that is there. What cannot be compared is in
   * `result.omitted`. Default nothing.
   */
  readonly verify?: boolean | VerifyOptions;
  /**
   * Whether the block's access list (EIP-7928) is recorded, for `result.blockAccessList`. Of any fork, by the EVM
   * inside the core. Default `true` from Amsterdam on.
   */
  readonly blockAccessList?: boolean;
  /**
   * `trust`: the sender is `from`; `recover`: the sender is recovered from the signature, and compared with `from`.
   * Default `trust` where every transaction has a `from`.
   */
  readonly senders?: 'trust' | 'recover';
  /**
   * Record a span per execution and validation of this block, for {@link WorkerReport.spans}. Default the engine's.
   */
  readonly enableProfiling?: boolean;
  /**
   * What will probably be read and written (docs/planning.md): hints, which cost time where they are wrong, never the
   * result. Default the engine's.
   */
  readonly accessOracle?: AccessOracle;
  /** Cancels the run when it fires; the run rejects with its reason. */
  readonly signal?: AbortSignal;
  /** A run that lasts longer is cancelled. Milliseconds. Default none. */
  readonly executionTimeoutMs?: number;
  /**
   * A transaction, or a task, that runs longer is taken away from its worker, and runs again at the commit head; the
   * second time it ends the run with a `TaskTimeoutError`. Milliseconds. Default none.
   */
  readonly taskTimeoutMs?: number;
  /**
   * Of the shared memory of this run, in MiB, at most the engine's. Where it is too small the rest of the run goes on
   * in parts, one task at a time; a task that does not fit ends it with a `MemoryLimitError`. Default the engine's
   * `memory.maximumMiB`.
   */
  readonly maximumMiB?: number;
}

/** `request.verify`: what to compare with the header. */
export interface VerifyOptions {
  /** Gas of all transactions. Default false. */
  readonly gasUsed?: boolean;
  /** Bloom filter of all logs. Default false. */
  readonly logsBloom?: boolean;
  /**
   * Root of the receipts trie; before Byzantium only where it is named, since receipts then hold roots of the whole
   * state. Default false.
   */
  readonly receiptsRoot?: boolean;
  /** EIP-7685, from Prague on. Default false. */
  readonly requestsHash?: boolean;
  /**
   * EIP-7928, from Amsterdam on; and the `blockAccessList` of the block, where it has one, whose first wrong entry is
   * named. Default false.
   */
  readonly blockAccessListHash?: boolean;
  /** Against the blobs that the transactions carry (EIP-4844). Default false. */
  readonly blobGasUsed?: boolean;
  /** Root of the trie of transactions, and the hash of each that has one; takes their signatures. Default false. */
  readonly transactionsRoot?: boolean;
  /** Root of the trie of withdrawals, from Shanghai on (EIP-4895). Default false. */
  readonly withdrawalsRoot?: boolean;
  /** Hash of the headers of the uncles, and of each uncle; takes `uncleHeaders`. Default false. */
  readonly sha3Uncles?: boolean;
  /** From Paris on: difficulty and nonce of 0, no uncles (EIP-3675). Default false. */
  readonly proofOfStake?: boolean;
  /**
   * Only where it is named: the hash of the block, of all fields of its header. Chains with fields of their own have
   * other ones. Default false.
   */
  readonly hash?: boolean;
  /**
   * Only where it is named: takes a complete state (`memoryState`), and as long as hashing all of it. Default false.
   */
  readonly stateRoot?: boolean;
  /** `expected.post` and `expected.transactions`. Default false. */
  readonly expected?: boolean;
}

/** What `engine.openWorld` accepts. */
export interface WorldOptions {
  /** The state that the world begins with. Default the engine's. */
  readonly state?: StateSource;
  /**
   * Chain of its blocks: the id; the `config` of a genesis file of geth, or the whole file; or an object with an
   * `id`, such as a chain of viem, whose `forks` may be such a config. Default the engine's.
   */
  readonly chain?: number | bigint | object;
  /**
   * The block that the state is the one after. Of the state of a chain (`rpcState`) any block, by number, hash or
   * tag: the world is pinned to its hash. Of other states what they are: number, hash where it is known, or all of
   * its header, which calls then see, as that of a genesis file. Default the state's.
   */
  readonly block?: BlockId | { readonly number: bigint | number; readonly hash?: Hex } | HeaderInput;
}

/** The third argument of `engine.execute`. */
export interface ExecutionOptions {
  /** Free-form state before the first task: bytes. */
  readonly data?: Readonly<Record<string, Uint8Array>> | ReadonlyMap<string, Uint8Array>;
  /** Free-form state before the first task: numbers of 256 bits. */
  readonly numbers?: Readonly<Record<string, bigint>> | ReadonlyMap<string, bigint>;
  /** Accounts before the first task. Default all empty. */
  readonly state?: StateSource;
  /**
   * What will probably be read and written (docs/planning.md): hints, which cost time where they are wrong, never the
   * result. Default the engine's.
   */
  readonly accessOracle?: AccessOracle;
  /** Cancels the run when it fires; the run rejects with its reason. */
  readonly signal?: AbortSignal;
  /** A run that lasts longer is cancelled. Milliseconds. Default none. */
  readonly executionTimeoutMs?: number;
  /**
   * A transaction, or a task, that runs longer is taken away from its worker, and runs again at the commit head; the
   * second time it ends the run with a `TaskTimeoutError`. Milliseconds. Default none.
   */
  readonly taskTimeoutMs?: number;
  /**
   * What each task may use, beside what its executor and the task itself say: the lowest of all holds. More, and it
   * has failed, without writes, with `exceeded` in its result and the event `quota`. Default no limits.
   */
  readonly taskQuota?: TaskQuota;
  /**
   * Gas that the run may use in all: with the task that uses more it ends with a `QuotaError`, and nothing of it
   * counts. Default none.
   */
  readonly gasQuota?: bigint;
  /**
   * Of the shared memory of this run, in MiB, at most the engine's. Where it is too small the rest of the run goes on
   * in parts, one task at a time; a task that does not fit ends it with a `MemoryLimitError`. Default the engine's
   * `memory.maximumMiB`.
   */
  readonly maximumMiB?: number;
  /**
   * How far ahead of the first uncommitted transaction workers may run, 1 to 1,048,575 transactions. Default 1024.
   */
  readonly window?: number;
  /** Runs in the order of the tasks, one at a time, by the same engine. For comparisons. Default false. */
  readonly sequential?: boolean;
}

/** `options.taskQuota`, and `quota` of an executor or a task. Where several are given, the lowest holds. */
export interface TaskQuota {
  /** Gas that the outcome of a task may report. Default none. */
  readonly gas?: bigint;
  /** Bytes that an attempt at a task may write, keys and values together. Default none. */
  readonly memoryBytes?: number;
  /**
   * Milliseconds that an attempt may take, tries again included. One that does not come back of itself is ended when
   * it waits for something; what computes without end takes `taskTimeoutMs`. Default none.
   */
  readonly timeMs?: number;
}

/** What `openVersionStore` accepts. */
export interface VersionStoreOptions {
  /** Of its memory, in MiB. Default 16. */
  readonly maximumMiB?: number;
}

/** What `openBlockLoop` accepts. */
export interface BlockLoopOptions {
  /** How many tasks the block has. */
  readonly tasks: number;
  /** Who may be in the middle of an attempt at the same time. Default 1. */
  readonly workers?: number;
  /**
   * How far ahead of the first uncommitted transaction workers may run, 1 to 1,048,575 transactions. Default 1024.
   */
  readonly window?: number;
  /** Of its memory, in MiB. Default 16. */
  readonly maximumMiB?: number;
  /** Free-form state before the first task: bytes. */
  readonly data?: Readonly<Record<string, Uint8Array>> | ReadonlyMap<string, Uint8Array>;
  /** Free-form state before the first task: numbers of 256 bits. */
  readonly numbers?: Readonly<Record<string, bigint>> | ReadonlyMap<string, bigint>;
}

/** Of `callTracer`. */
export interface CallTracerOptions {
  /** Also the logs of each call that succeeded. Default false. */
  readonly withLog?: boolean;
  /** The outermost call only. Default false. */
  readonly onlyTopCall?: boolean;
}

/** Of `flatCallTracer`. */
export interface FlatCallTracerOptions {
  /** Words errors as OpenEthereum did. Default false. */
  readonly convertParityErrors?: boolean;
  /** Also CALL and STATICCALL of precompiled contracts. Default false. */
  readonly includePrecompiles?: boolean;
}

/** Of `prestateTracer`. */
export interface PrestateTracerOptions {
  /** What changed, before and after, in place of all that was met, before. Default false. */
  readonly diffMode?: boolean;
  /** Without code. Default false. */
  readonly disableCode?: boolean;
  /** Without storage. Default false. */
  readonly disableStorage?: boolean;
  /** Also accounts that were empty before; not together with `diffMode`. Default false. */
  readonly includeEmpty?: boolean;
}

/** Of `structLog`. */
export interface StructLogOptions {
  /** Also the memory before each instruction. Default false. */
  readonly enableMemory?: boolean;
  /** Without the stack before each instruction. Default false. */
  readonly disableStack?: boolean;
  /** Without the slots that the account has met, at SLOAD and SSTORE. Default false. */
  readonly disableStorage?: boolean;
  /** Also what the last call returned. Default false. */
  readonly enableReturnData?: boolean;
  /** Bytes of JSON after which no more instructions are told; 0 for as many as fit into 256 MiB. Default 0. */
  readonly limit?: number;
}

/** Of `eip3155`. */
export interface StepLineOptions {
  /** Also the memory before each instruction. Default false. */
  readonly enableMemory?: boolean;
  /** Without the stack before each instruction. Default false. */
  readonly disableStack?: boolean;
  /** Also what the last call returned. Default false. */
  readonly enableReturnData?: boolean;
  /** Is given each line as soon as it is known; the result then holds the last one, about the end, alone. */
  readonly write?: (line: object) => void;
}

/** Of `erc7562Tracer`. */
export interface Erc7562TracerOptions {
  /** Also the logs of each call that succeeded. Default false. */
  readonly withLog?: boolean;
  /** Opcodes that are not counted. Default geth's: PUSH, DUP, SWAP, POP, and simple arithmetic. */
  readonly ignoredOpcodes?: readonly number[];
}
