// A block as a job: its stages, in order.

import { estimateCosts, GAS_PER_MS } from '../access/crew-size.ts';
import { InputError, WitnessError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { TelemetryAttributes } from '../base/telemetry.ts';
import { stepError } from '../block/block-plan.ts';
import { rulesOf } from '../chain/rules.ts';
import type { CheckedOptions } from '../config/options.ts';
import type { ResultBatch } from '../core/host/outcome.ts';
import { reportOf } from '../metrics/report.ts';
import { InvalidOutcome } from '../run/run-outcome.ts';
import type { RunPlan } from '../run/run-plan.ts';
import { type Work, workOf } from '../run/work.ts';
import { type MemoryState, stateOfAccounts } from '../state/memory.ts';
import { meterOf } from '../state/source-meter.ts';
import { stateRootOf } from '../state/state-root.ts';
import type { StateKey, StateSource } from '../state/state-source.ts';
import { asksForCode, ProvenState } from '../state/witness/proven-state.ts';
import type { BlockRequest, BlockResult, TransactionResult } from '../types.ts';
import type * as AccessLists from './access-list.ts';
import { type BlockContext, type BlockEncoding, encodeForCore, encodeForModule } from './block-encoding.ts';
import { type CheckedBlockRequest, readBlockRequest } from './block-request.ts';
import { type BlockExecution, completed, resultOf, TransactionDecoder } from './block-result.ts';
import { type Emptiness, emptinessOf, slotsAsBefore } from './changed-state.ts';
import { loadSteps } from './evm-block.ts';
import type { ForetoldRoot } from './foretold-root.ts';
import type { Desk, Job, Limits, Performed } from './job.ts';
import { crewOf, orderTransactions, type Planned } from './planning.ts';
import { ReceiptCommitter } from './receipt-commitment.ts';
import {
  blockKeys,
  checkPinned,
  type StandingState,
  type StateBefore,
  standingBefore,
  stateBefore,
} from './state-before.ts';
import type * as Verification from './verification.ts';

/** A block that was run to its end. */
export interface ExecutedBlock extends Performed {
  readonly plan: RunPlan;
  readonly work: Work;
  readonly decoder: TransactionDecoder;
  readonly receipts: ReceiptCommitter | undefined;
  readonly emptiness: Emptiness;
}

/** Costs of what is learned, whoever executes. */
const IN_CORE = { isInCore: true, recovers: false };

/** Another block on another state. */
interface Aside {
  readonly context: BlockContext;
  readonly state: StateSource;
}

export class BlockJob implements Job<TransactionResult, BlockResult> {
  readonly kind = 'block';
  readonly #options: CheckedOptions;
  readonly #encode: typeof encodeForCore | typeof encodeForModule;
  #request: CheckedBlockRequest;
  #encoding: BlockEncoding;
  /** The state that stays, which the block advances; `undefined`: it brings the state before it. */
  readonly #standing: StandingState | undefined;

  /** The state before the block, for what runs after it, where that state does not wait. */
  #copy: MemoryState | undefined;
  #executed: ExecutedBlock | undefined;
  /** What verifies blocks, where that is asked for. */
  #verification: typeof Verification | undefined;
  /** What makes access lists, where that of the block is recorded. */
  #lists: typeof AccessLists | undefined;

  /** What the state's source is asked since somebody began to ask it for the block. */
  #asked: ReturnType<typeof meterOf> | undefined;

  /** What the block will probably touch, where somebody has asked before its turn came. */
  #keys: Promise<readonly StateKey[]> | undefined;

  /** Reads the request, and encodes the block for who is to execute it. @throws InputError, InvalidTransactionError */
  constructor(request: BlockRequest, options: CheckedOptions, standing?: StandingState) {
    this.#options = options;
    this.#standing = standing;
    this.#request = readBlockRequest(request, options);
    this.#encode = (options.executor ?? 'wasm') === 'wasm' ? encodeForCore : encodeForModule;
    this.#encoding = this.#encode(this.#request.context);
  }

  /** The block, checked, and what it runs on. */
  get context(): BlockContext {
    return this.#request.context;
  }

  get encoding(): BlockEncoding {
    return this.#encoding;
  }

  /** How it was executed, when it was. */
  get executed(): ExecutedBlock | undefined {
    return this.#executed;
  }

  get limits(): Limits {
    return this.#request.limits;
  }

  get itemCount(): number {
    return this.#encoding.transactionCount;
  }

  get firstItem(): number {
    return this.#encoding.firstTransaction;
  }

  attributes(): TelemetryAttributes {
    const { block, chainId, hardfork } = this.#request.context;
    return {
      'pevm.block.number': Number(block.number),
      ...(block.hash && { 'pevm.block.hash': block.hash }),
      'pevm.chain_id': chainId,
      'pevm.hardfork': hardfork,
      'pevm.transactions': this.itemCount,
    };
  }

  /** Fetches what the block will probably need, before its turn has come: another block may run on the state that stays. */
  async fetchAhead(signal: AbortSignal): Promise<void> {
    const standing = this.#standing;
    if (standing === undefined || standing.residence.complete) return;
    this.#asked ??= meterOf(standing);
    this.#keys ??= blockKeys(standing, this.#request.context);
    const keys = await this.#keys;
    if (!signal.aborted) await standing.fetchAhead(keys, signal);
  }

  /** Loads what few blocks take, where this one does. @throws InputError, WitnessError */
  async #equip(): Promise<void> {
    const { witness, verify = false } = this.#request;
    if (witness !== undefined) {
      const { onWitness } = await import('./witnessed.ts');
      this.#request = onWitness(this.#request);
    }
    const isDraft = await loadSteps(this.#request.context);
    if (isDraft || witness !== undefined) this.#encoding = this.#encode(this.#request.context);
    if (this.#request.context.recordAccess) this.#lists = await import('./access-list.ts');
    if (verify !== false) this.#verification = await import('./verification.ts');
  }

  async run(desk: Desk<TransactionResult>): Promise<BlockResult> {
    const startMs = performance.now();
    await this.#equip();
    this.#asked ??= meterOf(this.#standing ?? this.#request.state);
    const encoding = this.#encoding;
    if (this.#isAudited || this.#wantsRoots) await this.#copyBefore(desk);
    const before = await this.#stateBefore(desk);
    const work = await this.#workOf(desk, encoding, before);
    const planned = await this.#planned(desk, encoding);
    const encodeMs = performance.now() - startMs;
    desk.stage('plan', startMs);
    const foretold = await this.#foretellRoot();
    const executed = await this.#executeHere(desk, encoding, before, work, planned).catch(async (error: unknown) => {
      if (this.#isAudited) await (await import('./block-audit.ts')).auditRefusal(error, () => this.#executeAgain(desk));
      throw error;
    });
    this.#executed = executed;
    await this.#learn(executed, encoding);

    const decodeStartMs = performance.now();
    const result = this.#resultOf(encoding, executed, await this.#rootsBetween(desk));
    desk.stage('decode', decodeStartMs);
    const verifyStartMs = performance.now();
    const stateRoot = await this.#stateRootAfter(desk, result, foretold);
    const { context, verify, expected } = this.#request;
    const { checkpoint = executed.outcome.changes } = executed.outcome;
    const asBefore = () => slotsAsBefore(checkpoint);
    const found = this.#verification?.verification(context, result, { verify, expected, stateRoot, asBefore }) ?? {
      mismatches: [],
    };
    if (this.#isAudited) {
      const { auditResult } = await import('./block-audit.ts');
      found.mismatches.push(...(await auditResult(result, () => this.#executeAgain(desk))));
    }
    desk.stage('verify', verifyStartMs);
    const decodeMs = executed.outcome.decodeMs + performance.now() - decodeStartMs;

    const report = reportOf(
      { ...executed, outcome: { ...executed.outcome, decodeMs } },
      {
        totalDurationMs: performance.now() - startMs,
        encodeMs,
        offset: this.firstItem,
        block: context.block,
        planned: planned?.facts,
        ...this.#asked(),
      },
    );
    desk.report(report, result.gasUsed);
    return completed(result, { ...found, report, stateRoot });
  }

  /** Runs the block; over a witness as often as it takes to know what it lacks. */
  async #executeHere(
    desk: Desk<TransactionResult>,
    encoding: BlockEncoding,
    before: StateBefore,
    work: Work,
    planned: Planned | undefined,
  ): Promise<ExecutedBlock> {
    const { state } = this.#request;
    if (!(state instanceof ProvenState)) return this.#execute(desk, encoding, before, work, { planned });
    for (let [from, known, sequential] = [before, work, false]; ; ) {
      try {
        const executed = await this.#execute(desk, encoding, from, known, { planned, sequential });
        // Who has storage, but neither nonce nor code, is known when somebody has met them (EIP-7610).
        if (state.description.storageOnly?.length === from.storageOnly.length) {
          desk.push(executed.decoder.length, executed.decoder.at);
          return executed;
        }
        from = await this.#stateBefore(desk);
        known = await this.#workOf(desk, encoding, from);
      } catch (error) {
        if (!(error instanceof WitnessError) || sequential) throw error;
        // What an attempt asks for that is made again need not be there: in order, all of it must.
        sequential = true;
      }
    }
  }

  async #learn({ outcome }: ExecutedBlock, { firstTransaction }: BlockEncoding): Promise<void> {
    const { learned } = this.#options.planning;
    if (learned === undefined) return;
    const { observedBlock } = await import('./learning.ts');
    const { block } = this.#request.context;
    for (const lessons of outcome.lessons) learned.observeLater(() => observedBlock(lessons, block, firstTransaction));
  }

  get #isAudited(): boolean {
    return this.#options.preset === 'audit';
  }

  /**
   * Whether receipts hold roots of the state, and are named as what to compare: then the state is said to be all there is. A
   * state that is complete for its block, as that of a block file, need not be.
   */
  get #wantsRoots(): boolean {
    const { verify = false, context, state } = this.#request;
    if (rulesOf(context.hardfork).hasReceiptStatus || context.block.transactions.length === 0) return false;
    const isComplete = this.#standing?.residence.complete ?? state.description?.accounts !== undefined;
    return isComplete && typeof verify === 'object' && verify.receiptsRoot === true;
  }

  /** Whether what the header says of the receipts will be compared, and takes nothing but the results. */
  get #wantsReceipts(): boolean {
    const { verify = false, context } = this.#request;
    const isWanted = verify === true || (verify !== false && (verify.receiptsRoot || verify.logsBloom) === true);
    return isWanted && this.#encoding.evm !== undefined && rulesOf(context.hardfork).hasReceiptStatus;
  }

  /** What stays is advanced by the time of the audit. @throws InputError where it is not known as a whole */
  async #copyBefore(desk: Desk<TransactionResult>): Promise<void> {
    const standing = this.#standing;
    if (standing === undefined) return;
    if (!standing.residence.complete) {
      throw new InputError('options.preset', 'the audit of a world takes a complete state, as memoryState makes one');
    }
    this.#copy = await desk.ask(() => standing.whole());
  }

  /** Of this block, or of the same one for another executor. */
  async #stateBefore(desk: Desk<TransactionResult>, encoding = this.#encoding): Promise<StateBefore> {
    const { state, context } = this.#request;
    if (this.#standing !== undefined) {
      return standingBefore(desk, this.#standing, () => this.#keys ?? blockKeys(state, context));
    }
    await desk.ask(({ signal }) => checkPinned(state, context.block, signal));
    const { block } = context;
    const keys = () => (state instanceof ProvenState ? state.keys(block) : blockKeys(state, context));
    // What is learned goes by the hashes of code, as executors outside the core do.
    const takesPlaceholders = encoding.evm !== undefined && this.#options.planning.learned === undefined;
    return stateBefore(desk, state, keys, takesPlaceholders);
  }

  /** What is known before of how the transactions have to do with each other. */
  async #planned({ workers }: Desk<TransactionResult>, encoding: BlockEncoding): Promise<Planned | undefined> {
    const { learned } = this.#options.planning;
    const { oracle: given = this.#options.planning.oracle, context } = this.#request;
    const { block } = context;
    if (given === undefined && learned === undefined && block.blockAccessList === undefined) return undefined;
    const { oracleOf, planTransactions } = await import('./oracle-plan.ts');
    const oracle = oracleOf(block, given, learned);
    // What was learned is time: limits of gas are no measure beside it.
    const costs = learned && estimateCosts(block.transactions, IN_CORE).costsMs.map((ms) => ms * GAS_PER_MS);
    return oracle && planTransactions(oracle, { block, encoding, workers, costs });
  }

  #planOf(
    encoding: BlockEncoding,
    before: StateBefore,
    sequential: boolean,
    { workers, planned }: { readonly workers: number; readonly planned: Planned | undefined },
  ): RunPlan {
    // What nobody has loaded may be anything.
    const { image, complete, emptyAccounts = true } = before;
    const { evm, count, tasks, post, firstTransaction, transactionCount } = encoding;
    const { window, policy } = this.#options;
    const { learned } = this.#options.planning;
    const { context } = this.#request;
    const costs = learned !== undefined && evm !== undefined ? planned?.costs : undefined;
    // Where state is loaded on the way, all of them look ahead.
    const chooses = complete && this.#options.workersPerBlock !== 'all';
    const crew = chooses ? crewOf(context, encoding, { workers, planning: planned?.planning, costs }) : undefined;
    // Alone, or where state is loaded on the way, transactions are begun as they come.
    const isOrdered = complete && !sequential && crew !== 1;
    const order = () => (isOrdered ? orderTransactions(context.block, encoding, workers) : undefined);
    return {
      count,
      tasks,
      programs: undefined,
      evm: evm && emptyAccounts ? { ...evm, environment: { ...evm.environment, emptyAccounts } } : evm,
      image,
      complete,
      window,
      policy,
      partitions: workers,
      haltOnInvalid: true,
      forgetsCode: asksForCode(this.#request.state),
      profile: this.#request.profile,
      sequential,
      workers: crew,
      block: { firstTransaction, transactionCount },
      checkpoint: post,
      learns: !sequential && learned !== undefined,
      planning: planned?.planning ?? order(),
    };
  }

  async #workOf(desk: Desk<TransactionResult>, encoding: BlockEncoding, before: StateBefore): Promise<Work> {
    const { evm, payloads, options } = encoding;
    if (evm !== undefined) {
      return workOf({ tasks: payloads, executor: undefined, precompiles: desk.assets.precompiles });
    }
    // Looking out for empty accounts makes transactions conflict: not where nobody knows of any.
    const { emptyAccounts = false, storageOnly } = before;
    const executor = { url: await desk.assets.executor(), options: { ...options, emptyAccounts, storageOnly } };
    return workOf({ tasks: payloads, executor, precompiles: undefined });
  }

  /** Runs the block's tasks; `aside`: those of another block on another state, which nobody sees. @throws InvalidTransactionError, InvalidBlockError */
  async #execute(
    desk: Desk<TransactionResult>,
    encoding: BlockEncoding,
    before: StateBefore,
    work: Work,
    {
      aside,
      planned,
      sequential = aside !== undefined,
    }: { readonly aside?: Aside; readonly planned?: Planned | undefined; readonly sequential?: boolean },
  ): Promise<ExecutedBlock> {
    const { workers } = desk;
    const plan = this.#planOf(encoding, before, sequential, { workers, planned });
    const { taskTimeoutMs, maximumMiB } = this.#request;
    const { context, state } = aside ?? this.#request;
    const residence = aside === undefined ? this.#standing?.residence : undefined;
    const isShown = aside === undefined;
    const decoder = new TransactionDecoder(context.block, encoding);
    const receipts = isShown && this.#wantsReceipts ? new ReceiptCommitter(context.block, encoding) : undefined;
    const take = (batch: ResultBatch) => {
      decoder.push(batch, (task, result) => desk.fail(stepError(encoding, task, result)));
      if (!decoder.isBroken) receipts?.push(batch);
      // On a witness it may still turn out that the block is to be run once more.
      if (isShown && !(state instanceof ProvenState)) desk.push(decoder.length, decoder.at);
    };
    const { verify } = this.#request;
    const meanwhile = () => this.#verification?.verifyAhead(context, verify);
    const performed = await desk
      .perform({
        plan,
        work,
        state,
        residence,
        taskTimeoutMs,
        maximumMiB,
        isShown,
        take,
        takesSoon: receipts !== undefined,
        ...(isShown && { meanwhile }),
      })
      .catch((error: unknown) => {
        throw error instanceof InvalidOutcome ? stepError(encoding, error.index, error.result) : error;
      });
    const emptiness = emptinessOf(rulesOf(context.hardfork).clearsEmpty, before.emptyAccounts);
    return { ...performed, plan, work, decoder, receipts, emptiness };
  }

  /** The block as ethereumjs runs it, one transaction at a time, on a state that is asked for anew. */
  async #executeAgain(desk: Desk<TransactionResult>): Promise<BlockExecution> {
    const encoding = encodeForModule(this.#request.context);
    const before = await (this.#copy === undefined ? this.#stateBefore(desk, encoding) : stateBefore(desk, this.#copy));
    const work = await this.#workOf(desk, encoding, before);
    const aside = { context: this.#request.context, state: this.#copy ?? this.#request.state };
    const executed = await this.#execute(desk, encoding, before, work, { aside });
    return this.#resultOf(encoding, executed);
  }

  /** Roots of the states between the transactions, where receipts hold them and are to be compared. */
  async #rootsBetween(desk: Desk<TransactionResult>): Promise<readonly Hex[] | undefined> {
    if (!this.#wantsRoots) return undefined;
    const { state, context } = this.#request;
    const { accounts } = state.description ?? {};
    const before = this.#copy ?? stateOfAccounts(accounts!, context.blockHashes);
    const { intermediateRoots } = await import('./intermediate-roots.ts');
    return intermediateRoots(context, before, async (part, state) => {
      const encoding = encodeForCore(part);
      const alone = await stateBefore(desk, state);
      const work = await this.#workOf(desk, encoding, alone);
      const executed = await this.#execute(desk, encoding, alone, work, { aside: { state, context: part } });
      return resultOf({ ...executed, context: part, encoding }).stateDiff;
    });
  }

  #resultOf(
    encoding: BlockEncoding,
    { decoder, outcome, emptiness, plan, receipts }: ExecutedBlock,
    roots?: readonly Hex[],
  ) {
    const { context } = this.#request;
    return resultOf({ context, encoding, decoder, outcome, emptiness, plan, roots, receipts, lists: this.#lists });
  }

  /**
   * Hashes the state after the block while it runs, where its list tells what that is. Where nobody wants to know whether the list is true,
   * finding that out takes longer than what is saved.
   */
  async #foretellRoot(): Promise<ForetoldRoot | undefined> {
    const { state, context } = this.#request;
    const { blockAccessList: list } = context.block;
    const { hasBlockAccessList, clearsEmpty: emptyIsAbsent } = rulesOf(context.hardfork);
    if (list === undefined || !hasBlockAccessList || !context.recordAccess) return undefined;
    const { verify } = this.#request;
    if (!this.#wantsStateRoot || typeof verify !== 'object' || verify.blockAccessListHash !== true) return undefined;
    const { ForetoldRoot } = await import('./foretold-root.ts');
    if (state instanceof ProvenState) {
      return new ForetoldRoot(list, (diff) => state.rootAfter({ accesses: list, diff, emptyIsAbsent }));
    }
    const accounts = this.#standing === undefined ? state.description?.accounts : undefined;
    return accounts && new ForetoldRoot(list, (diff) => stateRootOf({ accounts }, diff, { emptyIsAbsent }));
  }

  get #wantsStateRoot(): boolean {
    const { verify } = this.#request;
    return typeof verify === 'object' && verify.stateRoot === true;
  }

  /** Root of the state after the block, where it is asked for. @throws InputError where the state is not known as a whole */
  async #stateRootAfter(
    desk: Desk<TransactionResult>,
    result: BlockExecution,
    foretold: ForetoldRoot | undefined,
  ): Promise<Hex | undefined> {
    if (!this.#wantsStateRoot) return undefined;
    const found = foretold && (await desk.ask(() => foretold.of(result)));
    if (found !== undefined) return found;
    const { state, context } = this.#request;
    const standing = this.#standing;
    if (standing?.residence.complete) {
      // What stays has been advanced by the block.
      return desk.ask(() => standing.root());
    }
    const emptyIsAbsent = rulesOf(context.hardfork).clearsEmpty;
    if (state instanceof ProvenState) {
      const { blockAccessList: accesses, stateDiff: diff } = result;
      return desk.ask(() => state.rootAfter({ accesses, diff, emptyIsAbsent }));
    }
    const accounts = state.description?.accounts;
    if (accounts === undefined) {
      throw new InputError('request.verify.stateRoot', 'a state root takes a complete state, as memoryState makes one');
    }
    return desk.ask(() => stateRootOf({ accounts }, result.stateDiff, { emptyIsAbsent }));
  }
}
