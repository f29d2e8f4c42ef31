// ethereumjs's view of a chain at one fork.

import { Common, type CommonOpts, Mainnet } from '@ethereumjs/common';
import type { KZG } from '@ethereumjs/util';
import { keccak256 } from '../../base/remembered-keccak256.ts';
import type { Hardfork } from '../../chain/hardfork.ts';
import { kzg } from './kzg.ts';

/** EIP numbers are below this. */
const EIP_LIMIT = 1 << 14;

/**
 * A `Common` for one fork that never changes, shared by all transactions of a block. The library asks it the same
 * questions for every opcode and copies it for every transaction, so that transactions can be moved to other forks.
 */
class BlockCommon extends Common {
  // Not set while the library's constructor runs, which already asks.
  declare private active: Uint8Array | undefined;
  declare private parameters: Map<string, bigint> | undefined;
  declare private merged: Set<unknown>;

  constructor(options: CommonOpts) {
    super(options);
    this.merged = new Set();
    this.parameters = new Map();
    this.active = new Uint8Array(EIP_LIMIT);
    for (const eip of this._activatedEIPsCache) this.active[eip] = 1;
  }

  override isActivatedEIP(eip: number): boolean {
    return this.active === undefined ? super.isActivatedEIP(eip) : this.active[eip] === 1;
  }

  override param(name: string): bigint {
    const known = this.parameters?.get(name);
    if (known !== undefined) return known;
    const value = super.param(name);
    this.parameters?.set(name, value);
    return value;
  }

  override copy(): Common {
    return this;
  }

  /** Merges each table once, however many transactions bring it. */
  override updateParams(params: Parameters<Common['updateParams']>[0]): void {
    if (this.merged.has(params)) return;
    this.merged.add(params);
    super.updateParams(params);
    this.parameters = new Map();
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
    customCrypto: { kzg: kzg as KZG, keccak256 },
  };
  return new BlockCommon(settings);
}
