// Roots of the state after each transaction, which receipts held before Byzantium (EIP-658).

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { rulesOf } from '../chain/rules.ts';
import type { MemoryState } from '../state/memory.ts';
import { stateAfter } from '../state/state-after.ts';
import type { BlockContext } from './block-encoding.ts';

/** Runs a block by itself, on a state that stays as it was, and says what it changed. */
export type ExecuteAlone = (context: BlockContext, state: MemoryState) => Promise<StateDiff>;

/** Each transaction runs as a block by itself, without what the protocol does besides. `state`: before the block. */
export async function intermediateRoots(
  context: BlockContext,
  state: MemoryState,
  execute: ExecuteAlone,
): Promise<Hex[]> {
  // Loaded when it is first needed: most who execute blocks never ask for a root.
  const { TrieArchive } = await import('../state/trie-archive.ts');
  const emptyIsAbsent = rulesOf(context.hardfork).clearsEmpty;
  const archive = await TrieArchive.open();
  const roots: Hex[] = [];
  let root = await archive.begin(state.accounts.values());
  let before = state;
  for (const transaction of context.block.transactions) {
    const block = { ...context.block, transactions: [transaction], uncles: [], uncleHeaders: [] };
    const diff = await execute({ ...context, block, blockReward: false }, before);
    root = archive.after(root, diff, { emptyIsAbsent });
    roots.push(root);
    before = stateAfter(before, diff, { emptyIsAbsent });
  }
  return roots;
}
