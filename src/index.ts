// The library's public names.
/** @module pevm-wasm */

import './base/web-types.ts';

export type {
  AccessKey,
  AccessOracle,
  AccessPrediction,
  AccessWrite,
  TransactionContext,
} from './access/access-oracle.ts';
export { combineOracles, fromEIP2930, fromHints } from './access/access-oracle.ts';
export { fromBlockAccessList } from './access/block-access-list-oracle.ts';
export type { EngineLearned } from './access/learned-format.ts';
export type { AccessPlan, AnnouncedWrite, PlannerOptions } from './access/planner.ts';
export { Planner } from './access/planner.ts';
export type { StaticAnalysisOptions } from './access/static-analysis.ts';
export { staticAnalysis } from './access/static-analysis.ts';
export {
  AuditError,
  CallFailedError,
  CallRejectedError,
  CoreTrapError,
  EngineDisposedError,
  ExecutionTimeoutError,
  InputError,
  InvalidBlockError,
  InvalidTransactionError,
  MemoryLimitError,
  PevmError,
  type PevmErrorOptions,
  ProofError,
  type ProofMismatch,
  QuotaError,
  ReorganisationError,
  RpcError,
  type RpcFailure,
  StateSourceError,
  TaskTimeoutError,
  WitnessError,
  type WitnessProblem,
  WorkerError,
} from './base/errors.ts';
export type { Hex } from './base/hex.ts';
export { blockAccessListHash, encodeBlockAccessList } from './block/access-list-encoding.ts';
export type { AccountAccess, BlockAccessList, ListBounds, SlotAccess } from './block/block-access-list.ts';
export { decodeBlockAccessList, readBlockAccessList } from './block/block-access-list.ts';
export type {
  AccessListItem,
  AuthorizationInput,
  BlockInput,
  HeaderInput,
  LibraryBlock,
  TransactionInput,
  WithdrawalInput,
} from './block/block-input.ts';
export { readBlock } from './block/block-input.ts';
export type { Expected, ExpectedAccount, ExpectedTransaction } from './block/expected.ts';
export type { Receipt } from './block/receipts.ts';
export type { AccountDiff, StateDiff } from './block/state-diff.ts';
export type { BlobRules, Chain, ChainFork, ForkStart } from './chain/chain.ts';
export type { HaltReason } from './chain/halt-reasons.ts';
export type { Hardfork } from './chain/hardfork.ts';
export { HARDFORKS } from './chain/hardfork.ts';
export type { Rules as HardforkRules } from './chain/rules.ts';
export type { Configuration, ConfigurationSources, ConfiguredSetting } from './config/configuration.ts';
export { readConfiguration } from './config/configuration.ts';
export type { ConfigurationTextSources } from './config/configuration-file.ts';
export { parseConfiguration } from './config/configuration-file.ts';
export type { TracingEngine } from './engine/engine.ts';
export { createEngine } from './engine/engine.ts';
export { openBlockLoop, openVersionStore } from './engine/lower-level.ts';
export type { BlockFile } from './file/block-file.ts';
export { checkBlockFile, parseBlockFile, readBlockFile } from './file/block-file.ts';
export type { ByteSource } from './file/chain-file.ts';
export { chainFileBlocks } from './file/chain-file.ts';
export type { Genesis } from './file/genesis-file.ts';
export { readGenesis, readGenesisFile } from './file/genesis-file.ts';
export type { ChromeTrace, TraceEvent } from './metrics/chrome-trace.ts';
export { chromeTrace } from './metrics/chrome-trace.ts';
export type {
  ExpositionOptions,
  Metered,
  PrometheusCollector,
  PrometheusMetric,
} from './metrics/exposition.ts';
export { METRICS_CONTENT_TYPE, metricsText, prometheusCollector } from './metrics/exposition.ts';
export type { KeyedAccount } from './node/accounts.ts';
export { createWitness, type WitnessRequest } from './node/create-witness.ts';
export type { DevGenesis, DevGenesisOptions } from './node/dev-chain.ts';
export { devGenesis } from './node/dev-chain.ts';
export { fileCache } from './state/cache/file-cache.ts';
export { indexedDbCache } from './state/cache/indexed-db-cache.ts';
export type { StateCache } from './state/cache/state-cache.ts';
export { memoryCache } from './state/cache/state-cache.ts';
export type { LayerLoad } from './state/layers.ts';
export { layerState } from './state/layers.ts';
export type { Alloc, AllocAccount, AllocNumber, MemoryState } from './state/memory.ts';
export { memoryState } from './state/memory.ts';
export type { MemoryAccount, MemorySlot } from './state/memory-account.ts';
export type {
  Slots as OverrideSlots,
  StateOverride,
  StateOverrides,
  Word as OverrideNumber,
} from './state/overlay.ts';
export { overlayState } from './state/overlay.ts';
export type { RpcLearned } from './state/remote/lesson-format.ts';
export type { RpcEndpoint, RpcLimits, RpcTransport, ViemTransport } from './state/remote/limits.ts';
export type { FetchedBlock, PinnedBlock, RpcState, RpcStateOptions, RpcStatistics } from './state/remote/rpc-state.ts';
export { rpcState } from './state/remote/rpc-state.ts';
export type { BlockId, RemoteHeader } from './state/remote/state-requests.ts';
export type { HttpEndpoint, RequestFunctionHolder } from './state/remote/wire.ts';
export type {
  AccountValue,
  BlockHashKey,
  DescribedStateSource,
  LoadOptions,
  SourceKey,
  StateDescription,
  StateKey,
  StateSource,
  StateValue,
} from './state/state-source.ts';
export type { ExecutionWitness, WitnessByHash, WitnessProof } from './state/witness/execution-witness.ts';
export type { BlockLoop, LoopAttempt, LoopResult, LoopWorker, TransactionStatus, Verdict } from './task/block-loop.ts';
export type {
  ExecutionEstimate,
  ExecutionOutcome,
  Executor,
  ExecutorModule,
  RetryPolicy,
  StateView,
  StorageProvider,
  Task,
} from './task/executor.ts';
export { SuspendSignal } from './task/executor.ts';
export type { QuotaBreach, QuotaName, TaskQuota } from './task/quota.ts';
export type {
  Key as StoreKey,
  Seen,
  StoreSnapshot,
  VersionName,
  VersionStore,
  WriterName,
} from './task/version-store.ts';
export type { CallFrame } from './trace/call-tracer.ts';
export type { CallLog as TracedCallLog } from './trace/call-tree.ts';
export type { Erc7562Frame } from './trace/erc7562-tracer.ts';
export type { FlatCall, FlatCallAction } from './trace/flat-call-tracer.ts';
export type { FourByteCounts } from './trace/four-byte-tracer.ts';
export type { OpcodeClass } from './trace/opcode-classes.ts';
export type { Prestate, PrestateAccount, PrestateDiff } from './trace/prestate-tracer.ts';
export type {
  BlockProfile,
  CodeProfile,
  ContractProfile,
  FunctionProfile,
  OpcodeProfile,
  ProfiledStack,
  ProfilingEngine,
  StackWeight,
  TransactionProfile,
} from './trace/profile.ts';
export { foldedStacks, profileBlock } from './trace/profile.ts';
export type { CalledFunction, GasProfile, StackGas } from './trace/profile-tracer.ts';
export type { BlockTraceRequest, TraceRun, TransactionTrace } from './trace/request.ts';
export type { StepLine, StepLines, StepSummary } from './trace/step-line-tracer.ts';
export type { StructLog, StructLogTrace } from './trace/struct-log-tracer.ts';
export type {
  EvmInvalidReason,
  EvmLogOutput,
  EvmTransactionOutput,
  EvmTransferOutput,
  FrameBegan,
  FrameEnded,
  FrameKind,
  Instruction,
  Logged,
  SelfDestructed,
  Step,
  TracedAuthorization,
  TracedBlock,
  TracedState,
  TracedTransaction,
  Tracer,
  TracerFactory,
  TransactionBegan,
  ValueMoved,
} from './trace/tracer.ts';
export type { MuxTracerOptions, TraceOf, TracerChoice, TracerName, Tracers } from './trace/tracers.ts';
export type * from './types.ts';
export type {
  ApprovalChange,
  Asset,
  AssetChange,
  CallTraceOptions,
  Delegation,
  Preview,
  Previewable,
  PreviewedWorld,
  PreviewFailure,
  PreviewOptions,
  PreviewReport,
  PreviewRequest,
  TracingWorld,
  UnsignedAuthorization,
} from './world/tracing-world.ts';
