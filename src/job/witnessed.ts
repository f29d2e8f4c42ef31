// A block's request on the state that its witness proves.

import { readWitness } from '../state/witness/execution-witness.ts';
import { WitnessState } from '../state/witness/witness-state.ts';
import type { CheckedBlockRequest } from './block-request.ts';

/** @throws InputError naming the field of the witness; WitnessError */
export function onWitness(request: CheckedBlockRequest): CheckedBlockRequest {
  const { context, witness } = request;
  if (witness === undefined) return request;
  const state = new WitnessState(readWitness(witness.given, context.block, 'request.witness'));
  const known = witness.namesHashes ? state.description.blockHashes : undefined;
  const blockHashes = known === undefined ? context.blockHashes : new Map([...context.blockHashes, ...known]);
  return { ...request, state, context: { ...context, blockHashes } };
}
