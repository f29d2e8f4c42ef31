// EIP-1193 over a node: one request after the other or at once, answers of the methods, and errors that say what is wrong.

import { CallRejectedError, InputError, messageOf, PevmError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { describe } from '../base/reader.ts';
import type { Provider, ProviderEvents, ProviderRequest } from '../types.ts';
import type { Call } from './call.ts';
import type { ChainNode } from './chain-node.ts';
import { SERVER_ERROR } from './rpc/parameters.ts';

const METHOD_NOT_FOUND = -32601;
/** Of a node that is gone (EIP-1193). */
const DISCONNECTED = 4900;
/** Clients take it for a mistake that passes, and ask again. */
const INTERNAL = -32603;

type Listener = (detail: never) => void;

export class NodeProvider implements Provider {
  readonly #node: Promise<ChainNode>;
  readonly #listeners = new Map<string, Set<Listener>>();
  #isOver = false;

  constructor(node: Promise<ChainNode>) {
    this.#node = node;
    // Whoever asks is told.
    node.catch(() => {});
  }

  request(request: ProviderRequest): Promise<unknown> {
    return this.#answer(request, {
      signal: request?.signal,
      notify: (subscription, result) => this.#notify(subscription, result),
    });
  }

  /** @throws PevmError with a code, always */
  async #answer(request: ProviderRequest, call: Call): Promise<unknown> {
    try {
      if (typeof request !== 'object' || request === null || typeof request.method !== 'string') {
        throw new InputError('method', `expected the name of a method, got ${describe(request?.method)}`);
      }
      if (this.#isOver) throw new PevmError(DISCONNECTED, 'the world was disposed of');
      const { method: name, params } = request;
      const [{ METHODS }, { readParams }] = await Promise.all([import('./rpc/methods.ts'), import('./rpc/method.ts')]);
      if (!Object.hasOwn(METHODS, name)) {
        const near = nearestName(name, Object.keys(METHODS));
        throw new PevmError(METHOD_NOT_FOUND, `there is no method ${describe(name)}; did you mean ${near}?`);
      }
      const method = METHODS[name]!;
      const given = readParams(method, params);
      const answer = await method.run(await this.#node, given, call);
      return answer === undefined ? null : answer;
    } catch (error) {
      throw coded(error);
    }
  }

  on<E extends keyof ProviderEvents>(event: E, listener: (detail: ProviderEvents[E]) => void): this {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener as Listener);
    return this;
  }

  removeListener<E extends keyof ProviderEvents>(event: E, listener: (detail: ProviderEvents[E]) => void): this {
    this.#listeners.get(event)?.delete(listener as Listener);
    return this;
  }

  /** No more answers; what runs is finished. */
  async dispose(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#node.then(
      (node) => node.dispose(),
      () => {},
    );
    this.#emit('disconnect', new PevmError(DISCONNECTED, 'the world was disposed of'));
  }

  #notify(subscription: string, result: unknown): void {
    this.#emit('message', { type: 'eth_subscription', data: { subscription, result } });
  }

  #emit<E extends keyof ProviderEvents>(event: E, detail: ProviderEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as (detail: ProviderEvents[E]) => void)(detail);
      } catch (error) {
        // A listener's mistake is its owner's to hear of.
        void Promise.reject(error);
      }
    }
  }
}

/**
 * Nothing that will not change is without a code, or has the one that clients ask again after: but for what eth_simulateV1 has
 * no other code for.
 */
function coded(error: unknown): PevmError {
  if (error instanceof CallRejectedError) return error;
  if (error instanceof PevmError && error.code !== INTERNAL) return error;
  const { code, data } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    data?: unknown;
  };
  const known = typeof code === 'number' && code !== INTERNAL ? code : SERVER_ERROR;
  return new PevmError(known, messageOf(error), { cause: error, ...(data !== undefined && { data }) });
}
