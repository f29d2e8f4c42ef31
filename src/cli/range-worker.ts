// `pevm worker`: executes and verifies chunks of the queue, each in a world over the node, until somebody stops it.

import { hostname } from 'node:os';
import {
  InputError,
  InvalidBlockError,
  InvalidTransactionError,
  PevmError,
  ReorganisationError,
} from '../base/errors.ts';
import { type Engine, type RpcState, rpcState } from '../index.ts';
import { announcedConfiguration } from './configuration.ts';
import { withEngine } from './metered-engine.ts';
import type { WorkerOptions } from './range-options.ts';
import {
  blocksNamed,
  type Chunk,
  type ChunkJob,
  type ChunkResult,
  Outage,
  openQueue,
  readChunk,
  type StoredChunk,
  type StoredResult,
  stored,
} from './range-queue.ts';
import type { Terminal } from './terminal.ts';
import { type ChainJsonLine, VerifiedBlocks } from './verified-blocks.ts';

/** A chunk that ends its workers is not given to all of them. */
const MOST_LOSSES = 5;

/** Works until the process is asked to stop. Returns the exit code. @throws InputError naming the flag */
export async function runWorker(options: WorkerOptions, terminal: Terminal): Promise<number> {
  const opened = await openQueue(options.queue);
  const { options: engineOptions, metricsPort } = await announcedConfiguration(options.engine, terminal);
  return withEngine(engineOptions, metricsPort, terminal, async (engine) => {
    const outage = new Outage(opened.address, terminal.complain);
    const bench = new Workbench(engine, options);
    const { Worker, UnrecoverableError } = opened.packages;
    const worker = new Worker<StoredChunk, StoredResult>(
      opened.name,
      async (job: ChunkJob) => {
        outage.end();
        try {
          const startMs = performance.now();
          const { chunk, lines } = await bench.execute(job.data);
          const right = lines.filter(({ ok }) => ok).length;
          const durationMs = Math.round(performance.now() - startMs);
          if (options.json) terminal.print(JSON.stringify({ first: chunk.first, last: chunk.last, right, durationMs }));
          else terminal.print(`${blocksNamed(chunk)}: ${right} right, ${durationMs} ms`);
          for (const { ok, error } of lines) if (!ok) terminal.complain(`${terminal.paint('red', 'wrong')} ${error}`);
          return stored<ChunkResult>({ worker: `${hostname()}:${process.pid}`, lines });
        } catch (error) {
          terminal.complain(`${terminal.paint('red', 'error')} ${job.name}: ${(error as Error).message}`);
          // The same again would come to the same.
          throw error instanceof InputError ? new UnrecoverableError(error.message) : error;
        }
      },
      {
        connection: opened.connection,
        concurrency: options.atOnce,
        lockDuration: options.lostAfterMs,
        stalledInterval: options.lostAfterMs,
        maxStalledCount: MOST_LOSSES,
      },
    );
    worker.on('error', (error) => outage.begin(error));
    const waiting = `waiting for blocks in ${opened.name} at ${opened.address}`;
    if (options.json) terminal.complain(waiting);
    else terminal.print(waiting);
    await stopped();
    terminal.complain('ends with what is under way');
    await worker.close();
    return 0;
  });
}

/** When the process is asked to stop; asked twice, it ends. */
function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
}

/** An engine, and what it knows of the nodes that it has met. */
class Workbench {
  readonly #engine: Engine;
  readonly #options: Pick<WorkerOptions, 'urls' | 'prefetch'>;
  /** By their URLs. One state for all chunks: what was learned of code and contracts stays. */
  readonly #states = new Map<string, RpcState>();

  constructor(engine: Engine, options: Pick<WorkerOptions, 'urls' | 'prefetch'>) {
    this.#engine = engine;
    this.#options = options;
  }

  /**
   * A line for each block, up to the first that is not right.
   * @throws InputError for what is no chunk; RpcError, ReorganisationError and others that another attempt may not meet
   */
  async execute(data: unknown): Promise<{ chunk: Chunk; lines: ChainJsonLine[] }> {
    const chunk = readChunk(data);
    const urls = this.#options.urls ?? chunk.urls;
    if (urls === undefined) throw new InputError('--rpc', 'the queue names no node, and neither does this worker');
    const state = this.#stateOf(urls);
    // On the way together: of what fails first, the chain is told first, and another branch before what it lacks.
    const before = state.at(chunk.parent);
    const coming = state.fetchBlock(BigInt(chunk.first));
    for (const asked of [before.pinned(), coming]) asked.catch(() => {});
    // Asked the first time alone.
    const { chainId } = await state.pinned();
    if (Number(chainId) !== chunk.chainId) {
      throw new PevmError(-32000, `the node is of chain ${chainId}, the blocks are of ${chunk.chainId}`);
    }
    const first = await coming;
    if (first.parentHash !== chunk.parent) {
      throw new ReorganisationError(BigInt(chunk.first - 1), chunk.parent, String(first.parentHash));
    }
    const blocks = new VerifiedBlocks(this.#engine, { ...chunk, state, urls });
    const lines: ChainJsonLine[] = [];
    try {
      for await (const line of blocks.execute(first, BigInt(chunk.last), before)) lines.push(line);
    } catch (error) {
      if (!(error instanceof InvalidBlockError || error instanceof InvalidTransactionError)) throw error;
      lines.push(blocks.failure(first, error));
      return { chunk, lines };
    }
    const { hash } = lines.at(-1)!;
    if (hash !== chunk.hash) throw new ReorganisationError(BigInt(chunk.last), chunk.hash, hash);
    return { chunk, lines };
  }

  #stateOf(urls: readonly string[]): RpcState {
    const key = urls.join(' ');
    const state = this.#states.get(key) ?? rpcState({ transport: urls, prefetch: this.#options.prefetch });
    this.#states.set(key, state);
    return state;
  }
}
