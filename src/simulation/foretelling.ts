// Tells the source of a state what is about to run: it may know, or guess, what that will read, and ask for it together. Hints:
// what they miss is asked for when it is missed.

import { ZERO_ADDRESS } from '../base/hex.ts';
import type { BlockInput, TransactionInput } from '../block/block-input.ts';
import type { EvmTransactionFields } from '../core/evm/evm-encode.ts';
import { hintedKeys } from '../job/state-before.ts';
import type { StateKey } from '../state/state-source.ts';
import type { Setting } from './setting.ts';

/** A transaction as a source looks at it. */
export type Foretold = Pick<
  EvmTransactionFields,
  'from' | 'to' | 'input' | 'value' | 'accessList' | 'authorizationList'
>;

/** What the source says that they will need, all of which it may have by then; of a state that is complete, nothing. */
export async function foretell(
  { state, ask, head }: Setting,
  transactions: readonly Foretold[],
): Promise<readonly StateKey[]> {
  const hint = state.residence.complete ? undefined : state.hint?.bind(state);
  if (hint === undefined || transactions.length === 0) return [];
  // Of a block that is mined already nobody speaks, nor of what the protocol does in one.
  const { number, timestamp, miner, gasLimit, parentHash, mixHash } = head.header;
  const block = { number, timestamp, miner, gasLimit, parentHash, mixHash, transactions: transactions.map(asOfBlock) };
  return ask(() => hintedKeys({ hint }, block as BlockInput));
}

function asOfBlock(transaction: Foretold): TransactionInput {
  const { from = ZERO_ADDRESS, to, input, value, accessList, authorizationList } = transaction;
  const lists = { accessList, authorizationList } as Pick<TransactionInput, 'accessList' | 'authorizationList'>;
  return { ...{ from, to, input, value, nonce: '0x0', gas: '0x0' }, ...lists } as TransactionInput;
}
