// "What if this block had been another": a block that a world has executed, once more with edits, on the state before it. Only
// transactions that the edits reach are executed; the world stays as it is.

import { InputError } from '../base/errors.ts';
import { sameBytes } from '../base/hex.ts';
import { lazy } from '../base/lazy.ts';
import { showing } from '../base/shown.ts';
import type { BlockInput } from '../block/block-input.ts';
import { decodeChanges } from '../core/host/change-records.ts';
import type { KeptRecords } from '../core/host/kept-state.ts';
import { dropUnchanged, inverted, mergeChanges } from '../core/host/state-changes.ts';
import { type BlockEncoding, encodingOf } from '../job/block-encoding.ts';
import { TransactionDecoder } from '../job/block-result.ts';
import { stateDiffOf } from '../job/changed-state.ts';
import { editEvmPlan } from '../job/evm-block.ts';
import type { Ask, Desk } from '../job/job.ts';
import { reportOf } from '../metrics/report.ts';
import { meterOf } from '../state/source-meter.ts';
import type { Report, WhatIf, WhatIfTransaction } from '../types.ts';
import type { EditedList } from './edits.ts';
import { type EditedRun, isShort, originsOf, runReached, trialOf, usedBy, withNonces } from './reached-run.ts';
import { type Recorded, recordedBy, type WorldExecution } from './recorded-block.ts';
import type { WorldState } from './world-state.ts';

export class WhatIfRun {
  readonly #execution: WorldExecution;
  readonly #state: WorldState;
  readonly #list: EditedList;

  constructor(execution: WorldExecution, state: WorldState, list: EditedList) {
    this.#execution = execution;
    this.#state = state;
    this.#list = list;
  }

  /** @throws InputError where the world has moved on */
  async run(desk: Desk<WhatIfTransaction>): Promise<WhatIf> {
    const startMs = performance.now();
    const { residence } = this.#state;
    const { after, job } = this.#execution;
    if (residence.edition !== after.edition) {
      throw new InputError('run', 'the world has moved on since this block: go back and execute it again');
    }
    const recorded = recordedBy(this.#execution, residence);
    const asked = meterOf(this.#state);
    const run =
      (await this.#aside((put) => {
        const [execution, state, list] = [this.#execution, this.#state, this.#list];
        return runReached({ desk, execution, state, recorded, list, put });
      })) ?? (await this.#aside((put) => this.#runAll(desk, recorded, put)));
    const transactions = lazy(() => Array.from(this.#list.origins, (_, place) => this.#list.at(place)));
    const block: BlockInput = Object.defineProperty({ ...job.context.block }, 'transactions', { get: transactions });
    const { performed, places } = run;
    const totalDurationMs = performance.now() - startMs;
    const { loadMs, setupMs, executionMs, decodeMs } = performed.outcome;
    const encodeMs = Math.max(0, totalDurationMs - loadMs - setupMs - executionMs - decodeMs);
    const context = { totalDurationMs, encodeMs, offset: job.firstItem, block, ...(places && { places }) };
    const report = reportOf(performed, { ...context, ...asked() });
    desk.report(report);
    const decoder = lazy(() => {
      const made = new TransactionDecoder(block, { ...job.encoding, transactionCount: this.#list.length });
      for (const batch of run.results()) made.push(batch, () => {});
      return made;
    });
    const comparison = new Comparison(this.#execution, this.#list, decoder);
    desk.push(this.#list.length, comparison.at);
    return resultOf(comparison, report, this.#statesOf(run));
  }

  /** Does something on a state that is another for that time. */
  async #aside<R>(body: (put: (records: KeptRecords) => Promise<void>) => Promise<R>): Promise<R> {
    const { residence } = this.#state;
    const { mark: end } = residence;
    const left: Uint8Array[] = [];
    try {
      return await body(async (records) => {
        left.unshift(...(await residence.exchange(records)));
      });
    } finally {
      // What memory had no room for at once was folded part by part.
      await residence.revertTo(end);
      await residence.exchange(left);
      residence.isAgain(this.#execution.after.edition);
    }
  }

  /** All of the edited list, on the state before the block; what is recorded and still holds is repeated. */
  async #runAll(
    desk: Desk<WhatIfTransaction>,
    recorded: Recorded,
    put: (records: KeptRecords) => Promise<void>,
  ): Promise<EditedRun> {
    const { residence } = this.#state;
    await put(residence.since(this.#execution.mark).toReversed().flat());
    const encoding = await this.#encode((body) => desk.ask(body));
    const { firstTransaction, transactionCount, evm } = encoding;
    const origins = originsOf(this.#execution, this.#list);
    const plan = trialOf(this.#execution, recorded, {
      transactions: evm!.transactions,
      recordings: recorded.recordings.picked(origins),
      codes: recorded.codes(),
      block: { firstTransaction, transactionCount },
    });
    const performed = await desk.perform({
      ...{ plan, take() {}, work: this.#execution.executed.work },
      ...{ state: this.#state, residence, taskTimeoutMs: undefined, isShown: true },
      isShort: isShort(
        plan.evm!.transactions,
        usedBy(this.#execution, (task) => origins[task]!),
      ),
    });
    const { results, changes } = performed.outcome;
    return { performed, results: () => results, changes: () => decodeChanges(changes) };
  }

  #statesOf({ changes }: EditedRun) {
    const { emptiness, outcome } = this.#execution.executed;
    return {
      stateDiff: lazy(() => stateDiffOf(changes(), emptiness)),
      changedState: lazy(() => {
        const difference = inverted(decodeChanges(outcome.changes), (hash) => this.#state.residence.code(hash));
        mergeChanges(difference, changes());
        // Of two states after the block: whether storage was emptied on the way to either is not between them.
        for (const { storage } of difference.accounts.values()) dropUnchanged({ storage, emptied: false });
        return stateDiffOf(difference, emptiness);
      }),
    };
  }

  /** The edited block; nonces of what is new are filled from the state before it. */
  async #encode(ask: Ask): Promise<BlockEncoding> {
    const { context, encoding } = this.#execution.job;
    const nonceOf = async (address: Uint8Array) => (await this.#state.account(ask, address)).nonce;
    const added = (await withNonces(this.#list, nonceOf))!;
    const list = Array.from(this.#list.origins, (origin, at) => added.get(at) ?? origin);
    return encodingOf(editEvmPlan(encoding.evmPlan!, context, list), context);
  }
}

/** The transactions of the edited block beside those of the block. */
class Comparison {
  readonly #decoder: () => TransactionDecoder;
  readonly #execution: WorldExecution;
  readonly #list: EditedList;
  readonly #first: number;
  readonly #transactions: WhatIfTransaction[] = [];

  /** `decoder`: asked for when somebody looks at something. */
  constructor(execution: WorldExecution, list: EditedList, decoder: () => TransactionDecoder) {
    this.#execution = execution;
    this.#list = list;
    this.#first = execution.job.encoding.firstTransaction;
    this.#decoder = decoder;
  }

  get decoder(): TransactionDecoder {
    return this.#decoder();
  }

  get length(): number {
    return this.#list.length;
  }

  readonly at = (index: number): WhatIfTransaction => {
    this.#transactions[index] ??= this.#made(index);
    return this.#transactions[index];
  };

  /** Whether it did not have to be executed. */
  isRepeated(index: number): boolean {
    return this.decoder.results.isRepeated(this.#first + index);
  }

  /** Whether it came to something else than in the block; so it is with what is new. */
  isChanged(index: number): boolean {
    const origin = this.#list.origins[index] ?? -1;
    if (origin < 0) return true;
    if (this.isRepeated(index)) return false;
    const { results } = this.decoder;
    const before = this.#execution.executed.decoder.results;
    const [now, then] = [this.#first + index, this.#first + origin];
    return results.status(now) !== before.status(then) || !sameBytes(results.output(now), before.output(then));
  }

  /** What is invalid uses none. */
  gasUsed(): number {
    let sum = 0;
    for (let at = 0; at < this.length; at++) sum += this.decoder.results.gas(this.#first + at);
    return sum;
  }

  /** The part of the block's gas whose transactions did not have to be executed. */
  saved(): number {
    const before = this.#execution.executed.decoder.results;
    let [all, kept] = [0, 0];
    for (let at = 0; at < this.#execution.executed.decoder.length; at++) all += before.gas(this.#first + at);
    for (const [index, origin] of this.#list.origins.entries()) {
      if (origin >= 0 && this.isRepeated(index)) kept += before.gas(this.#first + origin);
    }
    return all === 0 ? 1 : kept / all;
  }

  #made(index: number): WhatIfTransaction {
    const origin = this.#list.origins[index]!;
    const { status, error } = this.decoder.results.at(this.#first + index);
    const place = { index, ...(origin < 0 ? {} : { origin }) };
    if (status === 'invalid') return { ...place, status, error: error ?? 'invalid' };
    return { ...place, status: status === 'success' ? 'success' : 'reverted', result: this.decoder.at(index) };
  }
}

function resultOf(
  comparison: Comparison,
  report: Report,
  states: { readonly stateDiff: () => WhatIf['stateDiff']; readonly changedState: () => WhatIf['changedState'] },
): WhatIf {
  const places = lazy(() => Array.from({ length: comparison.length }, (_, index) => index));
  const parts = {
    transactions: lazy(() => places().map(comparison.at)),
    gasUsed: lazy(() => BigInt(comparison.gasUsed())),
    executed: lazy(() => places().filter((index) => !comparison.isRepeated(index))),
    changed: lazy(() => places().filter((index) => comparison.isChanged(index))),
    saved: lazy(() => comparison.saved()),
  };
  return showing({
    get transactions() {
      return parts.transactions();
    },
    get gasUsed() {
      return parts.gasUsed();
    },
    get executed() {
      return parts.executed();
    },
    get changed() {
      return parts.changed();
    },
    get saved() {
      return parts.saved();
    },
    get stateDiff() {
      return states.stateDiff();
    },
    get changedState() {
      return states.changedState();
    },
    report,
  });
}
