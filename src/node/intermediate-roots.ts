// The roots of the states between the transactions of a block.

import type { Hex } from '../base/hex.ts';
import type { AccountAccess, BlockAccessList } from '../block/block-access-list.ts';
import { diffOfList } from '../block/listed-diff.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { rulesOf } from '../chain/rules.ts';
import type { TrieArchive } from '../state/trie-archive.ts';
import type { Call } from './call.ts';
import type { ChainNode } from './chain-node.ts';
import type { ChainBlock } from './chain-store.ts';

/** Roots after each transaction of a block, without what is done behind the last one; `null`, as in geth: it has none. */
export async function intermediateRoots(node: ChainNode, at: ChainBlock, call: Call): Promise<Hex[] | null> {
  if (at.block.transactions.length === 0) return null;
  const { archive, root } = await node.record.trieBefore(at);
  const { clearsEmpty: emptyIsAbsent, destroysOnlyNew } = rulesOf(at.hardfork);
  if (!destroysOnlyNew) return rootsOfPrefixes(node, at, call, (diff) => rootWith(archive, root, diff, emptyIsAbsent));
  // No storage goes as a whole: what each transaction has changed is all in the block's access list.
  const { blockAccessList } = await node.execute({ ...node.record.requestFor(at), blockAccessList: true }, call);
  const [before, ...transactions] = diffsOf(blockAccessList!, at.block.transactions.length);
  const known = [archive.after(root, before!, { emptyIsAbsent })];
  try {
    for (const diff of transactions) known.push(archive.after(known.at(-1)!, diff, { emptyIsAbsent }));
    return known.slice(1);
  } finally {
    for (const made of known) archive.forget(made);
  }
}

function rootWith(archive: TrieArchive, root: Hex, diff: StateDiff, emptyIsAbsent: boolean): Hex {
  const made = archive.after(root, diff, { emptyIsAbsent });
  archive.forget(made);
  return made;
}

/** Of the block with its first transaction, its first two and so on: until Prague, nothing else is done behind them. */
async function rootsOfPrefixes(node: ChainNode, at: ChainBlock, call: Call, rootAfter: (diff: StateDiff) => Hex) {
  const request = node.record.requestFor(at);
  const { transactions, withdrawals } = at.block;
  const roots: Hex[] = [];
  for (let count = 1; count <= transactions.length; count++) {
    const block = {
      ...{ ...at.block, transactions: transactions.slice(0, count), uncles: undefined },
      ...(withdrawals !== undefined && { withdrawals: [] }),
    };
    const { stateDiff } = await node.execute({ ...request, block, blockReward: false }, call);
    roots.push(rootAfter(stateDiff));
  }
  return roots;
}

/** What was changed before the transactions, and by each of them. */
function diffsOf(list: BlockAccessList, transactions: number): StateDiff[] {
  const lists: AccountAccess[][] = Array.from({ length: transactions + 1 }, () => []);
  for (const account of list) {
    const { storageChanges, balanceChanges, nonceChanges, codeChanges } = account;
    const slots = storageChanges.flatMap(({ slotChanges }) => slotChanges);
    const changes = [...slots, ...balanceChanges, ...nonceChanges, ...codeChanges];
    const indexes = new Set(changes.map(({ blockAccessIndex }) => Number(blockAccessIndex)));
    for (const index of indexes) lists[index]?.push(changedAt(account, index));
  }
  return lists.map(diffOfList);
}

function changedAt(account: AccountAccess, index: number): AccountAccess {
  const isThen = ({ blockAccessIndex }: { readonly blockAccessIndex: Hex }) => Number(blockAccessIndex) === index;
  return {
    address: account.address,
    storageReads: [],
    storageChanges: account.storageChanges.map(({ slot, slotChanges }) => ({
      slot,
      slotChanges: slotChanges.filter(isThen),
    })),
    balanceChanges: account.balanceChanges.filter(isThen),
    nonceChanges: account.nonceChanges.filter(isThen),
    codeChanges: account.codeChanges.filter(isThen),
  };
}
