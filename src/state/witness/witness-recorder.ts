// Makes witnesses: what of a state that is known as a whole proves all that a block takes of it.

import { bytesFromHex, type Hex, hexFromBytes, sameBytes } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import type { BlockAccessList } from '../../block/block-access-list.ts';
import type { StateDiff } from '../../block/state-diff.ts';
import { type LayerLoad, layerState } from '../layers.ts';
import type { DescribedStateSource, SourceKey, StateDescription, StateSource, StateValue } from '../state-source.ts';
import type { MissingNode, StateTrie, StateTries } from '../trie/state-tries.ts';
import { askForCode } from './proven-state.ts';
import { placesOf } from './witness-state.ts';

/** A block that was executed on the state. */
export interface RecordedBlock {
  readonly accesses: BlockAccessList;
  readonly diff: StateDiff;
  readonly emptyIsAbsent: boolean;
}

/** Nodes, and what was hashed into their keys: addresses, behind each its slots. */
export interface RecordedNodes {
  readonly state: readonly Hex[];
  readonly keys: readonly Hex[];
}

/** What a run has asked a state for beside values. */
export interface RecordedState {
  /** The state, asked for everything. */
  readonly source: DescribedStateSource;
  /** By whose they are. */
  readonly codes: ReadonlyMap<Hex, Hex>;
  /** Blocks whose hashes were asked for. */
  readonly numbers: ReadonlySet<bigint>;
}

/** @param blockHashes of earlier blocks, by number */
export function recordedState(state: StateSource, blockHashes: ReadonlyMap<bigint, Hex>): RecordedState {
  const codes = new Map<Hex, Hex>();
  const numbers = new Set<bigint>();
  const layer: LayerLoad = async (keys, below, options) => {
    const isKnown = (key: SourceKey) => key.kind === 'blockHash' && blockHashes.has(key.number);
    const asked = keys.filter((key) => !isKnown(key));
    const answers = asked.length === 0 ? [] : await below.load(asked, options);
    let next = 0;
    return keys.map((key): StateValue => {
      if (key.kind === 'blockHash') {
        numbers.add(key.number);
        const hash = blockHashes.get(key.number);
        if (hash !== undefined) return { kind: 'blockHash', hash };
      }
      const value = answers[next++]!;
      if (key.kind === 'code' && value.kind === 'code') codes.set(key.address.toLowerCase() as Hex, value.code);
      return value;
    });
  };
  const withoutHashes = ({ accounts: _, blockHashes: __, ...rest }: StateDescription) => rest;
  const source = layerState(state, layer, withoutHashes);
  askForCode(source);
  return { source, codes, numbers };
}

/** The codes that the block has taken, each once: of accounts that it has met. */
export function codesOf({ codes }: RecordedState, accesses: BlockAccessList): Hex[] {
  const met = accesses.flatMap(({ address }) => codes.get(address) ?? []);
  return [...new Set(met.filter((code) => code !== '0x'))];
}

/** The block once more on a trie of which nothing but the root is known: what it asks for is what it takes. */
export async function recordNodes(tries: StateTries, state: StateTrie, block: RecordedBlock): Promise<RecordedNodes> {
  const found = new Map<Hex, Uint8Array>();
  const nodeOf = (missing: MissingNode): Uint8Array => {
    const node = tries.nodesTo(state, missing).find((bytes) => sameBytes(keccak256(bytes), missing.hash));
    if (node === undefined) throw new Error(`there is no node at ${missing.path}`);
    found.set(hexFromBytes(missing.hash), node);
    return node;
  };
  const refuse = ({ path }: MissingNode): never => {
    throw new Error(`what stands at ${path} is no node`);
  };
  const { StateTries } = await import('../trie/state-tries.ts');
  const partial = await StateTries.open(undefined, { nodeOf, refuse });
  const trie = partial.blind(tries.rootOf(state));
  const keys: Hex[] = [];
  for (const { address, slot } of placesOf(block.accesses)) {
    const name = bytesFromHex(address);
    if (slot === undefined) partial.account(trie, name);
    else partial.slot(trie, name, bytesFromHex(slot));
    keys.push(slot ?? address);
  }
  partial.apply(trie, block.diff, block);
  return { state: Array.from(found.values(), hexFromBytes), keys };
}
