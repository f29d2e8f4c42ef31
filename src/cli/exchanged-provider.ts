// A provider whose node is exchanged for another when `anvil_reset` or `hardhat_reset` names another node or block to go on from.

import { InputError } from '../base/errors.ts';
import type { Provider, ProviderEvents, ProviderRequest } from '../types.ts';

/** Where a fork begins. */
export interface ForkPlace {
  readonly url: string;
  /** The newest unless given. */
  readonly block?: number | undefined;
}

export interface ServedNode {
  readonly provider: Provider;
  /** `undefined`: a chain of its own. */
  readonly fork: Required<ForkPlace> | undefined;
  dispose(): Promise<void>;
}

type Listener = (detail: never) => void;

const RESETS = new Set(['anvil_reset', 'hardhat_reset']);

export class ExchangedProvider implements Provider {
  #node: ServedNode;
  readonly #open: (place: ForkPlace) => Promise<ServedNode>;
  readonly #listeners: (readonly [event: keyof ProviderEvents, listener: Listener])[] = [];
  /** One exchange after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(node: ServedNode, open: (place: ForkPlace) => Promise<ServedNode>) {
    this.#node = node;
    this.#open = open;
  }

  async request(request: ProviderRequest): Promise<unknown> {
    if (!RESETS.has(request?.method)) return this.#node.provider.request(request);
    const turn = this.#turn.then(() => this.#reset(request));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #reset(request: ProviderRequest): Promise<unknown> {
    const { fork, provider } = this.#node;
    const place = placeOf(request.params, fork);
    // Where it is already, it goes back to its beginning.
    if (place === undefined) return provider.request(fork === undefined ? request : { ...request, params: [] });
    const next = await this.#open(place).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
      throw new InputError('params[0].forking.jsonRpcUrl', error.shortMessage, { cause: error });
    });
    const last = this.#node;
    this.#node = next;
    for (const [event, listener] of this.#listeners) {
      last.provider.removeListener(event, listener as never);
      next.provider.on(event, listener as never);
    }
    await last.dispose();
    return true;
  }

  on<E extends keyof ProviderEvents>(event: E, listener: (detail: ProviderEvents[E]) => void): this {
    this.#listeners.push([event, listener as Listener]);
    this.#node.provider.on(event, listener);
    return this;
  }

  removeListener<E extends keyof ProviderEvents>(event: E, listener: (detail: ProviderEvents[E]) => void): this {
    const at = this.#listeners.findIndex(([name, known]) => name === event && known === listener);
    if (at !== -1) this.#listeners.splice(at, 1);
    this.#node.provider.removeListener(event, listener);
    return this;
  }
}

/** The place that a reset names, where it is another than the node's. @throws InputError naming the parameter */
function placeOf(params: ProviderRequest['params'], fork: Required<ForkPlace> | undefined): ForkPlace | undefined {
  const { forking } = (Array.isArray(params) ? (params[0] ?? {}) : {}) as { forking?: Record<string, unknown> };
  const { jsonRpcUrl, blockNumber } = forking ?? {};
  const url = typeof jsonRpcUrl === 'string' ? jsonRpcUrl : fork?.url;
  if (url === undefined) return undefined;
  // Clients that name no block send NaN, which is null in JSON.
  const block = blockNumber === undefined || blockNumber === null ? undefined : Number(blockNumber);
  if (block !== undefined && !(Number.isSafeInteger(block) && block >= 0)) {
    throw new InputError('params[0].forking.blockNumber', 'expected the number of a block');
  }
  const isHere = url === fork?.url && (block === undefined || block === fork.block);
  if (isHere) return undefined;
  if (!/^https?:\/\//.test(url)) {
    throw new InputError('params[0].forking.jsonRpcUrl', 'expected a URL that begins with http:// or https://');
  }
  return block === undefined ? { url } : { url, block };
}
