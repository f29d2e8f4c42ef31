// Checks what callers pass to the engine, by the descriptors, and fills in the defaults.

import type { AccessOracle } from '../access/access-oracle.ts';
import type { LearnedAccesses } from '../access/learned-accesses.ts';
import { type EngineLearned, readEngineLearned } from '../access/learned-format.ts';
import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';
import type { Chain } from '../chain/chain.ts';
import { knownChain, readChain } from '../chain/chains.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { BlockRequest, EngineOptions, ExecutionOptions, WorldOptions } from '../types.ts';
import { checkOptions } from './descriptor.ts';
import {
  BLOCK_REQUEST,
  DEFAULT_BATCH,
  DEFAULT_FOLD_INTERVAL,
  DEFAULT_MIB,
  DEFAULT_WINDOW,
  ENGINE_OPTIONS,
  EXECUTION_OPTIONS,
  IDLE_WORKER_MS,
  MAX_AUTO_WORKERS,
  STATE_TIMEOUT_MS,
  WORLD_OPTIONS,
} from './descriptors.ts';
import { withPreset } from './presets.ts';

type PolicyName =
  | 'scheduling'
  | 'loadBalancing'
  | 'validation'
  | 'validationBatch'
  | 'conflictDetection'
  | 'foldInterval';

/** Engine options with every default filled in. */
export interface CheckedOptions
  extends Omit<
    EngineOptions,
    'workers' | 'memory' | 'chain' | 'chainId' | 'accessOracle' | 'learning' | 'learned' | PolicyName
  > {
  /** Of blocks that name none. */
  readonly chain: Chain | undefined;
  /** At most. */
  readonly workers: number;
  /** Where there may be fewer. */
  readonly bounds: { readonly minimum: number; readonly maximum: number; readonly idleMs: number } | undefined;
  readonly maximumMiB: number;
  /** `undefined`: as many memories are kept as engines are open, and two at least. */
  readonly poolMiB: number | undefined;
  readonly window: number;
  readonly stateTimeoutMs: number;
  readonly policy: NonNullable<RunPlan['policy']>;
  /** Who says what will be touched where a request does not; may change from run to run. */
  readonly planning: { oracle: AccessOracle | undefined; learned: LearnedAccesses | undefined };
  /** What the engine is to begin with, where it learns; whoever makes it sees to `planning.learned`. */
  readonly learning: { readonly known: EngineLearned | undefined } | undefined;
}

/** @throws InputError naming the option */
export function checkEngineOptions(options: EngineOptions, cores: number): CheckedOptions {
  checkOptions(options, 'options', ENGINE_OPTIONS);
  const {
    workers = 'auto',
    memory,
    threading = 'auto',
    window = DEFAULT_WINDOW,
    accessOracle,
    scheduling = 'work-stealing',
    loadBalancing = true,
    validation = 'early',
    validationBatch = DEFAULT_BATCH,
    conflictDetection = 'fast',
    foldInterval = DEFAULT_FOLD_INTERVAL,
    stateTimeoutMs = STATE_TIMEOUT_MS,
    learned,
    learning = learned !== undefined,
    chainId: _,
    ...others
  } = withPreset(options);
  const known = learned === undefined ? undefined : readEngineLearned(learned, 'options.learned');
  return {
    ...others,
    chain: readChainOf(options, 'options'),
    threading,
    ...workerCounts(workers, Math.max(1, Math.min(MAX_AUTO_WORKERS, cores))),
    maximumMiB: memory?.maximumMiB ?? DEFAULT_MIB,
    poolMiB: memory?.poolMiB,
    window,
    stateTimeoutMs,
    policy: {
      ...{ scheduling, loadBalancing, foldInterval },
      validationBatch: { early: 1, lazy: Number.POSITIVE_INFINITY, batched: validationBatch }[validation],
      exact: conflictDetection === 'exact',
    },
    planning: { oracle: accessOracle, learned: undefined },
    learning: learning ? { known } : undefined,
  };
}

function workerCounts(
  given: NonNullable<EngineOptions['workers']>,
  auto: number,
): Pick<CheckedOptions, 'workers' | 'bounds'> {
  if (typeof given !== 'object') return { workers: given === 'auto' ? auto : given, bounds: undefined };
  const { minimum = 1, maximum = 'auto', idleMs = IDLE_WORKER_MS } = given;
  const workers = maximum === 'auto' ? Math.max(auto, minimum) : maximum;
  if (minimum > workers) {
    throw new InputError('options.workers.minimum', `is ${minimum}, and the maximum ${workers}`);
  }
  return { workers, bounds: { minimum, maximum: workers, idleMs } };
}

/** Memory of a run in MiB. @throws InputError where it would have more than its engine */
export function memoryOfRun(
  { maximumMiB }: { readonly maximumMiB?: number | undefined },
  options: CheckedOptions,
  field: string,
): number {
  if (maximumMiB === undefined || maximumMiB <= options.maximumMiB) return maximumMiB ?? options.maximumMiB;
  throw new InputError(
    `${field}.maximumMiB`,
    `is ${maximumMiB}, and the engine's memory has ${options.maximumMiB} MiB`,
  );
}

/** @throws InputError naming the option */
export function checkExecutionOptions(options: ExecutionOptions): void {
  checkOptions(options, 'options', EXECUTION_OPTIONS);
}

/** A world's options, with the chain as it is known. @throws InputError naming the option */
export function checkWorldOptions(options: WorldOptions): Omit<WorldOptions, 'chain'> & { chain: Chain | undefined } {
  checkOptions(options, 'options', WORLD_OPTIONS);
  return { ...options, chain: readChainOf(options, 'options') };
}

/** The chain that is named by its id or otherwise; `undefined`: by neither. @throws InputError naming the field */
export function readChainOf(
  given: { readonly chain?: number | bigint | object | undefined; readonly chainId?: number | bigint | undefined },
  field: string,
): Chain | undefined {
  const { chain } = given;
  const chainId = given.chainId === undefined ? undefined : Number(given.chainId);
  if (chain === undefined) return chainId === undefined ? undefined : knownChain(chainId);
  const known = readChain(chain, `${field}.chain`);
  if (chainId === undefined || chainId === known.id) return known;
  throw new InputError(`${field}.chainId`, `is ${describe(chainId)}, and ${field}.chain is chain ${known.id}`);
}

/** Checks everything but the block itself. @throws InputError naming the field */
export function checkBlockRequest(request: BlockRequest): void {
  checkOptions(request, 'request', BLOCK_REQUEST);
}

/** @throws InputError for what is no oracle */
export function checkOracle(oracle: AccessOracle | undefined): void {
  if (oracle !== undefined) ENGINE_OPTIONS.accessOracle!.check(oracle, 'oracle');
}
