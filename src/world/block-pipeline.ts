// Blocks one after the other: while one runs, the next is read, checked and encoded, and its state fetched.

import { InputError, InvalidBlockError } from '../base/errors.ts';
import { describe, plainObject } from '../base/reader.ts';
import type { BlockResult, WorldBlockRequest, WorldBlockResult, WorldBlockRun } from '../types.ts';

/** A block that was checked and encoded, and waits for its turn. */
export interface PreparedBlock {
  readonly number: bigint;
  /** Fetches what it will probably need, as far as that may be done while another block runs. What fails is forgotten. */
  fetchAhead(signal: AbortSignal): void;
  run(): WorldBlockRun;
}

/** What the pipeline needs of its world. */
export interface PipelineWorld {
  /** @throws InputError, InvalidTransactionError as executeBlock does */
  prepare(request: WorldBlockRequest): PreparedBlock;
  snapshot(): number;
  revert(id: number): Promise<void>;
  release(id: number): Promise<void>;
}

type Blocks = Iterable<WorldBlockRequest> | AsyncIterable<WorldBlockRequest>;
type BlockIterator = Iterator<WorldBlockRequest> | AsyncIterator<WorldBlockRequest>;

/** See `World.executeBlocks`. */
export async function* executeBlocks(
  world: PipelineWorld,
  blocks: Blocks,
  signal: AbortSignal | undefined,
): AsyncGenerator<WorldBlockResult> {
  const iterator = iteratorOf(blocks);
  const ahead = new AbortController();
  const aborted = abortion(signal);
  const next = () => {
    const coming = prepared(world, iterator, signal, ahead.signal);
    // Whoever waits for it hears of it, and nobody does when the block before it ends the run.
    coming.catch(() => {});
    return coming;
  };
  try {
    for (let coming = next(); ; ) {
      const block = await Promise.race([coming, aborted.promise]);
      signal?.throwIfAborted();
      if (block === undefined) return;
      const before = world.snapshot();
      const run = block.run();
      coming = next();
      const result = await run;
      if (result.mismatches.length > 0) {
        await world.revert(before);
        await world.release(before);
        throw refusal(block.number, result);
      }
      await world.release(before);
      yield result;
    }
  } finally {
    aborted.forget();
    ahead.abort();
    // One that is stuck would keep us here.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

function iteratorOf(blocks: Blocks): BlockIterator {
  const given: unknown = blocks;
  if (typeof given === 'object' && given !== null) {
    if (Symbol.asyncIterator in given) return (blocks as AsyncIterable<WorldBlockRequest>)[Symbol.asyncIterator]();
    if (Symbol.iterator in given) return (blocks as Iterable<WorldBlockRequest>)[Symbol.iterator]();
  }
  throw new InputError('blocks', `expected an iterable of requests for blocks, got ${describe(given)}`);
}

async function prepared(
  world: PipelineWorld,
  iterator: BlockIterator,
  signal: AbortSignal | undefined,
  ahead: AbortSignal,
): Promise<PreparedBlock | undefined> {
  const { done, value: request } = await iterator.next();
  if (done === true || ahead.aborted) return undefined;
  plainObject(request, 'blocks');
  const signals = [request.signal, signal].filter((one) => one !== undefined);
  const block = world.prepare(signals.length === 0 ? request : { ...request, signal: AbortSignal.any(signals) });
  block.fetchAhead(ahead);
  return block;
}

function refusal(number: bigint, { mismatches }: BlockResult): InvalidBlockError {
  const differing = mismatches.map(({ name, expected, actual }) => `${name} is ${actual}, not ${expected}`);
  return new InvalidBlockError(`block ${number}: ${differing.join('; ')}`, {}, mismatches);
}

/** A promise that is rejected when the signal fires, and how to stop waiting for that. */
function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; forget: () => void } {
  let listener = () => {};
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(signal?.reason);
    if (signal?.aborted) listener();
  });
  promise.catch(() => {});
  signal?.addEventListener('abort', listener);
  return { promise, forget: () => signal?.removeEventListener('abort', listener) };
}
