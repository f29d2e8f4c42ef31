// What a source learns while it is asked: taken from what was learned elsewhere, and from the cache, and kept there.

import { InputError, StateSourceError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import type { StateCache } from '../cache/state-cache.ts';
import { addressOf, factsOf } from './code-facts.ts';
import { type CallPlace, Experience, type Lesson } from './experience.ts';
import { type RpcLearned, readLearned, written } from './lesson-format.ts';
import { LessonStore } from './lesson-store.ts';
import type { CacheCounts } from './sealed-lines.ts';
import type { FetchedAccount, Unit } from './state-keys.ts';

export class Learning {
  readonly experience = new Experience();
  readonly #given: { readonly chainId: bigint; readonly lesson: Lesson } | undefined;
  readonly #cache: StateCache | undefined;
  readonly #counts: CacheCounts;
  #chainId: bigint | undefined;
  #store: LessonStore | undefined;
  #pending: { codes: [Hex, Hex][]; holds: [Hex, Hex][] } = { codes: [], holds: [] };

  /** @throws InputError naming what is wrong with `learned` */
  constructor(learned: unknown, cache: StateCache | undefined, counts: CacheCounts) {
    this.#given = learned === undefined ? undefined : readLearned(learned, 'options.learned');
    this.#cache = cache;
    this.#counts = counts;
  }

  /** Returns when what is known of the chain has been learned. @throws InputError where what was given is of another chain */
  async begin(chainId: bigint): Promise<void> {
    if (this.#chainId === undefined) {
      const given = this.#given;
      if (given !== undefined && given.chainId !== chainId) {
        const problem = `learned of chain ${given.chainId}, and the node is of ${chainId}`;
        throw new InputError('options.learned.chainId', problem);
      }
      this.#chainId = chainId;
      if (given !== undefined) this.experience.take(given.lesson);
      if (this.#cache !== undefined) {
        const { experience } = this;
        this.#store = new LessonStore({ cache: this.#cache, chainId, experience, counts: this.#counts });
      }
    }
    await this.#store?.ready;
  }

  account(address: Hex, { code, codeHash }: FetchedAccount): void {
    if (this.experience.meet(address, codeHash)) this.#pending.codes.push([address, codeHash]);
    for (const named of factsOf(code, codeHash).addresses) this.#held(address, named);
  }

  slot(address: Hex, value: Hex): void {
    const named = addressOf(BigInt(value));
    if (named !== undefined) this.#held(address, named);
  }

  /** A block with these calls has asked for these units. */
  asked(calls: readonly CallPlace[], units: readonly Unit[]): void {
    const { reads, contracts } = this.experience.learn(calls, units);
    const { codes, holds } = this.#pending;
    if (reads.length + contracts.length + codes.length + holds.length === 0) return;
    this.#pending = { codes: [], holds: [] };
    const held = holds.map(([address, named]) => [address, [], [named]] as const);
    void this.#store?.keep({ reads, codes, contracts: [...contracts, ...held] });
  }

  /** @throws StateSourceError before the chain is known */
  learned(): RpcLearned {
    if (this.#chainId === undefined) throw new StateSourceError('nothing was learned yet: the node was not asked');
    return written(this.experience.lesson(), this.#chainId);
  }

  #held(address: Hex, named: Hex): void {
    if (this.experience.holds(address, named)) this.#pending.holds.push([address, named]);
  }
}
