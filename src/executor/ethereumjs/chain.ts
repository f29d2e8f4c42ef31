// ethereumjs's view of a chain at one fork.

import { Common, type CommonOpts, Mainnet } from '@ethereumjs/common';
import type { KZG } from '@ethereumjs/util';
import type { Hardfork } from '../../block/hardfork.ts';
import { kzg } from './kzg.ts';

/**
 * A `Common` that is shared by every transaction of a block. The library copies it per transaction, and merges the same
 * parameters into each copy, so that transactions can be moved to other forks; ours never are.
 */
class BlockCommon extends Common {
  readonly #merged = new Set<unknown>();

  override copy(): Common {
    return this;
  }

  override updateParams(params: Parameters<Common['updateParams']>[0]): void {
    if (this.#merged.has(params)) return;
    this.#merged.add(params);
    super.updateParams(params);
  }
}

/**
 * @param options.daoTransition at the DAO block, whether running the block moves the funds; false everywhere else
 */
export function chainAt(chainId: number, hardfork: Hardfork, options: { daoTransition?: boolean } = {}): Common {
  const { daoTransition = false } = options;
  const settings: CommonOpts = {
    chain: {
      ...Mainnet,
      chainId,
      name: chainId === Mainnet.chainId ? Mainnet.name : `chain ${chainId}`,
      hardforks: Mainnet.hardforks.map((fork) =>
        fork.name === 'dao' && !daoTransition ? { ...fork, block: null } : fork,
      ),
      // The library pays block rewards at the end of a proof-of-work block; the DAO transition must come without them.
      ...(daoTransition ? { consensus: { type: 'pos', algorithm: 'casper', casper: {} } } : {}),
    },
    hardfork,
    customCrypto: { kzg: kzg as KZG },
  };
  return new BlockCommon(settings);
}
