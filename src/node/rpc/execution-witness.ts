// debug_executionWitness: what proves all that a block has taken of the state before it, as reth gives it.

import { PevmError } from '../../base/errors.ts';
import { type Hex, hexFromBytes } from '../../base/hex.ts';
import { encodeHeader } from '../../block/block-encoding.ts';
import { rulesOf } from '../../chain/rules.ts';
import { codesOf, recordedState } from '../../state/witness/witness-recorder.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import { SERVER_ERROR } from './parameters.ts';

/** `debug_executionWitness`: nodes, codes, what was hashed into keys, and headers in their encoding, that of the parent first. */
export interface WitnessAnswer {
  readonly state: readonly Hex[];
  readonly codes: readonly Hex[];
  readonly keys: readonly Hex[];
  readonly headers: readonly Hex[];
}

export async function witnessOf(node: ChainNode, at: ChainBlock, call: Call): Promise<WitnessAnswer> {
  const { record } = node;
  if (!record.hasRoots) {
    throw new PevmError(SERVER_ERROR, 'the state is that of a node: not all of it is known, and nothing can be proven');
  }
  if (at.number === record.store.first.number) {
    throw new PevmError(SERVER_ERROR, `block ${at.number} is where the chain begins: nothing was executed`);
  }
  const request = record.requestFor(at);
  const state = recordedState(request.state, request.blockHashes);
  // Hashes are to be asked for, so that it is known which headers they take.
  const asked = { ...request, state: state.source, blockHashes: new Map(), blockAccessList: true };
  const { blockAccessList: accesses, stateDiff: diff } = await node.execute(asked, call);
  if (accesses === undefined) throw new PevmError(SERVER_ERROR, 'what the block has met was not recorded');
  const emptyIsAbsent = rulesOf(request.hardfork).clearsEmpty;
  const nodes = await record.witnessBefore(at, { accesses, diff, emptyIsAbsent });
  // The hash of a block stands in the header of the next one.
  const oldest = [...state.numbers].reduce(
    (least, number) => (number + 1n < least ? number + 1n : least),
    at.number - 1n,
  );
  const headers: Hex[] = [];
  for (let number = at.number - 1n; number >= oldest; number--) {
    const header = record.store.byNumber(number);
    const encoded = header === undefined ? undefined : encodeHeader(header.block);
    if (encoded === undefined) {
      throw new PevmError(SERVER_ERROR, `of block ${number} not all is known that its header holds`);
    }
    headers.push(hexFromBytes(encoded));
  }
  return { ...nodes, codes: codesOf(state, accesses), headers };
}
