// The root of the Merkle Patricia trie that holds a list: receipts, by their RLP-encoded position.

import { RLP } from '@ethereumjs/rlp';
import { rootOfList } from '../base/hashing.ts';
import { keccak256 } from '../base/keccak256.ts';

type Node = (Uint8Array | Node)[];

interface Entry {
  /** Half bytes of the key. */
  readonly path: readonly number[];
  readonly value: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const BRANCHES = 16;

/** The trie's root: by WebAssembly, and by JavaScript where there is none. */
export function orderedRoot(values: readonly Uint8Array[]): Uint8Array {
  return rootOfList(values) ?? orderedRootInJavaScript(values);
}

/**
 * The same in JavaScript, built from the leaves up: one hash per node, where inserting one by one (`@ethereumjs/mpt`) hashes
 * the whole path for every item and takes four times as long for 200 receipts. Yellow paper, appendix D.
 */
export function orderedRootInJavaScript(values: readonly Uint8Array[]): Uint8Array {
  if (values.length === 0) return keccak256(RLP.encode(NOTHING));
  const entries = values.map((value, i): Entry => ({ path: halfBytes(RLP.encode(i)), value }));
  // Keys of a list differ within their first bytes: none is the beginning of another.
  entries.sort((left, right) => comparePaths(left.path, right.path));
  return keccak256(RLP.encode(buildNode(entries, 0)));
}

/** The node over all entries, whose paths agree before `depth`. */
function buildNode(entries: readonly Entry[], depth: number): Node {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return [];
  if (first === last) return [packPath(first.path.slice(depth), true), first.value];

  // Entries are sorted: what the first and the last have in common, all have.
  let shared = depth;
  while (first.path[shared] === last.path[shared]) shared++;
  if (shared > depth) return [packPath(first.path.slice(depth, shared), false), reference(buildNode(entries, shared))];

  const branch: Node = [];
  for (let digit = 0; digit < BRANCHES; digit++) {
    const below = entries.filter(({ path }) => path[depth] === digit);
    branch.push(below.length === 0 ? NOTHING : reference(buildNode(below, depth + 1)));
  }
  return [...branch, NOTHING];
}

/** A node inside its parent: itself where it is shorter than its hash. */
function reference(node: Node): Uint8Array | Node {
  const encoded = RLP.encode(node);
  return encoded.length < 32 ? node : keccak256(encoded);
}

/** Hex-prefix encoding: a flag for leaves and odd lengths, then the half bytes (yellow paper, appendix C). */
function packPath(path: readonly number[], leaf: boolean): Uint8Array {
  const flag = leaf ? 2 : 0;
  const digits = path.length % 2 === 0 ? [flag, 0, ...path] : [flag + 1, ...path];
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => (digits[2 * i] ?? 0) * 16 + (digits[2 * i + 1] ?? 0));
}

function halfBytes(bytes: Uint8Array): number[] {
  return Array.from(bytes).flatMap((byte) => [byte >> 4, byte & 15]);
}

function comparePaths(left: readonly number[], right: readonly number[]): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return (left[at] ?? -1) - (right[at] ?? -1);
}
