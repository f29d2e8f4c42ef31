// The witness of a block on a state that is known as a whole: executed once, and what it takes of the tries written down.

import { InputError, PevmError } from '../base/errors.ts';
import { type Hex, hexFromBytes } from '../base/hex.ts';
import type { HeaderInput } from '../block/block-input.ts';
import { scheduledFork } from '../block/chains.ts';
import { knownChain } from '../chain/chains.ts';
import { readHardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { readChainOf } from '../config/options.ts';
import type { ExecutionWitness } from '../state/witness/execution-witness.ts';
import { codesOf, recordedState, recordNodes } from '../state/witness/witness-recorder.ts';
import type { BlockRequest, BlockResult } from '../types.ts';

/** A block and its state, as for `executeBlock`. */
export interface WitnessRequest extends BlockRequest {
  /** For the witness: that of the parent, and those before it that BLOCKHASH takes. Without any, the root of the state stands in it. */
  readonly headers?: readonly (Hex | HeaderInput)[];
}

/**
 * Makes what proves all that a block takes of a state: `engine.executeBlock({ block, witness })` takes it in the place of the
 * state. The state must be complete, as `memoryState` makes one. Hardfork and chain are those of the request, the engine's do not count.
 * @throws InputError naming the field, and what executeBlock throws
 */
export async function createWitness(
  engine: { executeBlock(request: BlockRequest): PromiseLike<BlockResult> },
  request: WitnessRequest,
): Promise<ExecutionWitness> {
  const { headers = [], state, blockHashes, ...rest } = request;
  const accounts = state?.description?.accounts;
  if (state === undefined || accounts === undefined) {
    throw new InputError('request.state', 'a witness is made of a complete state, as memoryState makes one');
  }
  const { hardfork: named } = request;
  const hardfork =
    named === undefined || named === 'auto'
      ? scheduledFork(readChainOf(request, 'request') ?? knownChain(1), request.block).hardfork
      : readHardfork(named, 'request.hardfork');
  const recorded = recordedState(state, blockHashes ?? state.description?.blockHashes ?? new Map());
  const { blockAccessList: accesses, stateDiff: diff } = await engine.executeBlock({
    ...{ ...rest, hardfork, state: recorded.source, blockHashes: new Map(), blockAccessList: true },
  });
  if (accesses === undefined) throw new PevmError(-32603, 'what the block has met was not recorded');
  const { StateTries } = await import('../state/trie/state-tries.ts');
  const tries = await StateTries.open();
  const trie = await tries.begin(accounts.values());
  const { clearsEmpty: emptyIsAbsent } = rulesOf(hardfork);
  const nodes = await recordNodes(tries, trie, { accesses, diff, emptyIsAbsent });
  const root = headers.length > 0 ? { headers } : { headers, stateRoot: hexFromBytes(tries.rootOf(trie)) };
  return { ...nodes, codes: codesOf(recorded, accesses), ...root };
}
