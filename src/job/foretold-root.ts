// The root of the state after a block, hashed by the access list that came with it while the workers execute (EIP-7928).

import type { Hex } from '../base/hex.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { isWrittenAlike } from '../block/access-list-difference.ts';
import type { BlockAccessList } from '../block/block-access-list.ts';
import { diffOfList, holdsAll } from '../block/listed-diff.ts';
import type { StateDiff } from '../block/state-diff.ts';

/** What has come of the block. */
export interface Found {
  readonly blockAccessList?: BlockAccessList | undefined;
  readonly stateDiff: StateDiff;
}

interface Foretold {
  readonly diff: StateDiff;
  readonly root: Hex;
}

export class ForetoldRoot {
  readonly #list: BlockAccessList;
  readonly #foretold: Promise<Foretold | undefined>;

  /**
   * Begins when the event loop comes round: until then the workers have been woken, and this thread waits for them.
   *
   * `rootAfter`: of the state before the block with such changes. What it throws is told by who asks when the block has run.
   */
  constructor(list: BlockAccessList, rootAfter: (diff: StateDiff) => Promise<Hex>) {
    const foretell = async (): Promise<Foretold> => {
      await eventLoopTurn();
      const diff = diffOfList(list);
      return { diff, root: await rootAfter(diff) };
    };
    this.#list = list;
    this.#foretold = foretell().catch(() => undefined);
  }

  /** `undefined`: the list has not told the truth, or not all of it. */
  async of(found: Found): Promise<Hex | undefined> {
    const foretold = await this.#foretold;
    const { blockAccessList: met, stateDiff } = found;
    if (foretold === undefined || met === undefined || !isWrittenAlike(this.#list, met)) return undefined;
    return holdsAll(foretold.diff, stateDiff) ? foretold.root : undefined;
  }
}
