// `pevm replay --rpc`: blocks of a node, executed one after the other in one world, each verified before the next one counts.

import { InputError, InvalidBlockError, PevmError, ReorganisationError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { type Hardfork, type RpcState, type RpcStatistics, rpcState } from '../index.ts';
import type { BlockResult, Engine, Mismatch, Omission, WorldBlockRequest } from '../types.ts';
import { type ComparedState, PostState } from './post-state.ts';
import type { ChainOptions, ReplayOptions } from './replay-options.ts';
import { align, type Paint, startProgress, type Terminal, wrap } from './terminal.ts';
import { readVerified, type VerifiedRange, writeVerified } from './verified-range.ts';

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

type FetchedBlock = Record<string, unknown>;
type Spent = Pick<RpcStatistics, 'rounds' | 'requests' | 'bytes'>;

/** What is to be done: blocks, from the child of `parent` on. */
interface Plan {
  readonly chainId: bigint;
  /** Where the verified blocks begin, those of earlier replays included. */
  readonly begin: bigint;
  readonly first: bigint;
  readonly last: bigint;
  /** The first block; `undefined`: all is done. */
  readonly block: FetchedBlock | undefined;
}

/** Replays and prints. Returns the exit code: 0 all right, 1 a block is not, or the node fails. */
export function replayChain(
  engine: Engine,
  options: ReplayOptions,
  chain: ChainOptions,
  terminal: Terminal,
): Promise<number> {
  return new ChainReplay(engine, options, chain, terminal).run();
}

class ChainReplay {
  readonly #engine: Engine;
  readonly #json: boolean;
  readonly #chain: ChainOptions;
  readonly #terminal: Terminal;
  readonly #state: RpcState;
  readonly #postState: PostState | undefined;
  #told: Spent;
  readonly #compared = new Set<string>();
  /** Of all blocks so far. */
  #comparedState: ComparedState = { accounts: 0, slots: 0 };
  #toldMs = performance.now();

  constructor(engine: Engine, { json }: ReplayOptions, chain: ChainOptions, terminal: Terminal) {
    this.#engine = engine;
    this.#json = json;
    this.#chain = chain;
    this.#terminal = terminal;
    this.#state = rpcState({ transport: chain.urls });
    const { verifyState, urls } = chain;
    this.#postState = verifyState && new PostState(verifyState, urls, this.#state);
    this.#told = this.#spent();
  }

  async run(): Promise<number> {
    const plan = await this.#plan();
    const { first, last, block, begin, chainId } = plan;
    const { paint } = this.#terminal;
    if (block === undefined) {
      if (!this.#json) this.#terminal.print(paint('green', `blocks ${begin} to ${last} are verified already`));
      return 0;
    }
    const hardfork = this.#chain.hardfork;
    const world = await this.#engine.openWorld({ state: this.#state, block: block.parentHash as Hex });
    const progress = startProgress(this.#terminal, Number(last - first) + 1, true);
    const taken: FetchedBlock[] = [];
    let done = 0;
    try {
      if (!this.#json) this.#terminal.print(paint('dim', HEAD));
      progress.begin(`block ${first}`);
      for await (const result of world.executeBlocks(this.#requests(plan, hardfork, taken))) {
        const own = taken[0]!;
        const hash = own.hash as Hex;
        const number = first + BigInt(done);
        const state = await this.#postState?.compare(number, hash, result);
        taken.shift();
        done++;
        progress.reach(done);
        if (number < last) progress.begin(`block ${number + 1n}`);
        if (this.#chain.resume !== undefined) {
          await writeVerified(this.#chain.resume, { chainId, first: begin, last: number, hash });
        }
        this.#tell(this.#line(own, result, state));
      }
    } catch (error) {
      progress.end();
      if (!(error instanceof PevmError)) throw error;
      if (error instanceof InputError) {
        if (error.field === 'request.hardfork')
          throw new InputError('--hardfork', error.shortMessage, { cause: error });
        // What is wrong with a block is not what is wrong with the command line.
        if (error.field.startsWith('--')) throw error;
      }
      this.#tell(this.#line(taken[0] ?? block, error));
      return 1;
    } finally {
      progress.end();
      await world.dispose();
    }
    if (!this.#json) {
      this.#terminal.print(paint('green', `${done} of ${done} blocks right, ${first} to ${last}`));
      this.#terminal.print(paint('dim', `compared with the headers: ${[...this.#compared].join(', ')}`));
      if (!this.#compared.has('stateRoot')) {
        this.#terminal.print(paint('dim', 'not compared: stateRoot, which takes a state that is known as a whole'));
      }
      if (this.#chain.verifyState !== undefined) {
        const { accounts, slots } = this.#comparedState;
        const whom = this.#isProven ? 'proven by the state roots' : 'as the node has it, which is believed';
        this.#terminal.print(paint('dim', `compared, ${whom}: ${accounts} changed accounts, ${slots} slots`));
      }
    }
    return 0;
  }

  async #plan(): Promise<Plan> {
    const { range, resume } = this.#chain;
    const before = resume === undefined ? undefined : await readVerified(resume);
    const head =
      range === 'latest' || ('last' in range && range.last === 'latest') ? await this.#fetch('latest') : null;
    const only = range === 'latest' ? head : 'hash' in range ? await this.#fetch(range.hash) : null;
    const first = only === null ? (range as { first: bigint }).first : numberOf(only);
    const last = head !== null ? numberOf(head) : only !== null ? first : (range as { last: bigint }).last;
    if (last < first) throw new InputError('--block', `the chain ends with block ${last}, before ${first}`);
    const { chainId } = await this.#state.at('latest').pinned();
    if (first === 0n) throw new InputError('--block', 'the genesis block has no parent to be executed on');
    if (before === undefined) {
      return { chainId, begin: first, first, last, block: only ?? (await this.#fetch(first)) };
    }
    const from = await this.#resumed(before, { first, last, chainId });
    const block = from > last ? undefined : await this.#fetch(from);
    if (block !== undefined && from > first && block.parentHash !== before.hash) {
      throw new ReorganisationError(before.last, before.hash, String(block.parentHash));
    }
    return { chainId, begin: from > first ? before.first : first, first: from, last, block };
  }

  /** The first block that is not verified. @throws InputError for a record of something else */
  async #resumed(
    before: VerifiedRange,
    { first, last, chainId }: { first: bigint; last: bigint; chainId: bigint },
  ): Promise<bigint> {
    const of = `${this.#chain.resume} is about`;
    if (before.chainId !== chainId) {
      throw new InputError('--resume', `${of} chain ${before.chainId}, the node is of ${chainId}`);
    }
    if (before.first > first || before.last < first - 1n) {
      throw new InputError('--resume', `${of} blocks ${before.first} to ${before.last}, not ${first} to ${last}`);
    }
    const now = await this.#state.at(before.last).pinned();
    if (now.hash !== before.hash) throw new ReorganisationError(before.last, before.hash, now.hash);
    return before.last + 1n;
  }

  #fetch(id: bigint | Hex | 'latest'): Promise<FetchedBlock> {
    return this.#state.fetchBlock(id);
  }

  /** Requests for the blocks in order, each kept in `taken` until its result is told; several are under way. */
  async *#requests(
    { first, last, block }: Plan,
    hardfork: Hardfork | undefined,
    taken: FetchedBlock[],
  ): AsyncGenerator<WorldBlockRequest> {
    const coming: Promise<FetchedBlock>[] = [Promise.resolve(block!)];
    let next = first + 1n;
    for (let number = first; number <= last; number++) {
      for (; next <= last && coming.length < AHEAD; next++) {
        const fetched = this.#fetch(next);
        fetched.catch(() => {});
        coming.push(fetched);
      }
      const found = await coming.shift()!;
      taken.push(found);
      yield { block: found as never, verify: true, ...(hardfork !== undefined && { hardfork }) };
    }
  }

  get #isProven(): boolean {
    return this.#chain.verifyState === 'proofs';
  }

  #spent(): Spent {
    const [all, more] = [this.#state.statistics(), this.#postState?.statistics];
    const sum = (of: keyof Spent) => all[of] + (more?.[of] ?? 0);
    return { rounds: sum('rounds'), requests: sum('requests'), bytes: sum('bytes') };
  }

  #line(block: FetchedBlock, result: BlockResult | PevmError, state?: ComparedState): ChainJsonLine {
    const [now, nowMs] = [this.#spent(), performance.now()];
    const spent = (of: keyof Spent) => now[of] - this.#told[of];
    const failed = result instanceof PevmError;
    const transactions = Array.isArray(block.transactions) ? block.transactions.length : 0;
    const line: ChainJsonLine = {
      number: Number(numberOf(block)),
      hash: String(block.hash),
      ok: !failed,
      mismatches: result instanceof InvalidBlockError || !failed ? result.mismatches : [],
      compared: failed ? [] : comparedIn(block, result),
      omitted: failed ? [] : result.omitted,
      ...(state && { state: { ...state, proven: this.#isProven } }),
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

  #tell(line: ChainJsonLine): void {
    const { paint } = this.#terminal;
    for (const name of line.compared) this.#compared.add(name);
    const { accounts, slots } = this.#comparedState;
    const { state = { accounts: 0, slots: 0 } } = line;
    this.#comparedState = { accounts: accounts + state.accounts, slots: slots + state.slots };
    if (this.#json) this.#terminal.print(JSON.stringify(line));
    else for (const row of rows(line, paint)) this.#terminal.print(row);
  }
}

/** Verification is asked for all of them: what a block has, and was not left out, was compared. */
function comparedIn(block: FetchedBlock, { omitted, stateRoot }: BlockResult): string[] {
  const has = (name: string) => (name === 'stateRoot' ? stateRoot !== undefined : block[name] !== undefined);
  return COMPARED.filter((name) => has(name) && !omitted.some((omission) => omission.name === name));
}

function numberOf(block: FetchedBlock): bigint {
  return BigInt(String(block.number));
}

const WIDTHS = [-1, 10, 5, 12, 12, 9, 7, 9, 10];

function columns(...cells: string[]): string {
  return cells
    .map((cell, at) => align(cell, WIDTHS[at] ?? 0))
    .join(' ')
    .trimEnd();
}

const HEAD = columns('', 'block', 'txs', 'gas', 'executed', 'in all', 'rounds', 'requests', 'kB');

function rows(line: ChainJsonLine, paint: Paint): string[] {
  const { ok, number, transactions, gasUsed, executionMs, totalMs, rounds, requests, bytes, error, omitted } = line;
  return [
    columns(
      paint(ok ? 'green' : 'red', ok ? '✓' : '✗'),
      ...[String(number), String(transactions), gasUsed?.toLocaleString('en-US') ?? ''],
      ...[executionMs === null ? '' : `${executionMs.toFixed(1)} ms`, `${totalMs} ms`],
      ...[String(rounds), String(requests), (bytes / 1000).toFixed(0)],
    ),
    ...(error === undefined ? [] : wrap(error, 74).map((part) => `    ${paint('red', part)}`)),
    // That the root of a state which nobody knows as a whole is not compared is the same for every block: the end says so.
    ...omitted
      .filter(({ name }) => name !== 'stateRoot')
      .map(({ name, message }) => `    ${paint('dim', `${name} not compared: ${message}`)}`),
  ];
}
