// Blocks of a node, executed one after the other in one world, each verified before the next one counts, as lines of what came out.

import { InvalidBlockError, type PevmError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { Hardfork, RpcState, RpcStatistics } from '../index.ts';
import type { BlockResult, Engine, Mismatch, Omission, WorldBlockRequest } from '../types.ts';
import { type ComparedState, PostState, type StateTrust } from './post-state.ts';

/** One block in machine-readable form. */
export interface ChainJsonLine {
  number: number;
  hash: string;
  ok: boolean;
  mismatches: readonly Mismatch[];
  /** Fields of the header that are what they should be. */
  compared: readonly string[];
  /** What could not be compared, and why. */
  omitted: readonly Omission[];
  /** With `--verify-state`: what the block has changed, and the node has after it, accounts and slots; `proven`: by the state root. */
  state?: ComparedState & { readonly proven: boolean };
  transactions: number;
  gasUsed: number | null;
  receiptsRoot: string | null;
  /** Of the run alone, in milliseconds. */
  executionMs: number | null;
  /** Since the block before, or the start: waiting for the node included. */
  totalMs: number;
  /** Trips to the node, questions and bytes since the block before. */
  rounds: number;
  requests: number;
  bytes: number;
  /** Why it could not be executed, or what differs. */
  error?: string;
}

/** What a header says that follows from the block and its execution; the root of the state, where it is known as a whole. */
const COMPARED = [
  ...['gasUsed', 'receiptsRoot', 'logsBloom', 'requestsHash', 'blobGasUsed', 'transactionsRoot', 'withdrawalsRoot'],
  ...['sha3Uncles', 'stateRoot'],
];
/** Blocks that are asked for before the one before them is done. */
const AHEAD = 4;

/** A block as the node writes it. */
export type NodeBlock = Record<string, unknown>;
type Spent = Pick<RpcStatistics, 'rounds' | 'requests' | 'bytes'>;

export interface VerifiedBlocksOptions {
  readonly state: RpcState;
  readonly urls: readonly string[];
  /** Of chains whose forks are not known. */
  readonly hardfork?: Hardfork | undefined;
  readonly verifyState?: StateTrust | undefined;
}

export class VerifiedBlocks {
  readonly #engine: Engine;
  readonly #state: RpcState;
  readonly #hardfork: Hardfork | undefined;
  readonly #trust: StateTrust | undefined;
  readonly #postState: PostState | undefined;
  /** Whose results are not told yet, in order. */
  readonly #taken: NodeBlock[] = [];
  #told: Spent;
  #toldMs = performance.now();

  constructor(engine: Engine, { state, urls, hardfork, verifyState }: VerifiedBlocksOptions) {
    this.#engine = engine;
    this.#state = state;
    this.#hardfork = hardfork;
    this.#trust = verifyState;
    this.#postState = verifyState && new PostState(verifyState, urls, state);
    this.#told = this.#spent();
  }

  /**
   * The blocks from `block` to the one with the number `last`; `before` is the state that the first one is executed on.
   * @throws InvalidBlockError with what differs; ProofError, RpcError and what else `World.executeBlocks` throws
   */
  async *execute(
    block: NodeBlock,
    last: bigint,
    before = this.#state.at(block.parentHash as Hex),
  ): AsyncGenerator<ChainJsonLine> {
    const world = await this.#engine.openWorld({ state: before });
    try {
      for await (const result of world.executeBlocks(this.#requests(block, last))) {
        const own = this.#taken[0]!;
        const state = await this.#postState?.compare(numberOf(own), own.hash as Hex, result);
        this.#taken.shift();
        yield this.#line(own, result, state);
      }
    } finally {
      await world.dispose();
    }
  }

  /** The line of the block at which it ended; of the first one, where none was reached. */
  failure(first: NodeBlock, error: PevmError): ChainJsonLine {
    return this.#line(this.#taken[0] ?? first, error);
  }

  /** Requests for the blocks in order, each kept until its result is told; several are under way. */
  async *#requests(first: NodeBlock, last: bigint): AsyncGenerator<WorldBlockRequest> {
    const coming: Promise<NodeBlock>[] = [Promise.resolve(first)];
    let next = numberOf(first) + 1n;
    for (let number = numberOf(first); number <= last; number++) {
      for (; next <= last && coming.length < AHEAD; next++) {
        const fetched = this.#state.fetchBlock(next);
        fetched.catch(() => {});
        coming.push(fetched);
      }
      const found = await coming.shift()!;
      this.#taken.push(found);
      yield {
        block: found as never,
        verify: true,
        ...(this.#hardfork !== undefined && { hardfork: this.#hardfork }),
      };
    }
  }

  #spent(): Spent {
    const [all, more] = [this.#state.statistics(), this.#postState?.statistics];
    const sum = (of: keyof Spent) => all[of] + (more?.[of] ?? 0);
    return { rounds: sum('rounds'), requests: sum('requests'), bytes: sum('bytes') };
  }

  #line(block: NodeBlock, result: BlockResult | PevmError, state?: ComparedState): ChainJsonLine {
    const [now, nowMs] = [this.#spent(), performance.now()];
    const spent = (of: keyof Spent) => now[of] - this.#told[of];
    const failed = result instanceof Error;
    const transactions = Array.isArray(block.transactions) ? block.transactions.length : 0;
    const line: ChainJsonLine = {
      number: Number(numberOf(block)),
      hash: String(block.hash),
      ok: !failed,
      mismatches: result instanceof InvalidBlockError || !failed ? result.mismatches : [],
      compared: failed ? [] : comparedIn(block, result),
      omitted: failed ? [] : result.omitted,
      ...(state && { state: { ...state, proven: this.#trust === 'proofs' } }),
      transactions,
      gasUsed: failed ? null : Number(result.gasUsed),
      receiptsRoot: failed ? null : (result.receiptsRoot ?? null),
      executionMs: failed ? null : Math.round(result.report.executionMs * 1000) / 1000,
      totalMs: Math.round(nowMs - this.#toldMs),
      ...{ rounds: spent('rounds'), requests: spent('requests'), bytes: spent('bytes') },
      ...(failed && { error: result.message }),
    };
    [this.#told, this.#toldMs] = [now, nowMs];
    return line;
  }
}

/** Verification is asked for all of them: what a block has, and was not left out, was compared. */
function comparedIn(block: NodeBlock, { omitted, stateRoot }: BlockResult): string[] {
  const has = (name: string) => (name === 'stateRoot' ? stateRoot !== undefined : block[name] !== undefined);
  return COMPARED.filter((name) => has(name) && !omitted.some((omission) => omission.name === name));
}

export function numberOf(block: NodeBlock): bigint {
  return BigInt(String(block.number));
}
