// Requests to their answers over one or several endpoints: split into messages, sent again where that helps, read strictly.

import { InputError, ReorganisationError, RpcError } from '../../base/errors.ts';
import { quantityFromNumber } from '../../base/hex.ts';
import { Cancellation } from './cancellation.ts';
import type { Clock } from './clock.ts';
import type { CheckedLimits, Endpoint, Exchange, Pin } from './endpoint.ts';
import {
  excerptOf,
  isBadParameter,
  isLimit,
  isPruned,
  isTooLarge,
  isUnknownBlock,
  isUnsupported,
  MessageFailure,
  PINNED,
  type Reply,
  type RpcFault,
  type RpcRequest,
} from './json-rpc.ts';
import { headerRequest } from './state-requests.ts';

/** The answer to one request: read, or refused by the node for good. */
export type Answer<T> = { readonly value: T } | { readonly fault: RpcFault; readonly endpoint: string };

export interface TransportStatistics {
  /** Trips one after the other that somebody waited for. */
  readonly rounds: number;
  readonly requests: number;
  readonly messages: number;
  /** Messages that brought nothing, or not all of it. */
  readonly failures: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Answers, and after how many trips one after the other they came: those before them, and their own. */
export interface Arrival<T> {
  readonly answers: Answer<T>[];
  readonly trip: number;
}

/** How many messages one after the other some requests took. */
interface Journey {
  trips: number;
}

/** What became of one request in one message. */
type Verdict<T> =
  | { readonly done: Answer<T> }
  | { readonly again: MessageFailure }
  | { readonly unknownBlock: RpcFault };

/** Whoever gives hints later than this is of no help. */
const HINT_LIMIT_MS = 3_000;

export class Transport {
  readonly endpoints: readonly Endpoint[];
  readonly #limits: CheckedLimits;
  readonly #clock: Clock;
  #rounds = 0;
  #failures = 0;
  #arrived = 0;
  /** The latest trip that somebody has waited for. */
  #waitedFor = 0;

  constructor(endpoints: readonly Endpoint[], limits: CheckedLimits, clock: Clock) {
    this.endpoints = endpoints;
    this.#limits = limits;
    this.#clock = clock;
  }

  statistics(): TransportStatistics {
    const sum = (of: (endpoint: Endpoint) => number) => this.endpoints.reduce((total, e) => total + of(e), 0);
    return {
      rounds: this.#rounds,
      requests: sum(({ requests }) => requests),
      messages: sum(({ messages }) => messages),
      failures: this.#failures,
      bytesSent: sum(({ wire }) => wire.traffic.sent),
      bytesReceived: sum(({ wire }) => wire.traffic.received),
    };
  }

  /**
   * Answers in the order of the requests. Refusals of single requests are answers, too.
   * @throws RpcError where no endpoint gave an answer, ReorganisationError where the pinned block is gone, the reason
   * when it is cancelled
   */
  async ask<T>(
    requests: readonly RpcRequest<T>[],
    pin: Pin | undefined,
    cancellation: Cancellation,
  ): Promise<Answer<T>[]> {
    const from = this.arrived;
    const { answers, trip } = await this.send(requests, pin, cancellation);
    this.waited(from, trip);
    return answers;
  }

  /** As {@link ask}, for who may not wait for the answers; who does says so to {@link waited}. */
  async send<T>(
    requests: readonly RpcRequest<T>[],
    pin: Pin | undefined,
    cancellation: Cancellation,
  ): Promise<Arrival<T>> {
    // What is sent now may depend on all that has arrived, and on nothing that is still under way.
    const before = this.#arrived;
    if (requests.length === 0) return { answers: [], trip: before };
    const journey: Journey = { trips: 0 };
    const answers = await this.#deliver(requests, requests.length, pin, cancellation, journey);
    const trip = before + journey.trips;
    this.#arrived = Math.max(this.#arrived, trip);
    return { answers, trip };
  }

  /** Whether the endpoint that would be asked now offers a method; `undefined`: nobody knows yet. */
  offers(method: string): boolean | undefined {
    return this.#preferred()?.offers.get(method);
  }

  /**
   * Asks once, and takes no answer for one: `undefined` for what was refused, failed, or came too late. What an endpoint
   * does not offer is remembered. Answers in the order of the requests.
   */
  async tryOnce<T>(
    requests: readonly RpcRequest<T>[],
    pin: Pin | undefined,
    cancellation: Cancellation,
  ): Promise<(T | undefined)[]> {
    const endpoint = this.#preferred();
    if (endpoint === undefined || requests.length === 0) return requests.map(() => undefined);
    const from = this.#arrived;
    const limit = cancellation.below();
    const late = new Cancellation();
    const alarm = this.#clock.sleep(HINT_LIMIT_MS, late).then(
      () => limit.cancellation.cancel(new MessageFailure('lost', 'too late for a hint')),
      () => {},
    );
    try {
      const answers = await Promise.all(
        messagesOf(requests, endpoint.batchFor(requests.length)).map((message) =>
          this.#tried(message, endpoint, pin, limit.cancellation),
        ),
      );
      this.#arrived = Math.max(this.#arrived, from + 1);
      this.waited(from, from + 1);
      cancellation.throwIfCancelled();
      return answers.flat();
    } finally {
      late.cancel(undefined);
      limit.release();
      await alarm;
    }
  }

  async #tried<T>(
    requests: readonly RpcRequest<T>[],
    endpoint: Endpoint,
    pin: Pin | undefined,
    cancellation: Cancellation,
  ): Promise<(T | undefined)[]> {
    try {
      const { replies } = await endpoint.exchange(requests, pin, cancellation);
      return replies.map((reply, at) => {
        const { method, read } = requests[at]!;
        if ('fault' in reply) {
          if (isUnsupported(reply.fault)) endpoint.offers.set(method, false);
          return undefined;
        }
        endpoint.offers.set(method, true);
        return read(reply.result);
      });
    } catch {
      return requests.map(() => undefined);
    }
  }

  /** The endpoint that would be asked now. */
  #preferred(): Endpoint | undefined {
    const usable = this.endpoints.filter(({ closed }) => !closed);
    return usable.find((endpoint) => endpoint.restMs() === 0) ?? usable[0];
  }

  /** The latest trip of which something has come. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Somebody has waited, since `from` was the latest trip that had arrived, for what came with `trip`. */
  waited(from: number, trip: number): void {
    this.#rounds += Math.max(0, trip - Math.max(from, this.#waitedFor));
    this.#waitedFor = Math.max(this.#waitedFor, trip);
  }

  /** As {@link ask}, for a request that must have an answer. @throws RpcError for a refusal, too */
  async askOne<T>(request: RpcRequest<T>, pin: Pin | undefined, cancellation: Cancellation): Promise<T> {
    const [answer] = await this.ask([request], pin, cancellation);
    return resultOf(answer as Answer<T>, request);
  }

  /** @param among how many requests there are with these */
  async #deliver<T>(
    requests: readonly RpcRequest<T>[],
    among: number,
    pin: Pin | undefined,
    cancellation: Cancellation,
    journey: Journey,
  ): Promise<Answer<T>[]> {
    const answers = new Map<number, Answer<T>>();
    let open = requests.map((_, at) => at);
    let avoided: Endpoint | undefined;
    for (let tries = 0; ; ) {
      const endpoint = await this.#choose(avoided, pin, cancellation, requests[open[0]!]!);
      const size = endpoint.batchFor(among);
      if (open.length > size) {
        await this.#split(requests, { open, size, among }, pin, cancellation, answers, journey);
        break;
      }
      const asked = open.map((at) => requests[at]!);
      let failure: { readonly request: RpcRequest; readonly reason: MessageFailure } | undefined;
      journey.trips++;
      try {
        const exchange = await endpoint.exchange(asked, pin, cancellation);
        const verdicts = await this.#judged(asked, exchange, endpoint, pin, cancellation, journey);
        if (verdicts === 'again') continue;
        open = open.filter((at, i) => {
          const verdict = verdicts[i]!;
          if ('done' in verdict) answers.set(at, verdict.done);
          else failure ??= { request: requests[at]!, reason: verdict.again };
          return !('done' in verdict);
        });
        if (open.length < asked.length) tries = 0;
        if (failure === undefined) endpoint.succeeded();
      } catch (error) {
        if (!(error instanceof MessageFailure)) throw error;
        failure = { request: asked[0]!, reason: error };
      }
      if (failure === undefined) break;
      this.#failures++;
      const { reason } = failure;
      if (reason.kind === 'size' && asked.length > 1) {
        endpoint.tooLarge(asked.length);
        continue;
      }
      endpoint.failed(reason);
      avoided = endpoint;
      if (++tries > this.#limits.retries || this.endpoints.every(({ closed }) => closed)) {
        throw this.#gaveUp(failure.request, endpoint, reason, tries);
      }
    }
    return requests.map((_, at) => answers.get(at)!);
  }

  async #split<T>(
    requests: readonly RpcRequest<T>[],
    { open, size, among }: { open: readonly number[]; size: number; among: number },
    pin: Pin | undefined,
    cancellation: Cancellation,
    answers: Map<number, Answer<T>>,
    journey: Journey,
  ): Promise<void> {
    const parts: number[][] = [];
    for (let at = 0; at < open.length; at += size) parts.push(open.slice(at, at + size));
    // One that fails makes the others needless.
    const { cancellation: inner, release } = cancellation.below();
    const journeys = parts.map((): Journey => ({ trips: 0 }));
    try {
      await Promise.all(
        parts.map(async (part, which) => {
          const asked = part.map((at) => requests[at]!);
          const found = await this.#deliver(asked, among, pin, inner, journeys[which]!);
          part.forEach((at, i) => {
            answers.set(at, found[i]!);
          });
        }),
      );
      journey.trips += Math.max(...journeys.map(({ trips }) => trips));
    } catch (error) {
      inner.cancel(error);
      throw error;
    } finally {
      release();
    }
  }

  /** The first endpoint that may be asked now, another than `avoided` where there is one; else the one that may soonest. */
  async #choose(
    avoided: Endpoint | undefined,
    pin: Pin | undefined,
    cancellation: Cancellation,
    request: RpcRequest,
  ): Promise<Endpoint> {
    for (;;) {
      cancellation.throwIfCancelled();
      const open = this.endpoints.filter(({ closed }) => !closed);
      const keeping = open.filter(({ lacks }) => pin === undefined || !lacks.has(pin.hash));
      const usable = keeping.length > 0 ? keeping : open;
      const ready = usable.filter((endpoint) => endpoint.restMs() === 0);
      const found = ready.find((endpoint) => endpoint !== avoided) ?? ready[0];
      if (found !== undefined) return found;
      if (usable.length === 0) {
        throw this.#gaveUp(request, this.endpoints[0]!, new MessageFailure('refused', 'it refused before'), 1);
      }
      await this.#clock.sleep(Math.min(...usable.map((endpoint) => endpoint.restMs())), cancellation);
    }
  }

  /** What the replies mean. `again`: the same at once, since something was learned about the endpoint. */
  async #judged<T>(
    asked: readonly RpcRequest<T>[],
    { replies, byNumber }: Exchange,
    endpoint: Endpoint,
    pin: Pin | undefined,
    cancellation: Cancellation,
    journey: Journey,
  ): Promise<Exclude<Verdict<T>, { unknownBlock: RpcFault }>[] | 'again'> {
    const verdicts = asked.map((request, at) => this.#verdict(request, replies[at]!, endpoint, pin));
    const pinned = verdicts.filter((_, at) => isPinned(asked[at]!));
    if (!byNumber && endpoint.byHash !== true && pinned.length > 0) {
      const answers = pinned.flatMap((verdict) => ('done' in verdict ? [verdict.done] : []));
      if (answers.some((answer) => 'value' in answer)) {
        endpoint.byHash = true;
      } else if (answers.some((answer) => 'fault' in answer && isBadParameter(answer.fault))) {
        endpoint.byHash = false;
        return 'again';
      }
    }
    const unknown = verdicts.find((verdict) => 'unknownBlock' in verdict);
    if (pin !== undefined && (unknown !== undefined || (byNumber && pinned.length > 0))) {
      journey.trips++;
      await this.#confirm(endpoint, pin, cancellation);
    }
    // It is the block of that number, but this node does not have it yet: replicas follow each other.
    return verdicts.map((verdict) =>
      'unknownBlock' in verdict
        ? { again: failureOf(verdict.unknownBlock, 'the node does not know the block') }
        : verdict,
    );
  }

  #verdict<T>(request: RpcRequest<T>, reply: Reply, endpoint: Endpoint, pin: Pin | undefined): Verdict<T> {
    if ('result' in reply) {
      try {
        return { done: { value: request.read(reply.result) } };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const answer = excerptOf(reply.result);
        return { again: new MessageFailure('wrong', error.shortMessage, { answer, cause: error }) };
      }
    }
    const { fault } = reply;
    if (isLimit(fault)) return { again: failureOf(fault, 'the node wants to be asked later', 'limit') };
    if (isTooLarge(fault)) return { again: failureOf(fault, 'the node finds it too large', 'size') };
    if (pin !== undefined && isPinned(request)) {
      if (isUnknownBlock(fault)) return { unknownBlock: fault };
      // Another endpoint may keep more.
      if (isPruned(fault)) {
        endpoint.lacks.add(pin.hash);
        const others = this.endpoints.some(({ closed, lacks }) => !closed && !lacks.has(pin.hash));
        if (others) return { again: failureOf(fault, prunedAt(pin)) };
      }
    }
    const isTransient = fault.code === -32603 && !isUnsupported(fault) && !isPruned(fault) && !isBadParameter(fault);
    if (isTransient && request.optional !== true) return { again: failureOf(fault, 'the node failed') };
    return { done: { fault, endpoint: endpoint.wire.name } };
  }

  /** @throws ReorganisationError where the number is another block's by now */
  async #confirm(endpoint: Endpoint, pin: Pin, cancellation: Cancellation): Promise<void> {
    const request = headerRequest({ number: quantityFromNumber(pin.number) });
    const { replies } = await endpoint.exchange([request], undefined, cancellation);
    const [reply] = replies;
    if (reply === undefined || 'fault' in reply) {
      throw new MessageFailure('lost', 'the node did not say which block it has', {
        ...(reply !== undefined && { code: reply.fault.code, answer: reply.fault.message }),
      });
    }
    const verdict = this.#verdict(request, reply, endpoint, undefined);
    if (!('done' in verdict && 'value' in verdict.done)) {
      throw new MessageFailure('wrong', 'the node did not say which block it has', { answer: excerptOf(reply.result) });
    }
    const { value: found } = verdict.done;
    if (found !== null && found.hash !== pin.hash) throw new ReorganisationError(pin.number, pin.hash, found.hash);
    // By number, an unknown block's state would be some other block's.
    if (found === null) throw new MessageFailure('lost', `the node does not know block ${pin.number}`);
  }

  #gaveUp(request: RpcRequest, endpoint: Endpoint, failure: MessageFailure, tries: number): RpcError {
    const { message, code, answer, cause } = failure;
    const times = tries > 1 ? `, ${tries} times` : '';
    const failed = { endpoint: endpoint.wire.name, method: request.method, answerCode: code, answer };
    return new RpcError(`${message}${times}`, failed, { cause: cause ?? failure });
  }
}

/** Traces go alone: some providers refuse them among others. The rest in messages of a size. */
function messagesOf<T>(requests: readonly RpcRequest<T>[], size: number): RpcRequest<T>[][] {
  const messages = requests.filter(isTrace).map((request) => [request]);
  const others = requests.filter((request) => !isTrace(request));
  for (let at = 0; at < others.length; at += size) messages.push(others.slice(at, at + size));
  return messages;
}

function isTrace({ method }: RpcRequest): boolean {
  return method.startsWith('debug_');
}

/** The value of an answer. @throws RpcError for a refusal */
export function resultOf<T>(answer: Answer<T>, request: RpcRequest<T>, pin?: Pin): T {
  if ('value' in answer) return answer.value;
  const { fault, endpoint } = answer;
  const failure = { endpoint, method: request.method, answerCode: fault.code, answer: fault.message };
  const problem =
    pin !== undefined && isPruned(fault)
      ? prunedAt(pin)
      : isUnsupported(fault)
        ? 'the node does not offer this method'
        : 'the node refused';
  throw new RpcError(`${problem} (${fault.code})`, failure, { data: fault.data });
}

function prunedAt({ number }: Pin): string {
  return `the node does not keep the state of block ${number}; an archive node does`;
}

function failureOf(fault: RpcFault, problem: string, kind: MessageFailure['kind'] = 'lost'): MessageFailure {
  return new MessageFailure(kind, problem, { code: fault.code, answer: fault.message });
}

function isPinned({ params }: RpcRequest): boolean {
  return params.includes(PINNED);
}
