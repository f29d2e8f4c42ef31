// Scheduler and validator for people who build their own loop: the core's transitions one by one, over one memory.

import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';
import { BlockHost } from '../core/host/block-host.ts';
import { FreeValues, outOfMemory } from '../core/host/free-values.ts';
import type { RawResult } from '../core/host/outcome.ts';
import type { StateImage } from '../core/host/state-image.ts';
import { type CoreInstance, createMemory, Next, openCore, Step, TxState, wallClock } from '../core/instance/abi.ts';
import { CoreStateView } from '../core/worker/state-view.ts';
import { endAttempt } from '../core/worker/worker-loop.ts';
import type { BlockLoop, LoopAttempt, LoopWorker, TransactionStatus, Verdict } from '../task/block-loop.ts';
import { memoryOf } from './memory.ts';

export interface LoopSetup {
  readonly tasks: number;
  readonly workers: number;
  readonly window: number;
  readonly image: StateImage | undefined;
}

const STATES: Readonly<Record<number, TransactionStatus['state']>> = {
  [TxState.READY]: 'ready',
  [TxState.EXECUTING]: 'running',
  [TxState.PUBLISHING]: 'running',
  [TxState.ABORTING]: 'running',
  [TxState.EXECUTED]: 'executed',
  [TxState.SUSPENDED]: 'suspended',
  [TxState.COMMITTED]: 'committed',
};

const VERDICTS: Readonly<Record<number, Verdict>> = {
  [Step.HOLDS]: 'holds',
  [Step.FAILS]: 'fails',
  [Step.NOTHING]: 'nothing',
};

export class CoreBlockLoop implements BlockLoop {
  readonly workers: readonly LoopWorker[];
  readonly #host: BlockHost;
  readonly #core: CoreInstance;
  readonly #values: FreeValues;
  readonly #count: number;

  private constructor(host: BlockHost, instances: readonly CoreInstance[], count: number) {
    this.#host = host;
    this.#count = count;
    this.#core = instances[0]!;
    this.#values = new FreeValues(host.instance);
    this.workers = instances.map(
      (instance) => new HostWorker(instance, (transaction) => this.status(transaction), count),
    );
  }

  static async open(module: WebAssembly.Module, pages: number, options: LoopSetup): Promise<CoreBlockLoop> {
    const { tasks, workers, window, image } = options;
    const memory = memoryOf(pages, createMemory);
    const core = { clockBase: wallClock(), mayWait: false };
    const host = new BlockHost(await openCore(module, memory, core), workers);
    const setup = { count: tasks, first: 0, window, complete: true, haltOnInvalid: false, profile: false };
    if (!host.begin(setup) || (image !== undefined && !host.load(image))) outOfMemory();
    for (let index = 0; index < tasks; index++) host.setTask(index);
    const instances: CoreInstance[] = [];
    for (let id = 1; id <= workers; id++) {
      const instance = await openCore(module, memory, core);
      if (!instance.core.join(id)) outOfMemory();
      instances.push(instance);
    }
    return new CoreBlockLoop(host, instances, tasks);
  }

  get count(): number {
    return this.#count;
  }

  get committed(): number {
    return this.#host.committed();
  }

  status(transaction: number): TransactionStatus {
    this.#check(transaction);
    const word = this.#host.statusWord(transaction);
    return { state: STATES[word & 0xf] ?? 'running', incarnation: (word >>> 12) & 0xff };
  }

  addDependency(lower: number, higher: number): void {
    this.#check(lower);
    this.#check(higher);
    if (lower >= higher) throw new InputError('higher', `expected more than ${lower}, got ${higher}`);
    this.#host.addDependency(lower, higher);
  }

  validate(transaction: number): Verdict {
    this.#check(transaction);
    return VERDICTS[this.#core.core.validateExecuted(transaction)]!;
  }

  reexecute(transaction: number): boolean {
    this.#check(transaction);
    const isTaken = Boolean(this.#core.core.reexecute(transaction));
    this.#checkRoom();
    return isTaken;
  }

  commit(): Verdict {
    const verdict = VERDICTS[this.#core.core.commitHead()]!;
    this.#checkRoom();
    return verdict;
  }

  result(transaction: number): RawResult {
    this.#check(transaction);
    if (transaction >= this.committed) throw new InputError('transaction', `${transaction} is not committed`);
    return this.#host.result(transaction);
  }

  read(key: string | Uint8Array): Uint8Array | undefined {
    const seen = this.#values.bytes(this.#values.locate('data', key), this.committed);
    return seen.status === 'value' ? seen.value : undefined;
  }

  readNumber(key: string | Uint8Array): bigint {
    const seen = this.#values.number(this.#values.locate('number', key), this.committed);
    return seen.status === 'value' ? seen.value : 0n;
  }

  /** Memory, or numbers of incarnations, may have run out. */
  #checkRoom(): void {
    if (this.#host.halted() !== 'none') outOfMemory();
  }

  #check(transaction: number): void {
    if (Number.isInteger(transaction) && transaction >= 0 && transaction < this.#count) return;
    throw new InputError('transaction', `expected 0 to ${this.#count - 1}, got ${describe(transaction)}`);
  }
}

class HostWorker implements LoopWorker {
  readonly #instance: CoreInstance;
  readonly #view: CoreStateView;
  readonly #statusOf: (transaction: number) => TransactionStatus;
  readonly #count: number;
  #isBusy = false;

  constructor(instance: CoreInstance, statusOf: (transaction: number) => TransactionStatus, count: number) {
    this.#instance = instance;
    this.#view = new CoreStateView(instance);
    this.#statusOf = statusOf;
    this.#count = count;
  }

  begin(transaction: number): LoopAttempt | undefined {
    this.#checkFree();
    if (!Number.isInteger(transaction) || transaction < 0 || transaction >= this.#count) {
      throw new InputError('transaction', `expected 0 to ${this.#count - 1}, got ${describe(transaction)}`);
    }
    return this.#instance.core.begin(transaction) ? this.#begun(transaction) : undefined;
  }

  next(): LoopAttempt | undefined {
    this.#checkFree();
    const found = this.#instance.core.next(false, Number.NaN);
    if (found === Next.HALTED) outOfMemory();
    return found >= 0 ? this.#begun(found) : undefined;
  }

  #checkFree(): void {
    if (this.#isBusy) throw new InputError('worker', 'has begun an attempt that is not finished');
  }

  #begun(transaction: number): LoopAttempt {
    const { incarnation } = this.#statusOf(transaction);
    this.#isBusy = true;
    this.#view.open(transaction, incarnation);
    let isOver = false;
    return {
      transaction,
      incarnation,
      view: this.#view,
      finish: (outcome) => {
        if (isOver) throw new InputError('attempt', 'is finished');
        isOver = true;
        this.#isBusy = false;
        const { interruption } = this.#view;
        this.#view.close();
        endAttempt(this.#instance, this.#view, outcome, undefined);
        if (interruption?.reason === 'exhausted') outOfMemory();
        const { state } = this.#statusOf(transaction);
        return state === 'executed' || state === 'committed' ? 'executed' : 'suspended';
      },
    };
  }
}
