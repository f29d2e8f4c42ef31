// Values that are proven: what a node says of an account and its slots, held against a state root (EIP-1186).

import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { MapDB, ValueEncoding } from '@ethereumjs/util';
import { ProofError, type ProofMismatch } from '../../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, numberFromBytes } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import { wordOf } from './block-keys.ts';
import { type AccountProof, EMPTY_ROOT, type ProvenAccount } from './proof.ts';

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
/**
 * Holds an answer against a state root.
 * @param endpoint for the error
 * @throws ProofError naming account, slot, claim and truth
 */
export async function verifyProof(root: Hex, claimed: AccountProof, endpoint: string): Promise<ProvenAccount> {
  const { address, accountProof, storageProof } = claimed;
  const nodes = new MapDB<string, Uint8Array>();
  for (const node of [accountProof, ...storageProof.map(({ proof }) => proof)].flat()) keep(nodes, node);
  const lie = (field: ProofMismatch['field'], said: unknown, proven: unknown, slot?: Hex): ProofError =>
    new ProofError({ endpoint, address, slot, field, claimed: String(said), proven: String(proven) });
  const leaf = await proven(nodes, root, bytesFromHex(address)).catch(() => {
    throw lie('proof', `${accountProof.length} nodes`, 'nothing: they do not lead from the state root to the account');
  });
  const account = leaf === null ? ABSENT : readLeaf(leaf);
  if (account === undefined) throw lie('proof', 'an account', 'something else');
  if (claimed.balance !== account.balance) throw lie('balance', claimed.balance, account.balance);
  if (claimed.nonce !== account.nonce) throw lie('nonce', claimed.nonce, account.nonce);
  for (const field of ['codeHash', 'storageHash'] as const) {
    const said = !account.exists && claimed[field] === NOTHING ? ABSENT[field] : claimed[field];
    if (said !== account[field]) throw lie(field, said, account[field]);
  }
  for (const { slot, value, proof } of storageProof) {
    const found = await proven(nodes, account.storageHash, bytesFromHex(slot)).catch(() => {
      throw lie('proof', `${proof.length} nodes`, 'nothing: they do not lead from the storage root to the slot', slot);
    });
    const truth = readSlot(found);
    if (truth === undefined) throw lie('proof', 'a number', 'something else', slot);
    if (value !== truth) throw lie('value', value, truth, slot);
  }
  return account;
}

function keep(nodes: MapDB<string, Uint8Array>, node: Hex): void {
  const encoded = bytesFromHex(node);
  // As the trie asks for them: by the hash, so that a node is what its parent says, or is not found.
  nodes._database.set(hexFromBytes(keccak256(encoded)).slice(2), encoded);
}

/** What the root has at a key; `null` for nothing. @throws Error where the nodes do not tell */
async function proven(nodes: MapDB<string, Uint8Array>, root: Hex, key: Uint8Array): Promise<Uint8Array | null> {
  if (root === EMPTY_ROOT) return null;
  const trie = new MerklePatriciaTrie({
    db: nodes,
    root: bytesFromHex(root),
    useKeyHashing: true,
    valueEncoding: ValueEncoding.Bytes,
  });
  return trie.get(key, true);
}

function readLeaf(leaf: Uint8Array): ProvenAccount | undefined {
  const fields: unknown = decoded(leaf);
  if (!Array.isArray(fields) || fields.length !== 4) return undefined;
  const parts: readonly unknown[] = fields;
  if (!parts.every((part): part is Uint8Array => part instanceof Uint8Array)) return undefined;
  const [nonce, balance, storageHash, codeHash] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return {
    exists: true,
    balance: numberFromBytes(balance),
    nonce: numberFromBytes(nonce),
    codeHash: hexFromBytes(codeHash),
    storageHash: hexFromBytes(storageHash),
  };
}

function readSlot(leaf: Uint8Array | null): Hex | undefined {
  if (leaf === null) return NOTHING;
  const value: unknown = decoded(leaf);
  return value instanceof Uint8Array && value.length <= 32 ? wordOf(numberFromBytes(value)) : undefined;
}

function decoded(leaf: Uint8Array): unknown {
  try {
    return RLP.decode(leaf);
  } catch {
    return undefined;
  }
}
