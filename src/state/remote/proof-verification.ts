// Values that are proven: what a node says of an account and its slots, held against a state root (EIP-1186).

import { ProofError, type ProofMismatch } from '../../base/errors.ts';
import { bytesFromHex, EMPTY_ROOT, type Hex, hexFromBytes } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import { StateTries } from '../trie/state-tries.ts';
import type { AccountProof, ProvenAccount } from './proof.ts';

const EMPTY_CODE: Hex = hexFromBytes(keccak256(new Uint8Array(0)));
/** How some nodes write the hashes of an account that is not there. */
const NOTHING: Hex = `0x${'00'.repeat(32)}`;
const ABSENT: ProvenAccount = {
  exists: false,
  balance: 0n,
  nonce: 0n,
  codeHash: EMPTY_CODE,
  storageHash: EMPTY_ROOT,
};
/** Nodes that do not lead to a key, or are none. */
class Unproven extends Error {}

/** Of the answer that is looked at: that takes no time in which another one could be. */
let nodes: ReadonlyMap<Hex, Uint8Array> = new Map();
/** For all answers: engines do not have room for many memories. */
let tries: Promise<StateTries> | undefined;

/**
 * Holds an answer against a state root.
 * @param endpoint for the error
 * @throws ProofError naming account, slot, claim and truth
 */
export async function verifyProof(root: Hex, claimed: AccountProof, endpoint: string): Promise<ProvenAccount> {
  tries ??= StateTries.open(undefined, {
    nodeOf: ({ hash }) => {
      const found = nodes.get(hexFromBytes(hash));
      if (found === undefined) throw new Unproven();
      return found;
    },
    refuse: () => {
      throw new Unproven();
    },
  });
  const opened = tries;
  opened.catch(() => {
    if (tries === opened) tries = undefined;
  });
  return compare(await opened, root, claimed, endpoint);
}

function compare(tries: StateTries, root: Hex, claimed: AccountProof, endpoint: string): ProvenAccount {
  const { address, accountProof, storageProof } = claimed;
  const encoded = [accountProof, ...storageProof.map(({ proof }) => proof)].flat().map((node) => bytesFromHex(node));
  // By the hash, so that a node is what its parent says, or is not found.
  nodes = new Map(encoded.map((node) => [hexFromBytes(keccak256(node)), node]));
  const lie = (field: ProofMismatch['field'], said: unknown, proven: unknown, slot?: Hex): ProofError =>
    new ProofError({ endpoint, address, slot, field, claimed: String(said), proven: String(proven) });
  const trie = tries.blind(bytesFromHex(root));
  const name = bytesFromHex(address);
  const proven = <T>(ask: () => T, proof: readonly Hex[], way: string, slot?: Hex): T => {
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof Unproven)) throw error;
      throw lie('proof', `${proof.length} nodes`, `nothing: they do not lead from ${way}`, slot);
    }
  };
  try {
    const found = proven(() => tries.account(trie, name), accountProof, 'the state root to the account');
    const account = found === undefined ? ABSENT : accountOf(found);
    if (claimed.balance !== account.balance) throw lie('balance', claimed.balance, account.balance);
    if (claimed.nonce !== account.nonce) throw lie('nonce', claimed.nonce, account.nonce);
    for (const field of ['codeHash', 'storageHash'] as const) {
      const said = !account.exists && claimed[field] === NOTHING ? ABSENT[field] : claimed[field];
      if (said !== account[field]) throw lie(field, said, account[field]);
    }
    for (const { slot, value, proof } of storageProof) {
      const word = proven(
        () => tries.slot(trie, name, bytesFromHex(slot)),
        proof,
        'the storage root to the slot',
        slot,
      );
      const truth = word === undefined ? NOTHING : hexFromBytes(word);
      if (value !== truth) throw lie('value', value, truth, slot);
    }
    return account;
  } finally {
    tries.release(trie);
    nodes = new Map();
  }
}

function accountOf({
  balance,
  nonce,
  codeHash,
  storageRoot,
}: NonNullable<ReturnType<StateTries['account']>>): ProvenAccount {
  return {
    ...{ exists: true, balance, nonce },
    codeHash: hexFromBytes(codeHash),
    storageHash: hexFromBytes(storageRoot),
  };
}
