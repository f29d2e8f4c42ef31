// Hints to the scheduler of a run, which may come before the run's turn has.

import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';

/** Takes hints while the run lasts. */
export interface HintTaker {
  addDependency(lower: number, higher: number): void;
}

export class DependencyHints {
  readonly #count: number;
  #early: [number, number][] = [];
  #taker: HintTaker | undefined;

  /** For a run of `count` tasks. */
  constructor(count: number) {
    this.#count = count;
  }

  /** The run has begun. */
  attach(taker: HintTaker): void {
    this.#taker = taker;
    for (const [lower, higher] of this.#early) taker.addDependency(lower, higher);
    this.#early = [];
  }

  /** @throws InputError for tasks that there are not, or in the wrong order */
  add(lower: number, higher: number): void {
    for (const [name, id] of Object.entries({ lower, higher })) {
      if (!Number.isSafeInteger(id) || id < 0 || id >= this.#count) {
        throw new InputError(name, `there is no task ${describe(id)}`);
      }
    }
    if (lower >= higher) throw new InputError('lower', `task ${higher} cannot depend on the later task ${lower}`);
    if (this.#taker === undefined) this.#early.push([lower, higher]);
    else this.#taker.addDependency(lower, higher);
  }
}
