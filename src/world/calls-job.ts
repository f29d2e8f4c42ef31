// Many calls at once: lanes of one run on a state that stays, which the workers share out among themselves. Nothing of them
// stays, and no lane sees another one.

import { InputError, MemoryLimitError } from '../base/errors.ts';
import { lazy } from '../base/lazy.ts';
import { describe, plainObject } from '../base/reader.ts';
import type { CallOutcome, CallRequest, CallsAnswer, OverrideOptions } from '../call-types.ts';
import { readEvmResult } from '../core/evm/evm-decode.ts';
import { type EvmBlockInput, encodeEvmTransactions } from '../core/evm/evm-encode.ts';
import type { Lanes } from '../core/host/block-host.ts';
import { type ResultBatch, Results } from '../core/host/outcome.ts';
import { EMPTY_IMAGE } from '../core/host/state-image.ts';
import type { Desk, Job, Limits } from '../job/job.ts';
import { reportOf } from '../metrics/report.ts';
import { MAX_TASKS } from '../run/memory.ts';
import type { RunPlan } from '../run/run-plan.ts';
import { type Work, workOf } from '../run/work.ts';
import { freeOf, gasOf, overridden, type ReadCall, readOverrides } from '../simulation/call.ts';
import { callResultOf, failureOfRejection, rejectionOf } from '../simulation/outcome.ts';
import { type ReadRequest, readRequest, transactionOf } from '../simulation/request.ts';
import type { Setting } from '../simulation/setting.ts';
import { meterOf } from '../state/source-meter.ts';

/** A request, or several of which each sees what those before it did. */
export type CallOrBundle = CallRequest | readonly CallRequest[];

/** One of those, read. */
export interface ReadLane {
  readonly isBundle: boolean;
  readonly requests: readonly ReadRequest[];
}

/** Lanes from one to before another, and where their results are. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly results: Results;
}

type CallsDesk<Item> = Pick<Desk<Item>, 'assets' | 'perform' | 'ask' | 'push' | 'report'>;

/** What all parts share. */
interface Place<Answer> {
  readonly desk: CallsDesk<Answer>;
  readonly environment: EvmBlockInput;
  readonly work: Work;
  readonly state: Setting['state'];
}

export class CallsJob<R extends CallOrBundle> implements Job<CallsAnswer<R>, CallsAnswer<R>[]> {
  readonly kind = 'calls';
  readonly firstItem = 0;
  readonly limits: Limits;
  readonly #setting: () => Omit<Setting, 'ask'>;
  readonly #lanes: readonly ReadLane[];
  readonly #overrides: Omit<ReadCall, 'request'>;
  readonly #answers: CallsAnswer<R>[] = [];

  /** @param setting where they run, asked for when their turn has come */
  constructor(
    setting: () => Omit<Setting, 'ask'>,
    lanes: readonly ReadLane[],
    overrides: Omit<ReadCall, 'request'>,
    limits: Limits = {},
  ) {
    this.#setting = setting;
    this.#overrides = overrides;
    this.#lanes = lanes;
    this.limits = limits;
  }

  /** Throws InputError naming the request and its field; CallRejectedError for what contradicts itself. */
  static read<R extends CallOrBundle>(
    setting: () => Omit<Setting, 'ask'>,
    requests: readonly R[],
    options: OverrideOptions = {},
  ): CallsJob<R> {
    const limits = options.signal === undefined ? {} : { signal: options.signal };
    const overrides = readOverrides(options);
    return new CallsJob(setting, readLanes(requests), overrides, limits);
  }

  get itemCount(): number {
    return this.#lanes.length;
  }

  async run(desk: CallsDesk<CallsAnswer<R>>): Promise<CallsAnswer<R>[]> {
    const setting = { ...this.#setting(), ask: desk.ask };
    const work = workOf({ tasks: [], executor: undefined, precompiles: desk.assets.precompiles });
    await overridden(setting, this.#overrides, async (sandbox, environment) => {
      const requests = this.#lanes.flatMap((lane) => lane.requests);
      await sandbox.foretellUnknown(
        requests.map((request) => transactionOf(request, environment.fork, gasOf(request))),
      );
      await this.#runAll({ desk, environment, work, state: setting.state });
    });
    return this.#answers;
  }

  /** As few runs as possible: one, unless there is a lane that does not fit into the memory. */
  async #runAll(place: Place<CallsAnswer<R>>): Promise<void> {
    const count = this.#lanes.length;
    for (let size = count; this.#answers.length < count; ) {
      const from = this.#answers.length;
      const to = Math.min(count, from + size);
      try {
        await this.#runPart(place, { from, to, results: new Results() });
        size *= 2;
      } catch (error) {
        if (!(error instanceof MemoryLimitError)) throw error;
        // Where there was headway, the memory is tidied before the rest runs.
        if (this.#answers.length > from) continue;
        if (to === from + 1) this.#refuse(from);
        size = 1;
      }
    }
  }

  async #runPart({ desk, environment, work, state }: Place<CallsAnswer<R>>, part: Part): Promise<void> {
    const startMs = performance.now();
    const asked = meterOf(state);
    const plan = planOf(this.#lanes.slice(part.from, part.to), environment, state.residence.complete);
    const encodeMs = performance.now() - startMs;
    if (plan.count === 0) return this.#take(part);
    const take = (batch: ResultBatch) => {
      part.results.push(batch);
      this.#take(part);
      desk.push(this.#answers.length, (index) => this.#answers[index]!);
    };
    const performed = await desk.perform({
      ...{ plan, take, work, state, residence: state.residence },
      ...{ taskTimeoutMs: undefined, isShown: part.to - part.from === this.#lanes.length },
    });
    this.#take(part);
    if (part.to < this.#lanes.length) return;
    const totalDurationMs = performance.now() - startMs;
    desk.report(reportOf(performed, { totalDurationMs, encodeMs, offset: 0, block: undefined, ...asked() }));
  }

  /** Answers the lanes of which there are all results. */
  #take({ from, to, results }: Part): void {
    let at = 0;
    for (let lane = from; lane < to; lane++) {
      const { isBundle, requests } = this.#lanes[lane]!;
      const end = at + requests.length;
      if (end > results.length) return;
      if (lane >= this.#answers.length) {
        const first = at;
        const outcomes = requests.map((_, index) => outcomeOf(results.output(first + index)));
        this.#answer(isBundle, outcomes);
      }
      at = end;
    }
  }

  #refuse(lane: number): void {
    const { isBundle, requests } = this.#lanes[lane]!;
    this.#answer(
      isBundle,
      requests.map(() => TOO_LARGE),
    );
  }

  #answer(isBundle: boolean, outcomes: readonly CallOutcome[]): void {
    this.#answers.push((isBundle ? outcomes : outcomes[0]) as CallsAnswer<R>);
  }
}

const TOO_LARGE = failureOfRejection({
  code: -32000,
  message: 'the call and the state it needs do not fit into the memory (memory.maximumMiB)',
});

function readLanes(requests: readonly CallOrBundle[]): ReadLane[] {
  if (!Array.isArray(requests)) throw new InputError('requests', `expected an array, got ${describe(requests)}`);
  const read = (request: unknown, field: string) => readRequest(plainObject(request, field), field);
  const lanes = requests.map((entry: unknown, index) => {
    const field = `requests[${index}]`;
    if (!Array.isArray(entry)) return { isBundle: false, requests: [read(entry, field)] };
    return { isBundle: true, requests: entry.map((one: unknown, at) => read(one, `${field}[${at}]`)) };
  });
  const count = lanes.reduce((sum, lane) => sum + lane.requests.length, 0);
  if (count > MAX_TASKS) throw new InputError('requests', `${count} of them, at most ${MAX_TASKS} allowed`);
  return lanes;
}

function planOf(lanes: readonly ReadLane[], environment: EvmBlockInput, complete: boolean): RunPlan {
  const requests = lanes.flatMap((lane) => lane.requests);
  const count = requests.length;
  const transactions = encodeEvmTransactions(
    requests.map((request) => transactionOf(request, environment.fork, gasOf(request))),
  );
  return {
    ...{ count, tasks: [], programs: undefined, evm: { environment, transactions }, image: EMPTY_IMAGE, complete },
    // No lane can be in vain: there is nothing to wait for.
    ...{ window: count, haltOnInvalid: false, profile: false, sequential: false },
    ...{ block: undefined, checkpoint: undefined, lanes: lanesOf(lanes, environment) },
  };
}

function lanesOf(lanes: readonly ReadLane[], environment: EvmBlockInput): Lanes {
  const firsts: number[] = [];
  const fees: EvmBlockInput[] = [];
  const feesOf: number[] = [];
  const places = new Map<string, number>();
  for (const { requests } of lanes) {
    const first = firsts.length;
    for (const request of requests) {
      const seen = freeOf(request);
      const name = Object.keys(seen).join();
      const place = places.get(name) ?? fees.push({ ...environment, ...seen }) - 1;
      places.set(name, place);
      firsts.push(first);
      feesOf.push(place);
    }
  }
  return { firsts: Uint32Array.from(firsts), fees, feesOf: Uint8Array.from(feesOf) };
}

/** Decoded when somebody looks at it: of thousands, that takes longer than handing them on. */
function outcomeOf(bytes: Uint8Array): CallOutcome {
  const decoded = lazy((): CallOutcome => {
    const output = readEvmResult(bytes, 0);
    return output.status === 'invalid' ? failureOfRejection(rejectionOf(output)) : callResultOf(output);
  });
  return {
    get status() {
      return decoded().status;
    },
    get gasUsed() {
      return decoded().gasUsed;
    },
    get stateGas() {
      return decoded().stateGas;
    },
    get returnData() {
      return decoded().returnData;
    },
    get logs() {
      return decoded().logs;
    },
    get createdAddress() {
      return decoded().createdAddress!;
    },
    get error() {
      return decoded().error!;
    },
  };
}
