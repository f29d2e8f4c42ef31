// Root of a Merkle Patricia trie over a complete set of entries: built at once from the sorted keys, without a database.
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';

/** A key (32 bytes, as 64 hexadecimal digits) and its value. */
export type TrieEntry = readonly [key: string, value: Uint8Array];

type Node = Uint8Array | Node[];

export const emptyRoot = keccak_256(RLP.encode(new Uint8Array(0)));

/** Root hash of the trie that holds exactly `entries`, in any order. */
export function trieRoot(entries: TrieEntry[]): Uint8Array {
  if (entries.length === 0) return emptyRoot;
  const sorted = [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
  return keccak_256(RLP.encode(node(sorted, 0, sorted.length, 0)));
}

/** The node over entries `start` to `end`, which agree in their first `depth` digits. */
function node(entries: TrieEntry[], start: number, end: number, depth: number): Node[] {
  const [first, value] = entries[start]!;
  if (end - start === 1) return [path(first.slice(depth), true), value];
  const last = entries[end - 1]![0];
  let shared = depth;
  while (first[shared] === last[shared]) shared++;
  if (shared > depth) return [path(first.slice(depth, shared), false), reference(node(entries, start, end, shared))];
  const branch: Node[] = Array.from({ length: 17 }, () => new Uint8Array(0));
  for (let from = start; from < end; ) {
    const digit = entries[from]![0][depth]!;
    let to = from + 1;
    while (to < end && entries[to]![0][depth] === digit) to++;
    branch[Number.parseInt(digit, 16)] = reference(node(entries, from, to, depth + 1));
    from = to;
  }
  return branch;
}

/** A node as its parent holds it: itself when short, else its hash. */
function reference(child: Node[]): Node {
  const encoded = RLP.encode(child);
  return encoded.length < 32 ? child : keccak_256(encoded);
}

/** Hex-prefix encoding. */
function path(digits: string, leaf: boolean): Uint8Array {
  const odd = digits.length % 2 === 1;
  const text = (leaf ? (odd ? '3' : '20') : odd ? '1' : '00') + digits;
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(at * 2, at * 2 + 2), 16));
}
