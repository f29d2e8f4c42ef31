// The library's public names.

export type { BlockFile } from './block/block-file.ts';
export { checkBlockFile, parseBlockFile, readBlockFile } from './block/block-file.ts';
export type { BlockInput, HeaderInput, LibraryBlock, TransactionInput, WithdrawalInput } from './block/block-input.ts';
export { readBlock } from './block/block-input.ts';
export type { Expected, ExpectedAccount, ExpectedTransaction } from './block/expected.ts';
export type { Hardfork } from './block/hardfork.ts';
export { HARDFORKS } from './block/hardfork.ts';
export type { Hex } from './block/hex.ts';
export type { Receipt } from './block/receipts.ts';
export type { AccountDiff, StateDiff } from './block/state-diff.ts';
export { createEngine } from './engine/engine.ts';
export {
  AuditError,
  CoreTrapError,
  EngineDisposedError,
  ExecutionTimeoutError,
  InputError,
  InvalidBlockError,
  InvalidTransactionError,
  MemoryLimitError,
  PevmError,
  StateSourceError,
  TaskTimeoutError,
  WorkerError,
} from './errors.ts';
export type {
  ExecutionEstimate,
  ExecutionOutcome,
  Executor,
  ExecutorModule,
  StateView,
  Task,
} from './executor/executor.ts';
export { SuspendSignal } from './executor/executor.ts';
export type { Alloc, AllocAccount, MemoryAccount, MemoryState } from './state/memory.ts';
export { memoryState } from './state/memory.ts';
export type { AccountValue, StateKey, StateSource, StateValue } from './state/state-source.ts';
export type * from './types.ts';
