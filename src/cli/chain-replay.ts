// `pevm replay --rpc`: blocks of a node, executed one after the other in one world, each verified before the next one counts.

import { InputError, PevmError, ReorganisationError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { type RpcState, rpcState } from '../index.ts';
import type { Engine } from '../types.ts';
import type { ComparedState } from './post-state.ts';
import type { ChainOptions, ReplayOptions } from './replay-options.ts';
import { align, type Paint, startProgress, type Terminal, wrap } from './terminal.ts';
import { type ChainJsonLine, type NodeBlock, numberOf, VerifiedBlocks } from './verified-blocks.ts';
import { readVerified, type VerifiedRange, writeVerified } from './verified-range.ts';

/** What is to be done: blocks, from the child of `parent` on. */
interface Plan {
  readonly chainId: bigint;
  /** Where the verified blocks begin, those of earlier replays included. */
  readonly begin: bigint;
  readonly first: bigint;
  readonly last: bigint;
  /** The first block; `undefined`: all is done. */
  readonly block: NodeBlock | undefined;
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
  readonly #compared = new Set<string>();
  /** Of all blocks so far. */
  #comparedState: ComparedState = { accounts: 0, slots: 0 };

  constructor(engine: Engine, { json }: ReplayOptions, chain: ChainOptions, terminal: Terminal) {
    this.#engine = engine;
    this.#json = json;
    this.#chain = chain;
    this.#terminal = terminal;
    this.#state = rpcState({ transport: chain.urls });
  }

  async run(): Promise<number> {
    const { urls, hardfork, verifyState, resume } = this.#chain;
    const blocks = new VerifiedBlocks(this.#engine, { state: this.#state, urls, hardfork, verifyState });
    const { first, last, block, begin, chainId } = await this.#plan();
    const { paint } = this.#terminal;
    if (block === undefined) {
      if (!this.#json) this.#terminal.print(paint('green', `blocks ${begin} to ${last} are verified already`));
      return 0;
    }
    const progress = startProgress(this.#terminal, Number(last - first) + 1, true);
    let done = 0;
    try {
      if (!this.#json) this.#terminal.print(paint('dim', HEAD));
      progress.begin(`block ${first}`);
      for await (const line of blocks.execute(block, last)) {
        const number = first + BigInt(done);
        done++;
        progress.reach(done);
        if (number < last) progress.begin(`block ${number + 1n}`);
        if (resume !== undefined) {
          await writeVerified(resume, { chainId, first: begin, last: number, hash: line.hash as Hex });
        }
        this.#tell(line);
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
      this.#tell(blocks.failure(block, error));
      return 1;
    } finally {
      progress.end();
    }
    if (!this.#json) {
      this.#terminal.print(paint('green', `${done} of ${done} blocks right, ${first} to ${last}`));
      this.#terminal.print(paint('dim', `compared with the headers: ${[...this.#compared].join(', ')}`));
      if (!this.#compared.has('stateRoot')) {
        this.#terminal.print(paint('dim', 'not compared: stateRoot, which takes a state that is known as a whole'));
      }
      if (verifyState !== undefined) {
        const { accounts, slots } = this.#comparedState;
        const whom = verifyState === 'proofs' ? 'proven by the state roots' : 'as the node has it, which is believed';
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

  #fetch(id: bigint | Hex | 'latest'): Promise<NodeBlock> {
    return this.#state.fetchBlock(id);
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
    // That the root of a state which nobody knows as a whole is not compared is the same for every block: the end says so. The root
    // of withdrawals is compared, so that their amounts are those of the chain.
    ...omitted
      .filter(({ name, reason }) => name !== 'stateRoot' && reason !== 'doubtful')
      .map(({ name, message }) => `    ${paint('dim', `${name} not compared: ${message}`)}`),
  ];
}
