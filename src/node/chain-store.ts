// The blocks of a chain by number and hash, their transactions, receipts and logs.

import { type Hex, quantityFromNumber, ZERO_HASH } from '../base/hex.ts';
import { headerFields, headerHash } from '../block/block-encoding.ts';
import type { BlockInput, TransactionInput } from '../block/block-input.ts';
import type { Receipt } from '../block/receipts.ts';
import { senderOf } from '../block/sender.ts';
import type { BlobRules } from '../chain/chain.ts';
import type { Hardfork } from '../chain/hardfork.ts';

/** A block and what its execution left. */
export interface ChainBlock {
  readonly number: bigint;
  readonly hash: Hex;
  readonly hardfork: Hardfork;
  /** The chain's own rules, or those of the fork. */
  readonly blobs: BlobRules;
  readonly block: BlockInput;
  readonly receipts: readonly Receipt[];
}

/** Where a transaction stands. */
export interface TransactionPlace {
  readonly at: ChainBlock;
  readonly index: number;
}

export class ChainStore {
  readonly #blocks: ChainBlock[];
  readonly #byHash = new Map<Hex, ChainBlock>();
  readonly #places = new Map<Hex, TransactionPlace>();
  readonly #senders = new WeakMap<TransactionInput, Hex>();

  /** `first`: the block that the chain is known from. */
  constructor(first: ChainBlock) {
    this.#blocks = [];
    this.append(first);
  }

  get first(): ChainBlock {
    return this.#blocks[0]!;
  }

  get head(): ChainBlock {
    return this.#blocks.at(-1)!;
  }

  get length(): number {
    return this.#blocks.length;
  }

  append(added: ChainBlock): void {
    this.#blocks.push(added);
    this.#byHash.set(added.hash, added);
    for (const [index, transaction] of added.block.transactions.entries()) {
      if (transaction.hash !== undefined) this.#places.set(transaction.hash, { at: added, index });
    }
  }

  /** Takes back all but the first `length` blocks; the first one stays. */
  truncate(length: number): readonly ChainBlock[] {
    const removed = this.#blocks.splice(Math.max(1, length));
    for (const { hash, block } of removed) {
      this.#byHash.delete(hash);
      for (const transaction of block.transactions) if (transaction.hash) this.#places.delete(transaction.hash);
    }
    return removed;
  }

  byNumber(number: bigint): ChainBlock | undefined {
    const at = number - this.first.number;
    return at < 0n || at >= BigInt(this.#blocks.length) ? undefined : this.#blocks[Number(at)];
  }

  byHash(hash: Hex): ChainBlock | undefined {
    return this.#byHash.get(hash);
  }

  transaction(hash: Hex): TransactionPlace | undefined {
    return this.#places.get(hash);
  }

  /** Hashes of the blocks before `number`, as BLOCKHASH sees them. */
  hashesBefore(number: bigint): Map<bigint, Hex> {
    const hashes = new Map<bigint, Hex>();
    for (let back = 1n; back <= 256n && back <= number; back++) {
      const known = this.byNumber(number - back);
      if (known === undefined) break;
      hashes.set(known.number, known.hash);
    }
    return hashes;
  }

  /** Who signed a transaction of the chain. */
  sender(transaction: TransactionInput, chainId: number): Hex {
    const known = transaction.from ?? this.#senders.get(transaction);
    if (known !== undefined) return known;
    const found = senderOf(transaction, chainId);
    this.#senders.set(transaction, found);
    return found;
  }
}

/** The hash of a block: the one that it has, or that its header gives as far as there is one. */
export function hashOfBlock(block: BlockInput): Hex {
  if (block.hash !== undefined) return block.hash;
  const fields = headerFields(block) ?? headerFields({ ...MISSING, ...block });
  return headerHash(fields!);
}

/** For blocks that somebody executed without all of their header. */
const MISSING = {
  sha3Uncles: ZERO_HASH,
  stateRoot: ZERO_HASH,
  transactionsRoot: ZERO_HASH,
  receiptsRoot: ZERO_HASH,
  logsBloom: `0x${'00'.repeat(256)}`,
  difficulty: quantityFromNumber(0),
  gasUsed: quantityFromNumber(0),
  extraData: '0x',
  mixHash: ZERO_HASH,
  nonce: '0x0000000000000000',
} as const;
