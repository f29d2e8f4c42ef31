// The block in a world: what its transactions did, what another would do behind it, and what other orders would come to.
import { createEngine, type Edit, type PreviewRequest, type WorldBlockResult } from 'pevm-wasm';
import type { Alternative, Effects, Order } from '../run-types.ts';
import type { Subject } from './subject.ts';

/** Of a mined transaction, what a request may name. */
const REQUEST_FIELDS = [
  ...['from', 'to', 'gas', 'gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas', 'value', 'input'],
  ...['nonce', 'accessList', 'blobVersionedHashes', 'authorizationList'],
];

type Engine = Awaited<ReturnType<typeof createEngine>>;
type World = Awaited<ReturnType<Engine['openWorld']>>;

export class Resident implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #world: World;
  readonly #result: WorldBlockResult;
  readonly #subject: Subject;

  private constructor(engine: Engine, world: World, result: WorldBlockResult, subject: Subject) {
    this.#engine = engine;
    this.#world = world;
    this.#result = result;
    this.#subject = subject;
  }

  /** Executes the block in a world of its own. */
  static async open(subject: Subject, workers: number): Promise<Resident> {
    const { state, chainId, ...request } = subject.request;
    const engine = await createEngine({ workers });
    try {
      const world = await engine.openWorld({
        ...(state && { state }),
        ...(chainId !== undefined && { chain: chainId }),
      });
      return new Resident(engine, world, await world.executeBlock({ ...request, chainId }), subject);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  /** What a transaction of the block did, on the state before it. */
  effects(index: number): Promise<Effects> {
    const transaction = this.#subject.transactions[index]!;
    const named = REQUEST_FIELDS.filter((name) => transaction[name] !== undefined && transaction[name] !== null);
    // A node gives both prices of a transaction that has two: the old one is what was paid.
    const fields = named.filter((name) => name !== 'gasPrice' || !named.includes('maxFeePerGas'));
    const request: PreviewRequest = Object.fromEntries(fields.map((name) => [name, transaction[name]]));
    return this.#preview(request, { at: { transactionIndex: index } });
  }

  /** What a transaction would do behind the block: JSON of a request, or the bytes of a signed one. */
  preview(text: string): Promise<Effects> {
    const trimmed = text.trim();
    return this.#preview(trimmed.startsWith('0x') ? (trimmed as `0x${string}`) : JSON.parse(trimmed));
  }

  /** What the block would have come to in another order, or without some of its transactions. */
  async reorder(order: Order, moved: readonly number[]): Promise<Alternative> {
    const start = performance.now();
    const { transactions, gasUsed, executed, changed, saved, changedState } = await this.#result.whatIf(
      editsFor(order, new Set(moved), this.#subject.transactions),
    );
    return {
      gasUsed: Number(gasUsed),
      saved,
      executed: executed.length,
      accounts: changedState.size,
      durationMs: performance.now() - start,
      changed: changed.map((place) => {
        const { status, error, result } = transactions[place]!;
        const origin = order[place]!;
        const before = this.#result.transactions[origin]!;
        const was = before.success ? 'success' : 'reverted';
        if (status === 'invalid') return { origin, words: `would be in no block here: ${error ?? ''}` };
        if (status !== was) return { origin, words: `${was} before, ${status} now` };
        const more = Number(result!.gasUsed - before.gasUsed);
        return { origin, words: more === 0 ? 'the same gas, another outcome' : `${more > 0 ? '+' : ''}${more} gas` };
      }),
    };
  }

  async #preview(
    request: PreviewRequest | `0x${string}`,
    options?: { at: { transactionIndex: number } },
  ): Promise<Effects> {
    const { isStillValid: _, transactions: __, ...effects } = await this.#world.preview(request, options);
    return effects;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#engine.dispose();
  }
}

/** Those that stayed keep their order among themselves; the others are taken out, and put before the next that stayed. */
export function editsFor(order: Order, moved: ReadonlySet<number>, transactions: readonly object[]): Edit[] {
  const edits: Edit[] = [...moved].map((at) => ({ at, drop: true }));
  let next = transactions.length;
  const inserts: Edit[] = [];
  for (const origin of [...order].reverse()) {
    if (moved.has(origin)) inserts.push({ at: next, insert: transactions[origin]! });
    else next = origin;
  }
  return [...edits, ...inserts.reverse()];
}
