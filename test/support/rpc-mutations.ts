// Requests like those of the cases of JSON-RPC, with something else in a place or two: values of other requests, or nonsense.

import type { Random } from './fuzz-random.ts';
import type { RpcCase } from './rpc-cases.ts';

export interface RpcRequest {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What a text of JSON-RPC stands for. */
type Kind = 'address' | 'word' | 'tag' | 'quantity' | 'bytes' | 'text';

/** Of those that change the node, or tell of it and not of the chain, nothing is made. */
const APART = /sendRaw|txpool|testing_|engine_|syncing|Filter|^net_|^web3_/;
const NONSENSE = [null, true, 1, -1, '', '0x', '0x0g', 'latestt', [], {}, '0x00', 1.5, `0x${'12'.repeat(21)}`];

export class RequestMutator {
  readonly #random: Random;
  readonly #requests: readonly RpcRequest[];
  readonly #values = new Map<Kind, string[]>();

  constructor(cases: readonly RpcCase[], random: Random) {
    this.#random = random;
    this.#requests = cases
      .flatMap(({ exchanges }) => exchanges.map(({ request: { method, params = [] } }) => ({ method, params })))
      .filter(({ method }) => !APART.test(method));
    for (const { params } of this.#requests) this.#collect(params);
    this.#values.set('tag', ['latest', 'earliest']);
  }

  next(): RpcRequest {
    const { method, params } = this.#random.pick(this.#requests);
    let changed: unknown = structuredClone(params);
    for (let times = this.#random.between(1, 3); times > 0; times--) changed = this.#changed(changed, true);
    return { method, params: changed as readonly unknown[] };
  }

  #collect(value: unknown): void {
    if (typeof value === 'string') {
      const kind = kindOf(value);
      const known = this.#values.get(kind) ?? [];
      if (value.length < 3000 && !known.includes(value)) known.push(value);
      this.#values.set(kind, known);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        if (key.startsWith('0x')) this.#collect(key);
        this.#collect(item);
      }
    }
  }

  #changed(value: unknown, isOutermost = false): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'boolean') return !value;
    if (Array.isArray(value)) return value.length === 0 ? value : this.#list(value, isOutermost);
    if (typeof value === 'object' && value !== null) return this.#object(value as Record<string, unknown>);
    return value;
  }

  #text(value: string): unknown {
    const kind = kindOf(value);
    if (this.#random.below(30) === 0) return this.#random.pick(NONSENSE);
    return kind === 'text' ? value : this.#random.pick(this.#values.get(kind)!);
  }

  #list(value: readonly unknown[], isOutermost: boolean): unknown[] {
    const changed = [...value];
    const at = this.#random.below(value.length);
    const way = isOutermost ? 2 : this.#random.below(10);
    if (way === 0) changed.splice(at, 1);
    else if (way === 1) changed.splice(at, 0, this.#random.pick(value));
    else changed[at] = this.#changed(changed[at]);
    return changed;
  }

  #object(value: Record<string, unknown>): Record<string, unknown> {
    const names = Object.keys(value);
    if (names.length === 0) return value;
    const name = this.#random.pick(names);
    const { [name]: item, ...rest } = value;
    return this.#random.below(10) === 0 ? rest : { ...rest, [name]: this.#changed(item) };
  }
}

function kindOf(value: string): Kind {
  if (/^(latest|earliest|safe|finalized|pending)$/.test(value)) return 'tag';
  if (!/^0x[0-9a-fA-F]*$/.test(value)) return 'text';
  if (value.length === 42) return 'address';
  if (value.length === 66) return 'word';
  return /^0x(0|[1-9a-f][0-9a-f]{0,15})$/.test(value) ? 'quantity' : 'bytes';
}
