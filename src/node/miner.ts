// Makes blocks: what waits in the pool, executed on the head, with a header that says all that came of it.

import { InvalidTransactionError, PevmError } from '../base/errors.ts';
import { type Hex, hexFromBytes, quantityFromNumber, ZERO_ADDRESS, ZERO_HASH } from '../base/hex.ts';
import { blobGasUsed } from '../block/blobs.ts';
import { encodeTransaction, headerFields, headerHash, unclesHash, withdrawalsRoot } from '../block/block-encoding.ts';
import type { BlockInput, TransactionInput, WithdrawalInput } from '../block/block-input.ts';
import { nextBaseFee, nextExcessBlobGas } from '../block/fees.ts';
import { orderedRoot } from '../block/ordered-root.ts';
import { forkAt } from '../chain/chain.ts';
import { rulesOf } from '../chain/rules.ts';
import type { BlockResult, NodeOptions, World } from '../types.ts';
import type { ChainBlock } from './chain-store.ts';
import type { Pool, PooledTransaction } from './pool.ts';
import type { RecordedChain } from './recorded-chain.ts';

/** What may be said of a block before it is made; the rest follows from its parent. */
export interface BlockWishes {
  /** Seconds. */
  readonly timestamp?: bigint | undefined;
  readonly miner?: Hex | undefined;
  readonly extraData?: Hex | undefined;
  readonly mixHash?: Hex | undefined;
  readonly parentBeaconBlockRoot?: Hex | undefined;
  readonly withdrawals?: readonly WithdrawalInput[] | undefined;
  readonly gasLimit?: bigint | undefined;
  readonly baseFeePerGas?: bigint | undefined;
}

/** Where blocks are made, and of what. */
export interface Workshop {
  readonly world: World;
  readonly record: RecordedChain;
  readonly pool: Pool;
  /** Something is about to change. */
  begin(): void;
}

export interface MadeBlock {
  readonly block: BlockInput;
  readonly hardfork: ChainBlock['hardfork'];
  readonly result: BlockResult;
}

const NO_BLOOM: Hex = `0x${'00'.repeat(256)}`;
const NO_NONCE: Hex = '0x0000000000000000';
/** Of one block (MAX_WITHDRAWALS_PER_PAYLOAD of the consensus specification). */
const MAXIMUM_WITHDRAWALS = 16;

export class Miner {
  readonly #node: Workshop;
  #mode: NonNullable<NodeOptions['mining']>;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** One block is made after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** Of the next block alone. */
  nextTimestamp: bigint | undefined;
  nextBaseFee: bigint | undefined;
  nextRandao: Hex | undefined;
  /** Seconds from each block to the next; `undefined`: by the clock. */
  timestampInterval: bigint | undefined;
  /** In wei: what a transaction offers at least to come in. */
  leastPrice = 0n;
  /** What validators are to be paid, in the blocks to come: so many each. */
  readonly withdrawals: WithdrawalInput[] = [];
  /** Of all blocks from now on. */
  coinbase: Hex = ZERO_ADDRESS;
  gasLimit: bigint | undefined;
  /** Seconds that the clock of the chain is ahead of that of the machine. */
  offset = 0n;

  constructor(node: Workshop, mode: NonNullable<NodeOptions['mining']>) {
    this.#node = node;
    this.#mode = mode;
    this.setMode(mode);
  }

  get mode(): NonNullable<NodeOptions['mining']> {
    return this.#mode;
  }

  setMode(mode: NonNullable<NodeOptions['mining']>): void {
    this.stop();
    this.#mode = mode;
    if (typeof mode !== 'object') return;
    this.#timer = setInterval(() => void this.mine().catch(() => {}), Math.max(1, mode.intervalMs));
    // A node that nobody talks to any more keeps no process alive.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** As it was in the beginning, but for when it makes blocks. */
  reset(): void {
    this.nextTimestamp = undefined;
    this.nextBaseFee = undefined;
    this.nextRandao = undefined;
    this.timestampInterval = undefined;
    this.leastPrice = 0n;
    this.withdrawals.length = 0;
    this.coinbase = ZERO_ADDRESS;
    this.gasLimit = undefined;
    this.offset = 0n;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A transaction has come into the pool. */
  async arrived(): Promise<void> {
    if (this.#mode === 'instant') await this.mine();
  }

  /** Makes the next block, of all in the pool that can be in it. */
  mine(wishes: BlockWishes = {}): Promise<ChainBlock> {
    return this.between(() => this.#mine(wishes));
  }

  /** What a block with these transactions would be, which the chain does not get. @throws InvalidTransactionError */
  preview(wishes: BlockWishes, transactions: readonly TransactionInput[]): Promise<MadeBlock> {
    return this.#inTurn(async () => {
      const { world, record } = this.#node;
      const before = world.snapshot();
      record.isQuiet = true;
      try {
        return await this.#draft(this.#header(wishes), transactions);
      } finally {
        await world.revert(before);
        record.isQuiet = false;
        await world.release(before);
      }
    });
  }

  /** Does something to the world while no block is being made. */
  between<R>(body: () => Promise<R>): Promise<R> {
    return this.#inTurn(() => {
      this.#node.begin();
      return body();
    });
  }

  #inTurn<R>(body: () => Promise<R>): Promise<R> {
    const done = this.#last.then(body);
    this.#last = done.catch(() => {});
    return done;
  }

  async #mine(wishes: BlockWishes): Promise<ChainBlock> {
    const { record, pool, world } = this.#node;
    const wanted = {
      ...wishes,
      timestamp: wishes.timestamp ?? this.nextTimestamp,
      baseFeePerGas: wishes.baseFeePerGas ?? this.nextBaseFee,
      mixHash: wishes.mixHash ?? this.nextRandao,
      withdrawals: wishes.withdrawals ?? this.withdrawals.slice(0, MAXIMUM_WITHDRAWALS),
    };
    const header = this.#header(wanted);
    const paid = header.header.withdrawals?.length ?? 0;
    let chosen = await this.#choose(header);
    while (true) {
      const before = world.snapshot();
      record.isQuiet = true;
      try {
        const { block, hardfork } = await this.#draft(
          header,
          chosen.map(({ transaction }) => transaction),
        );
        await world.revert(before);
        record.isQuiet = false;
        const { mismatches } = await world.executeBlock({ block, hardfork, chain: record.chain, verify: true });
        if (mismatches.length > 0) throw new PevmError(-32000, `the block is not what it was: ${mismatches[0]!.name}`);
        for (const pooled of chosen) pool.remove(pooled);
        this.nextTimestamp = undefined;
        this.nextBaseFee = undefined;
        this.nextRandao = undefined;
        if (wishes.withdrawals === undefined) this.withdrawals.splice(0, paid);
        return record.head;
      } catch (error) {
        await world.revert(before);
        if (!(error instanceof InvalidTransactionError)) throw error;
        // What cannot be in a block will be in none: its sender has no funds for it, or it never was one.
        const refused = chosen[error.index];
        if (refused === undefined) throw error;
        pool.remove(refused);
        chosen = chosen.filter((pooled) => pooled.from !== refused.from || pooled.nonce < refused.nonce);
      } finally {
        record.isQuiet = false;
        await world.release(before);
      }
    }
  }

  /** What fits into the block, in order. */
  async #choose({ header, hardfork }: Draft): Promise<PooledTransaction[]> {
    const { record, pool } = this.#node;
    const nonces = new Map<Hex, bigint>();
    for (const [from] of pool.senders()) nonces.set(from, await record.nonceAfter(record.head, from));
    const nonceOf = (from: Hex) => nonces.get(from) ?? 0n;
    const baseFee = BigInt(header.baseFeePerGas ?? '0x0');
    const rules = rulesOf(hardfork);
    let gas = BigInt(header.gasLimit);
    let blobs = record.blobsOf(hardfork).maxBlobs;
    const skipped = new Set<Hex>();
    return pool.executable(nonceOf, baseFee).filter(({ transaction, from }) => {
      const own = transaction.blobVersionedHashes?.length ?? 0;
      const fits =
        !skipped.has(from) &&
        BigInt(transaction.gas) <= gas &&
        own <= blobs &&
        Number(transaction.type ?? '0x0') <= rules.lastTransactionType;
      if (!fits) {
        skipped.add(from);
        return false;
      }
      gas -= BigInt(transaction.gas);
      blobs -= own;
      return true;
    });
  }

  /** The header of the next block, as far as it is known before. */
  #header(wishes: BlockWishes): Draft {
    const { record } = this.#node;
    const parent = record.head;
    const earliest = BigInt(parent.block.timestamp) + 1n;
    const clock = BigInt(Math.floor(Date.now() / 1000)) + this.offset;
    const spaced = this.timestampInterval === undefined ? undefined : earliest - 1n + this.timestampInterval;
    const timestamp = wishes.timestamp ?? spaced ?? (clock > earliest ? clock : earliest);
    if (timestamp < earliest) throw new PevmError(-32000, `timestamp ${timestamp} is not after the parent's`);
    const number = parent.number + 1n;
    // Nobody can work for blocks here.
    const { hardfork, blobs } = forkAt(record.chain, { number, timestamp, difficulty: 0n });
    const rules = rulesOf(hardfork);
    const header = {
      parentHash: parent.hash,
      sha3Uncles: unclesHash([]),
      miner: wishes.miner ?? this.coinbase,
      difficulty: '0x0',
      number: quantityFromNumber(number),
      gasLimit: quantityFromNumber(wishes.gasLimit ?? this.gasLimit ?? BigInt(parent.block.gasLimit)),
      timestamp: quantityFromNumber(timestamp),
      extraData: wishes.extraData ?? '0x',
      mixHash: wishes.mixHash ?? ZERO_HASH,
      nonce: NO_NONCE,
      ...(rules.hasBaseFee && {
        baseFeePerGas: quantityFromNumber(wishes.baseFeePerGas ?? nextBaseFee(parent.block)),
      }),
      ...(rules.hasWithdrawals && { withdrawals: [...(wishes.withdrawals ?? [])] }),
      ...(blobs.maxBlobs > 0 && {
        excessBlobGas: quantityFromNumber(nextExcessBlobGas(parent.block, hardfork, blobs)),
      }),
      ...(rules.hasBeaconRoot && { parentBeaconBlockRoot: wishes.parentBeaconBlockRoot ?? ZERO_HASH }),
      ...(rules.hasSlotNumber && { slotNumber: quantityFromNumber(BigInt(parent.block.slotNumber ?? '0x0') + 1n) }),
    } as const;
    return { header, hardfork };
  }

  /** Executes a block that has no results in its header yet, and writes them there. The world is behind it then. */
  async #draft({ header, hardfork }: Draft, transactions: readonly TransactionInput[]): Promise<MadeBlock> {
    const { record, world } = this.#node;
    const rules = rulesOf(hardfork);
    const draft = { ...header, transactions: [...transactions], uncles: [] } as BlockInput;
    const result = await world.executeBlock({ block: draft, hardfork, chain: record.chain });
    const encoded = transactions.map((transaction) => encodeTransaction(transaction, record.chain.id)!);
    const complete = {
      ...header,
      // Of a state that is a node's the root is not known.
      stateRoot: record.hasRoots ? await record.rootAfter(record.head) : ZERO_HASH,
      transactionsRoot: hexFromBytes(orderedRoot(encoded)),
      receiptsRoot: result.receiptsRoot ?? ZERO_HASH,
      logsBloom: result.logsBloom ?? NO_BLOOM,
      gasUsed: quantityFromNumber(result.gasUsed),
      ...(header.withdrawals !== undefined && { withdrawalsRoot: withdrawalsRoot(header.withdrawals) }),
      ...(header.excessBlobGas !== undefined && { blobGasUsed: quantityFromNumber(blobGasUsed(hardfork, draft)) }),
      ...(rules.hasRequests && { requestsHash: result.requestsHash }),
      ...(rules.hasBlockAccessList && { blockAccessListHash: result.blockAccessListHash! }),
    };
    const hash = headerHash(headerFields(complete)!);
    return { block: { ...complete, hash, transactions: draft.transactions, uncles: [] }, hardfork, result };
  }
}

interface Draft {
  readonly header: Omit<BlockInput, 'transactions'>;
  readonly hardfork: ChainBlock['hardfork'];
}
