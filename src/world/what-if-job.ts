// "What if this block had been another", as a job: reads the edits, and loads what answers them when somebody asks.

import { InputError } from '../base/errors.ts';
import type { CheckedOptions } from '../config/options.ts';
import type { Desk, Job, Limits } from '../job/job.ts';
import type { Edit, WhatIf, WhatIfOptions, WhatIfTransaction } from '../types.ts';
import { type EditedList, editedList } from './edits.ts';
import type { WorldExecution } from './recorded-block.ts';
import type { WorldState } from './world-state.ts';

let loaded: Promise<typeof import('./what-if-run.ts')> | undefined;

/** Who only previews need not load it; to import again what is there takes a part of the question's time. */
function whatIfRun(): NonNullable<typeof loaded> {
  loaded ??= import('./what-if-run.ts').catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

export class WhatIfJob implements Job<WhatIfTransaction, WhatIf> {
  readonly kind = 'what-if';
  readonly firstItem: number;
  readonly limits: Limits;
  readonly #execution: WorldExecution;
  readonly #state: WorldState;
  readonly #list: EditedList;

  /** @throws InputError naming the edit and its field */
  constructor(
    execution: WorldExecution,
    state: WorldState,
    options: CheckedOptions,
    edits: readonly Edit[],
    limits: WhatIfOptions = {},
  ) {
    if (execution.job.encoding.evm === undefined) {
      throw new InputError('options.executor', 'what-if takes blocks that the EVM inside the core has executed');
    }
    this.limits = limits;
    this.#execution = execution;
    this.#state = state;
    this.#list = editedList(edits, execution.job.context, options.maximumTransactionGas);
    this.firstItem = execution.job.firstItem;
  }

  get itemCount(): number {
    return this.#list.length;
  }

  async run(desk: Desk<WhatIfTransaction>): Promise<WhatIf> {
    const { WhatIfRun } = await whatIfRun();
    return new WhatIfRun(this.#execution, this.#state, this.#list).run(desk);
  }
}
