// Many previews at once: each by itself, on all workers, which have copies of the state. What a state that is asked for has to
// give, all of them together find out before, as lanes of one run.

import { InputError, MemoryLimitError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import { unpackError } from '../base/unpacked-error.ts';
import type { CallRequest } from '../call-types.ts';
import { nameOfKey } from '../core/host/missing-keys.ts';
import type { Desk, Job, Limits } from '../job/job.ts';
import { MAX_TASKS } from '../run/memory.ts';
import { loadKeys } from '../run/state-loading.ts';
import { unpackedPreview } from '../simulation/packed-preview.ts';
import { answeredPreview, preview } from '../simulation/preview.ts';
import { type ReadPreview, readPreviewOptions, readTransactions } from '../simulation/preview-request.ts';
import type { Preview, Previewable, PreviewOptions } from '../simulation/preview-types.ts';
import type { Setting } from '../simulation/setting.ts';
import type { DescribedStateSource, LoadOptions, SourceKey, StateSource, StateValue } from '../state/state-source.ts';
import { CallsJob } from './calls-job.ts';
import type { PreviewsAnswer, PreviewsOpening, PreviewsOrder } from './previewer.ts';

/** One, or a bundle. */
type Requested = Previewable | readonly Previewable[];

/** Where the state is that they are made on: before a transaction of the newest block, where one is named. */
type Within = <R>(setting: Setting, index: number | undefined, body: () => Promise<R>) => Promise<R>;

/** To copy the state takes as long as a few of them. */
const FEW = 8;
/** Per order, at most: while one worker has its last, the others have nothing to do. */
const MOST_PER_ORDER = 16;
const ORDERS_PER_WORKER = 16;
const NOBODY: ReadonlySet<string> = new Set();

export class PreviewsJob implements Job<Preview, Preview[]> {
  readonly kind = 'previews';
  readonly firstItem = 0;
  readonly limits: Limits;
  readonly #setting: () => Omit<Setting, 'ask'>;
  readonly #within: Within;
  readonly #requests: readonly Requested[];
  readonly #options: PreviewOptions;
  readonly #read: readonly ReadPreview[];
  readonly #previews: Preview[] = [];

  /**
   * @param setting where they run, asked for when their turn has come
   * @throws InputError naming the request and its field; CallRejectedError for what contradicts itself
   */
  constructor(
    setting: () => Omit<Setting, 'ask'>,
    requests: readonly Requested[],
    { signal, block: _, ...options }: PreviewOptions,
    within: Within,
  ) {
    if (!Array.isArray(requests)) throw new InputError('requests', `expected an array, got ${describe(requests)}`);
    this.#setting = setting;
    this.#within = within;
    this.limits = signal === undefined ? {} : { signal };
    this.#options = options;
    const shared = readPreviewOptions(options);
    const { state, head } = setting();
    // Workers look at the signatures, unless who sends has to be known before.
    const recovers = requests.length < FEW || !state.residence.complete;
    this.#read = requests.map((request, at) => ({
      ...shared,
      ...readTransactions(request, head.chain.id, `requests[${at}]`, recovers),
    }));
    // Nobody may change what was checked.
    this.#requests = structuredClone(requests);
  }

  get itemCount(): number {
    return this.#requests.length;
  }

  async run(desk: Desk<Preview>): Promise<Preview[]> {
    const setting: Setting = { ...this.#setting(), ask: desk.ask };
    const [first] = this.#read;
    if (first !== undefined) {
      await this.#within(setting, first.transactionIndex, async () => {
        if (this.#read.length >= FEW && (await this.#delegate(desk, setting))) return;
        await this.#here(desk, setting);
      });
    }
    return this.#previews;
  }

  /** On this thread, one after the other. */
  async #here(desk: Desk<Preview>, setting: Setting): Promise<void> {
    for (const [at, request] of this.#requests.entries()) {
      // Somebody may have given up.
      if (at > 0) await desk.ask(async () => undefined);
      const transactions = readTransactions(request, setting.head.chain.id, `requests[${at}]`);
      this.#push(desk, answeredPreview(await preview(setting, { ...this.#read[at]!, ...transactions })));
    }
  }

  #push(desk: Desk<Preview>, found: Preview): void {
    this.#previews.push(found);
    desk.push(this.#previews.length, (index) => this.#previews[index]!);
  }

  /** On all workers; false where there are none that can. */
  async #delegate(desk: Desk<Preview>, setting: Setting): Promise<boolean> {
    const { state, head } = setting;
    const { residence, blockHashes, emptyAccounts, description } = state;
    if (!residence.complete) await this.#acquaint(desk, setting);
    const opening: PreviewsOpening = {
      ...{ complete: residence.complete, head, options: this.#options },
      known: { blockHashes, emptyAccounts, storageOnly: description.storageOnly ?? [] },
    };
    const size = Math.ceil(this.#requests.length / (desk.workers * ORDERS_PER_WORKER));
    const orders = this.#ordersOf(Math.min(MOST_PER_ORDER, size));
    const answers = new Map<number, PreviewsAnswer>();
    let next = 0;
    const take = (at: number, answer: unknown) => {
      answers.set(at, answer as PreviewsAnswer);
      for (let ready = answers.get(next); ready !== undefined; ready = answers.get(++next)) {
        answers.delete(next);
        let packed = 0;
        for (const one of ready.answers) {
          // The first in order: what comes later is of no interest.
          if (typeof one === 'object' && 'error' in one) throw unpackError(one.error);
          this.#push(desk, answeredPreview(one === 'packed' ? unpackedPreview(ready.packed, packed++) : one.preview));
        }
      }
    };
    const asked = new AskedSource(state);
    const isDone = await desk.delegate({ residence, state: asked, opening, orders, take });
    if (!residence.complete) await asked.teach(setting);
    return isDone;
  }

  /** Runs all of them as calls: what they need is missed by all at once, asked for in few rounds, and stays. */
  async #acquaint(desk: Desk<Preview>, setting: Setting): Promise<void> {
    const [{ overrides, blockOverrides }] = this.#read as [ReadPreview];
    const lanes = this.#read.map(({ items }) => ({
      isBundle: true,
      requests: items.flatMap(({ request, rejection }) => (rejection === undefined ? [request] : [])),
    }));
    // More would not fit into one run.
    if (lanes.reduce((sum, { requests }) => sum + requests.length, 0) > MAX_TASKS) return;
    const calls = new CallsJob<CallRequest[]>(() => setting, lanes, { overrides, blockOverrides });
    const { assets, ask } = desk;
    await calls.run({ assets, ask, perform: (run) => desk.perform(run), push() {}, report() {} });
  }

  #ordersOf(size: number): PreviewsOrder[] {
    const orders: PreviewsOrder[] = [];
    for (let first = 0; first < this.#requests.length; first += size) {
      orders.push({ first, requests: this.#requests.slice(first, first + size) });
    }
    return orders;
  }
}

/** A state as workers ask for it: each key once, whoever asks, and remembered. */
class AskedSource implements DescribedStateSource {
  readonly description = {};
  readonly #state: Setting['state'];
  readonly #values = new Map<string, { readonly key: SourceKey; readonly value: Promise<StateValue> }>();

  constructor(state: Setting['state']) {
    this.#state = state;
  }

  get statistics(): StateSource['statistics'] {
    return this.#state.statistics?.bind(this.#state);
  }

  load(keys: readonly SourceKey[], options?: LoadOptions): Promise<StateValue[]> {
    const missing = keys.filter((key) => !this.#values.has(nameOfKey(key)));
    const answers = missing.length === 0 ? Promise.resolve([]) : this.#state.load(missing, options);
    for (const [at, key] of missing.entries()) {
      const value = answers.then((values) => values[at]!);
      value.catch(() => this.#values.delete(nameOfKey(key)));
      this.#values.set(nameOfKey(key), { key, value });
    }
    return Promise.all(keys.map((key) => this.#values.get(nameOfKey(key))!.value));
  }

  blockHash(number: bigint): Promise<Hex> {
    return this.#state.blockHash(number);
  }

  /** Lets the state know what was asked for, as far as there is room. */
  async teach({ state, ask }: Setting): Promise<void> {
    const keys = [...this.#values.values()].flatMap(({ key }) => (key.kind === 'blockHash' ? [] : [key]));
    if (keys.length === 0) return;
    try {
      const { image } = await ask((waiting) => loadKeys(this, keys, NOBODY, waiting));
      await state.residence.learn(image);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
    }
  }
}
