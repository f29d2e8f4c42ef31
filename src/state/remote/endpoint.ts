// One endpoint: how much it takes at once, what was found out about it, and when it may be asked again.

import { type Hex, quantityFromNumber } from '../../base/hex.ts';
import { Cancellation } from './cancellation.ts';
import type { Clock } from './clock.ts';
import { MessageFailure, PINNED, type Reply, type RpcRequest } from './json-rpc.ts';
import type { Wire } from './wire.ts';

/** What a source may ask of its endpoints. */
export interface CheckedLimits {
  /** Requests in one message; `auto`: found out. */
  readonly batch: number | 'auto';
  /** Messages to one endpoint at the same time. */
  readonly concurrency: number;
  /** Requests to one endpoint in a second. */
  readonly perSecond: number | undefined;
  /** Tries after the first one, without headway. */
  readonly retries: number;
  /** For one message. */
  readonly timeoutMs: number;
}

/** The block that state is read at. */
export interface Pin {
  readonly number: bigint;
  readonly hash: Hex;
}

/** What came back for one message. */
export interface Exchange {
  readonly replies: readonly Reply[];
  /** Whether the pinned block was named by its number. */
  readonly byNumber: boolean;
}

/** Requests in one message to begin with; half of it is refused by nobody known. */
const FIRST_BATCH = 50;
/** No provider known takes more. */
const LARGEST_BATCH = 1000;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 8_000;
/** Who says how long to wait is believed up to here. */
const LONGEST_RETRY_AFTER_MS = 30_000;

export class Endpoint {
  readonly wire: Wire;
  /** Whether blocks may be named by hash (EIP-1898); `undefined`: not known yet. */
  byHash: boolean | undefined;
  /** What optional methods turned out to be: offered or not. */
  readonly offers = new Map<string, boolean>();
  /** Hashes of blocks whose state it no longer has. */
  readonly lacks = new Set<Hex>();
  messages = 0;
  requests = 0;
  readonly #limits: CheckedLimits;
  readonly #clock: Clock;
  readonly #random: () => number;
  #batch: number;
  /** The size of a batch that was refused is not tried again. */
  #refusedBatch = LARGEST_BATCH + 1;
  #failures = 0;
  #restUntil = Number.NEGATIVE_INFINITY;
  #closed = false;
  #inFlight = 0;
  readonly #waiting: (() => void)[] = [];
  /** Requests that may be sent at once, by the clock of `#refilled`. */
  #budget: number;
  #refilled: number;

  constructor(wire: Wire, limits: CheckedLimits, clock: Clock, random: () => number) {
    this.wire = wire;
    this.#limits = limits;
    this.#clock = clock;
    this.#random = random;
    this.#batch = !wire.batches ? 1 : limits.batch === 'auto' ? FIRST_BATCH : limits.batch;
    this.#budget = limits.perSecond ?? 0;
    this.#refilled = clock.now();
  }

  /** How many of so many requests to put into one message. */
  batchFor(requests: number): number {
    if (!this.wire.batches || this.#limits.batch !== 'auto') return this.#batch;
    // More messages than may be under way would wait for each other: larger ones are worth a try.
    const spread = Math.ceil(requests / this.#limits.concurrency);
    return Math.max(this.#batch, Math.min(spread, 4 * this.#batch, this.#refusedBatch - 1));
  }

  /** Whether it may be asked at all. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Milliseconds until it may be asked again; 0: now. */
  restMs(): number {
    return Math.max(0, this.#restUntil - this.#clock.now());
  }

  /** Waits for its turn, and sends one message. @throws MessageFailure; the reason when it is cancelled */
  async exchange(requests: readonly RpcRequest[], pin: Pin | undefined, cancellation: Cancellation): Promise<Exchange> {
    await this.#enter(cancellation);
    try {
      await this.#spend(requests.length, cancellation);
      cancellation.throwIfCancelled();
      this.messages++;
      this.requests += requests.length;
      // As it is known now: while this message waited, another one may have found out.
      const byNumber = this.byHash === false;
      const block = pin === undefined ? undefined : byNumber ? quantityFromNumber(pin.number) : blockByHash(pin);
      const written = requests.map(({ method, params }) => ({ method, params: params.map((p) => told(p, block)) }));
      const replies = await this.#timed((signal) => this.wire.send(written, signal), cancellation);
      if (requests.length > this.#batch) this.#batch = requests.length;
      return { replies, byNumber };
    } finally {
      // Who waits takes over the place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inFlight--;
      else next();
    }
  }

  /** A message with so many requests was too large. */
  tooLarge(requests: number): void {
    this.#refusedBatch = Math.min(this.#refusedBatch, requests);
    this.#batch = Math.max(1, Math.min(this.#batch, requests >> 1));
  }

  /** It answered as it should. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** It failed: nothing is sent to it for a while, longer each time, and never the same time for all who failed at once. */
  failed({ kind, retryAfterMs }: Pick<MessageFailure, 'kind' | 'retryAfterMs'>): void {
    if (kind === 'refused') this.#closed = true;
    // Several messages under way fail for one and the same reason.
    if (this.restMs() > 0 && retryAfterMs === undefined) return;
    const rest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#failures) * (0.75 + 0.5 * this.#random());
    this.#failures++;
    const told = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
    this.#restUntil = Math.max(this.#restUntil, this.#clock.now() + Math.max(rest, told));
  }

  async #enter(cancellation: Cancellation): Promise<void> {
    cancellation.throwIfCancelled();
    if (this.#inFlight < this.#limits.concurrency) {
      this.#inFlight++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const forget = cancellation.onCancel((reason) => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(reason);
      });
      const enter = () => {
        forget();
        resolve();
      };
      this.#waiting.push(enter);
    });
  }

  /** Waits until the rate allows so many requests; more than a second's worth at once only has to wait for all before it. */
  async #spend(requests: number, cancellation: Cancellation): Promise<void> {
    const { perSecond } = this.#limits;
    if (perSecond === undefined) return;
    const now = this.#clock.now();
    this.#budget = Math.min(perSecond, this.#budget + ((now - this.#refilled) * perSecond) / 1000);
    this.#refilled = now;
    this.#budget -= requests;
    if (this.#budget < 0) await this.#clock.sleep((-this.#budget * 1000) / perSecond, cancellation);
  }

  /** What `body` brings within the limit; its signal ends what nobody waits for any more. */
  async #timed<T>(body: (signal: AbortSignal) => Promise<T>, cancellation: Cancellation): Promise<T> {
    const { timeoutMs } = this.#limits;
    const controller = new AbortController();
    const over = new Cancellation();
    const late = this.#clock.sleep(timeoutMs, over).then(() => {
      throw new MessageFailure('lost', `no answer within ${timeoutMs} ms`);
    });
    const forget = cancellation.onCancel((reason) => controller.abort(reason));
    try {
      return await cancellation.race(Promise.race([body(controller.signal), late]));
    } catch (error) {
      controller.abort(error);
      throw error;
    } finally {
      forget();
      // Ends the wait; nobody listens any more.
      over.cancel(undefined);
    }
  }
}

function blockByHash({ hash }: Pin): unknown {
  return { blockHash: hash, requireCanonical: true };
}

/** A parameter as this endpoint is told it. */
function told(parameter: unknown, block: unknown): unknown {
  if (parameter !== PINNED) return parameter;
  if (block === undefined) throw new TypeError('a request needs a pinned block, and there is none');
  return block;
}
