// `pevm range`: queues the chunks of a range, and writes what workers say of them, in order and once.

import { setTimeout as delay } from 'node:timers/promises';
import type { Queue, QueueEvents } from 'bullmq';
import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { type RpcState, rpcState } from '../index.ts';
import type { RangeOptions } from './range-options.ts';
import { outputToFile, outputToTerminal, type RangeOutput } from './range-output.ts';
import {
  blocksNamed,
  type Chunk,
  ChunkError,
  type ChunkJob,
  type ChunkResult,
  jobIdOf,
  Outage,
  openQueue,
  readResult,
  type StoredChunk,
  type StoredResult,
  stored,
} from './range-queue.ts';
import { type Progress, startProgress, type Terminal } from './terminal.ts';

/** What nobody has said anything of is looked for again. */
const LOOK_AGAIN_MS = 1_000;
/** Wait before the second attempt, doubled with each that follows. */
const FIRST_RETRY_MS = 1_000;
/** Results that nobody has fetched, in seconds. */
const KEPT_SECONDS = 7 * 24 * 3600;

/** A chunk that is queued, and what became of it. */
interface Pending {
  readonly id: string;
  readonly chunk: Chunk;
  outcome?: ChunkResult | ChunkError;
  /** Attempts and losses that were told. */
  failures: number;
  losses: number;
}

/** Runs the range and writes its lines. Returns the exit code. @throws InputError naming flag, RpcError of the node */
export async function runRange(options: RangeOptions, terminal: Terminal): Promise<number> {
  const state = rpcState({ transport: options.urls });
  const opened = await openQueue(options.queue);
  const { chainId, number: newest } = await state.at('latest').pinned();
  const last = options.last === 'latest' ? newest : options.last;
  if (last < options.first) throw new InputError('RANGE', `the chain ends with block ${last}, before ${options.first}`);
  if (last > newest) throw new InputError('RANGE', `the chain ends with block ${newest}, before ${last}`);
  const { output: path, first } = options;
  await using output = path === undefined ? outputToTerminal(first, terminal) : await outputToFile(path, first, state);
  const { paint } = terminal;
  // Of a file that others read, or of stdout, which holds the lines alone.
  const tell = path === undefined ? terminal.complain : terminal.print;
  if (output.next > last) {
    if (options.json) tell(verdict({ ok: true, first, last }));
    else tell(paint('green', `blocks ${first} to ${last} are in ${path} already`));
    return 0;
  }
  const progress = startProgress(terminal, Number(last - first) + 1, true);
  const outage = new Outage(opened.address, terminal.complain);
  const { Queue, QueueEvents } = opened.packages;
  const queue = new Queue<StoredChunk, StoredResult>(opened.name, { connection: opened.connection });
  const events = new QueueEvents(opened.name, { connection: opened.connection });
  queue.on('error', (error) => outage.begin(error));
  events.on('error', (error) => outage.begin(error));
  try {
    const run = new RangeRun({
      options,
      state,
      chainId: Number(chainId),
      last,
      queue,
      events,
      output,
      progress,
      outage,
    });
    const wrong = await run.finish(terminal);
    progress.end();
    if (wrong !== undefined) {
      if (options.json) tell(verdict({ ok: false, first, last, error: wrong }));
      else terminal.complain(`${paint('red', 'error')} ${wrong}`);
      return 1;
    }
    if (options.json) tell(verdict({ ok: true, first, last }));
    else tell(paint('green', `${last - first + 1n} of ${last - first + 1n} blocks right, ${first} to ${last}`));
    return 0;
  } finally {
    progress.end();
    await Promise.all([queue, events].map(closed));
  }
}

/** What the range has come to, for programs. */
function verdict(found: { ok: boolean; first: bigint; last: bigint; error?: string }): string {
  return JSON.stringify({ ...found, first: Number(found.first), last: Number(found.last) });
}

/** Without waiting for a server that may not come back. */
async function closed(each: Pick<Queue | QueueEvents, 'close' | 'disconnect'>): Promise<void> {
  const late = setTimeout(() => void each.disconnect().catch(() => {}), LOOK_AGAIN_MS);
  await each.close().catch(() => {});
  clearTimeout(late);
}

interface Parts {
  readonly options: RangeOptions;
  readonly state: RpcState;
  readonly chainId: number;
  readonly last: bigint;
  readonly queue: Queue<StoredChunk, StoredResult>;
  readonly events: QueueEvents;
  readonly output: RangeOutput;
  readonly progress: Progress;
  readonly outage: Outage;
}

class RangeRun {
  readonly #parts: Parts;
  /** In order. */
  #pending: Pending[] = [];
  /** Of which something was heard. */
  readonly #heard = new Set<string>();
  #wake = () => {};
  /** The first block that is in no chunk yet, and the hash of the one before it. */
  #unqueued: number;
  #parent: Hex | undefined;
  #done: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { options, output, events } = parts;
    const [first, next] = [Number(options.first), Number(output.next)];
    // Chunks lie as they did before, so that what is in the queue is found there.
    this.#unqueued = next - ((next - first) % options.chunk);
    this.#done = next - first;
    for (const event of ['completed', 'failed', 'delayed', 'stalled'] as const) {
      events.on(event, ({ jobId }: { jobId: string }) => {
        this.#heard.add(jobId);
        this.#wake();
      });
    }
  }

  /** What is wrong where the range ends before its end. */
  async finish({ complain }: Terminal): Promise<string | undefined> {
    const { output, progress, outage } = this.#parts;
    let next = Number(output.next);
    for (;;) {
      await this.#fill();
      this.#show();
      await this.#look(complain);
      for (let head = this.#pending[0]; head?.outcome !== undefined; head = this.#pending[0]) {
        const { outcome, chunk } = head;
        if (outcome instanceof ChunkError) {
          await this.#withdraw();
          return outcome.message;
        }
        const lines = outcome.lines.filter(({ number }) => number >= next);
        await output.write(lines.map((line) => JSON.stringify({ ...line, worker: outcome.worker })));
        next = chunk.last + 1;
        this.#done += lines.length;
        progress.reach(this.#done);
        this.#pending.shift();
        await this.#remove(head.id);
        const wrong = outcome.lines.at(-1)!;
        if (!wrong.ok) {
          await this.#withdraw();
          return `block ${wrong.number} is not right: ${wrong.error}`;
        }
      }
      outage.end();
      if (this.#pending.length === 0 && this.#unqueued > Number(this.#parts.last)) return undefined;
    }
  }

  /** Queues what comes next, as far as there is room. */
  async #fill(): Promise<void> {
    const { options, state, chainId, last } = this.#parts;
    const ends: number[] = [];
    for (let next = this.#unqueued; this.#pending.length + ends.length < options.ahead && next <= Number(last); ) {
      const end = Math.min(next + options.chunk - 1, Number(last));
      ends.push(end);
      next = end + 1;
    }
    // In one trip.
    const hashOf = async (block: number) => (await state.at(BigInt(block)).pinned()).hash;
    const [parent, ...hashes] = await Promise.all([
      this.#parent ?? (ends.length > 0 ? hashOf(this.#unqueued - 1) : undefined),
      ...ends.map(hashOf),
    ]);
    this.#parent = parent;
    for (const [at, end] of ends.entries()) {
      const first = this.#unqueued;
      const hash = hashes[at]!;
      const chunk: Chunk = {
        ...{ chainId, first, last: end, parent: this.#parent!, hash },
        ...(options.hardfork !== undefined && { hardfork: options.hardfork }),
        ...(options.verifyState !== undefined && { verifyState: options.verifyState }),
        ...(options.isUrlShared && { urls: options.urls }),
      };
      const pending: Pending = { id: jobIdOf(chunk), chunk, failures: 0, losses: 0 };
      // What an earlier run has given up is tried again.
      const before = await this.#parts.queue.getJob(pending.id);
      if (before !== undefined && (await before.isFailed())) await before.remove();
      await this.#add(pending);
      this.#pending.push(pending);
      this.#heard.add(pending.id);
      [this.#unqueued, this.#parent] = [end + 1, hash];
    }
  }

  async #add({ id, chunk }: Pending): Promise<void> {
    const { queue, options } = this.#parts;
    await queue.add(blocksNamed(chunk), stored(chunk), {
      jobId: id,
      attempts: options.attempts,
      backoff: { type: 'exponential', delay: FIRST_RETRY_MS },
      removeOnComplete: { age: KEPT_SECONDS },
      removeOnFail: { age: KEPT_SECONDS },
    });
  }

  /** Looks after what something was heard of; after everything when nothing was heard for a while: events may be lost. */
  async #look(complain: Terminal['complain']): Promise<void> {
    if (this.#heard.size === 0) {
      const waiting = new AbortController();
      const heard = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([heard, delay(LOOK_AGAIN_MS, undefined, { signal: waiting.signal }).catch(() => {})]);
      waiting.abort();
    }
    const heard = new Set(this.#heard);
    this.#heard.clear();
    const due = this.#pending.filter(({ id, outcome }) => outcome === undefined && (heard.size === 0 || heard.has(id)));
    await Promise.all(due.map((pending) => this.#ask(pending, complain)));
  }

  async #ask(pending: Pending, complain: Terminal['complain']): Promise<void> {
    const { queue, options } = this.#parts;
    const { id, chunk } = pending;
    const job: ChunkJob | undefined = await queue.getJob(id);
    // Redis was emptied, or lost it with its memory.
    if (job === undefined) return this.#add(pending);
    const { attemptsMade, stalledCounter } = job;
    // What a node has said comes on lines of its own.
    const reason = (job.failedReason ?? '').replaceAll('\n', ': ');
    if (job.finishedOn !== undefined) {
      if (await job.isCompleted()) pending.outcome = resultOf(job, chunk);
      else if (await job.isFailed()) pending.outcome = new ChunkError(chunk, Math.max(1, attemptsMade), reason);
      return;
    }
    if (attemptsMade > pending.failures && reason !== '') {
      complain(`note ${blocksNamed(chunk)}: ${reason} (attempt ${attemptsMade} of ${options.attempts})`);
    }
    if (stalledCounter > pending.losses) complain(`note ${blocksNamed(chunk)}: the worker is lost; another takes over`);
    [pending.failures, pending.losses] = [attemptsMade, stalledCounter];
  }

  /** It is in the output. A job that somebody executes again, since nobody knew, is removed when that one is done. */
  async #remove(id: string): Promise<void> {
    await this.#parts.queue.remove(id).catch(() => {});
  }

  /** Takes out of the queue what nobody wants any more. */
  async #withdraw(): Promise<void> {
    for (const { id } of this.#pending) await this.#remove(id);
    this.#pending = [];
  }

  #show(): void {
    const head = this.#pending[0];
    if (head !== undefined) this.#parts.progress.begin(blocksNamed(head.chunk));
  }
}

/** What another program has written there counts as a failure. */
function resultOf(job: ChunkJob, chunk: Chunk): ChunkResult | ChunkError {
  try {
    return readResult(job.returnvalue, chunk);
  } catch (error) {
    if (error instanceof InputError) return new ChunkError(chunk, 1, error.message);
    throw error;
  }
}
