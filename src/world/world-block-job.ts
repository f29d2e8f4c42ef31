// A block on a world, as a job: it advances the state, or leaves it as it was.

import { InputError } from '../base/errors.ts';
import type { TelemetryAttributes } from '../base/telemetry.ts';
import type { CheckedOptions } from '../config/options.ts';
import { BlockJob } from '../job/block.ts';
import type { BlockContext } from '../job/block-encoding.ts';
import type { Desk, Job, Limits } from '../job/job.ts';
import type {
  BlockResult,
  Edit,
  TransactionResult,
  WhatIf,
  WhatIfOptions,
  WorldBlockRequest,
  WorldBlockResult,
} from '../types.ts';
import type { WorldExecution } from './recorded-block.ts';
import type { WorldState } from './world-state.ts';

/** Where a world stands among the blocks of its chain. */
export interface Place {
  /** To be asked before something is queued. @throws InputError where the world is no more */
  checkOpen(): void;
  /** @throws ReorganisationError, InputError for a block that does not come next */
  admit(context: BlockContext): void;
  /** The block has become part of the state. */
  advance(execution: WorldExecution, result: BlockResult): void;
  whatIf(execution: WorldExecution, edits: readonly Edit[], options?: WhatIfOptions): Promise<WhatIf>;
}

export class WorldBlockJob implements Job<TransactionResult, WorldBlockResult> {
  readonly kind = 'block';
  readonly #block: BlockJob;
  readonly #state: WorldState;
  readonly #place: Place;

  /** @throws InputError, InvalidTransactionError as a block's job does */
  constructor(request: WorldBlockRequest, options: CheckedOptions, state: WorldState, place: Place) {
    if (typeof request === 'object' && request !== null && 'state' in request && request.state !== undefined) {
      throw new InputError('request.state', 'a world has its own');
    }
    if (
      typeof request === 'object' &&
      request !== null &&
      'maximumMiB' in request &&
      request.maximumMiB !== undefined
    ) {
      throw new InputError('request.maximumMiB', 'a world has its memory for all its blocks');
    }
    if (typeof request === 'object' && request !== null && 'witness' in request && request.witness !== undefined) {
      throw new InputError('request.witness', 'a world has its own state');
    }
    place.checkOpen();
    this.#state = state;
    this.#place = place;
    this.#block = new BlockJob({ ...request, state }, options, state);
  }

  get limits(): Limits {
    return this.#block.limits;
  }

  get itemCount(): number {
    return this.#block.itemCount;
  }

  get firstItem(): number {
    return this.#block.firstItem;
  }

  attributes(): TelemetryAttributes {
    return this.#block.attributes();
  }

  get number(): bigint {
    return BigInt(this.#block.context.block.number);
  }

  /** Fetches what the block will probably need, while another one runs. */
  fetchAhead(signal: AbortSignal): Promise<void> {
    return this.#block.fetchAhead(signal);
  }

  async run(desk: Desk<TransactionResult>): Promise<WorldBlockResult> {
    this.#place.admit(this.#block.context);
    const { residence } = this.#state;
    const { mark } = residence;
    try {
      const result = await this.#block.run(desk);
      // Who has given up in the last moment is told that nothing has happened: so it must be.
      await desk.ask(async () => {});
      const { layout, edition, blockNumber } = residence;
      const executed = this.#block.executed!;
      const execution = { job: this.#block, executed, mark, after: { layout, edition, blockNumber } };
      this.#place.advance(execution, result);
      const whatIf = (edits: readonly Edit[], options?: WhatIfOptions) => this.#place.whatIf(execution, edits, options);
      return Object.defineProperty(result, 'whatIf', { value: whatIf }) as WorldBlockResult;
    } catch (error) {
      await residence.revertTo(mark);
      throw error;
    }
  }
}
