// The state before a block as a witness proves it: each value that is read is on a path from the state root, or is refused.

import { WitnessError } from '../../base/errors.ts';
import {
  bytes32FromNumber,
  bytesFromHex,
  EMPTY_ROOT,
  type Hex,
  hexFromBytes,
  NO_CODE_HASH,
  ZERO_HASH,
} from '../../base/hex.ts';
import type { BlockAccessList } from '../../block/block-access-list.ts';
import type { BlockInput } from '../../block/block-input.ts';
import type { SourceKey, StateDescription, StateKey, StateValue } from '../state-source.ts';
import type { MissingNode, NodeSource, StateTrie, StateTries } from '../trie/state-tries.ts';
import type { CheckedWitness } from './execution-witness.ts';
import { type BlockEnd, ProvenState } from './proven-state.ts';

/** Of the partial tries. */
const MOST_BYTES = 1 << 30;

interface Opened {
  readonly tries: StateTries;
  readonly trie: StateTrie;
}

export class WitnessState extends ProvenState {
  readonly #witness: CheckedWitness;
  #opened: Promise<Opened> | undefined;
  /** On account of what the tries are asked. */
  #asking: { readonly address?: string; readonly slot?: string } = {};
  /** Accounts that have storage, but neither nonce nor code (EIP-7610), as far as somebody has met them. */
  readonly #storageOnly = new Set<Hex>();
  /** What was asked for. */
  readonly #asked = new Map<string, { readonly address: Hex; readonly slot?: Hex }>();

  constructor(witness: CheckedWitness) {
    super();
    this.#witness = witness;
  }

  get description(): StateDescription {
    return {
      blockHashes: this.#witness.blockHashes,
      storageOnly: [...this.#storageOnly],
      answerable: (keys) => this.#provable(keys),
    };
  }

  async load(keys: readonly SourceKey[]): Promise<StateValue[]> {
    const opened = await this.#open();
    return keys.map((key) => this.#answer(opened, key));
  }

  /** Those of the keys that the witness proves. */
  async #provable<K extends SourceKey>(keys: readonly K[]): Promise<K[]> {
    const opened = await this.#open();
    return keys.filter((key) => {
      if (key.kind === 'blockHash') return this.#witness.blockHashes.has(key.number);
      if (!this.#isProven(opened, key)) return false;
      if (key.kind !== 'code') return true;
      const { codeHash } = opened.tries.account(opened.trie, bytesFromHex(key.address)) ?? {};
      const hash = codeHash === undefined ? NO_CODE_HASH : hexFromBytes(codeHash);
      return hash === NO_CODE_HASH || this.#witness.codes.has(hash);
    });
  }

  async blockHash(number: bigint): Promise<Hex> {
    return this.#blockHash(number);
  }

  async keys(block: BlockInput): Promise<StateKey[]> {
    const opened = await this.#open();
    const wanted: StateKey[] = [];
    const account = (address: Hex) => wanted.push({ kind: 'account', address });
    for (const { from, to } of block.transactions) {
      if (from !== undefined) account(from);
      if (to !== undefined) account(to);
    }
    account(block.miner);
    let last: Hex | undefined;
    for (const key of this.#witness.keys) {
      if (key.length === 42) {
        last = key;
        account(key);
      } else if (key.length === 66 && last !== undefined) wanted.push({ kind: 'storage', address: last, slot: key });
    }
    const seen = new Set<string>();
    return wanted.filter((key) => {
      const name = key.kind === 'storage' ? key.address + key.slot : key.address;
      if (seen.has(name)) return false;
      seen.add(name);
      return this.#isProven(opened, key);
    });
  }

  async rootAfter({ accesses, diff, emptyIsAbsent }: BlockEnd): Promise<Hex> {
    const used = new Set<Hex>();
    const { tries, trie } = await this.#begin(used);
    const usedCodes = new Set<Hex>();
    for (const { address, slot } of accesses === undefined ? this.#asked.values() : placesOf(accesses)) {
      // What was read was proven then; a node that nobody took need not be there.
      this.#leniently(address, slot, () => {
        const name = bytesFromHex(address);
        if (slot !== undefined) tries.slot(trie, name, bytesFromHex(slot));
        else usedCodes.add(hexFromBytes(tries.account(trie, name)?.codeHash ?? bytesFromHex(NO_CODE_HASH)));
      });
    }
    this.#asking = {};
    const after = tries.copy(trie);
    tries.apply(after, diff, { emptyIsAbsent });
    const root = hexFromBytes(tries.rootOf(after));
    if (this.#witness.refusesMore) this.#refuseMore(used, usedCodes);
    return root;
  }

  #refuseMore(used: ReadonlySet<Hex>, usedCodes: ReadonlySet<Hex>): void {
    const { nodes, codes, stateRoot } = this.#witness;
    for (const { hash, part, index } of nodes.values()) {
      // The root alone is what proves that nothing was met.
      if (used.has(hash) || hash === stateRoot) continue;
      const details = 'the block does not take it';
      throw new WitnessError({ problem: 'superfluous', part, index, hash, details });
    }
    for (const { hash, part, index } of codes.values()) {
      if (usedCodes.has(hash)) continue;
      const details = 'no account that the block meets has it';
      throw new WitnessError({ problem: 'superfluous', part, index, hash, details });
    }
  }

  #open(): Promise<Opened> {
    this.#opened ??= this.#begin(undefined).then((opened) => {
      this.#compareClaims(opened);
      return opened;
    });
    return this.#opened;
  }

  async #begin(used: Set<Hex> | undefined): Promise<Opened> {
    const { StateTries } = await import('../trie/state-tries.ts');
    const tries = await StateTries.open(MOST_BYTES, this.#source(used));
    return { tries, trie: tries.blind(bytesFromHex(this.#witness.stateRoot)) };
  }

  #source(used: Set<Hex> | undefined): NodeSource {
    const { nodes } = this.#witness;
    return {
      nodeOf: (missing) => {
        const hash = hexFromBytes(missing.hash);
        const found = nodes.get(hash);
        if (found === undefined) throw this.#problem('missing', missing);
        used?.add(hash);
        return found.bytes;
      },
      refuse: (missing) => {
        throw this.#problem('malformed', missing);
      },
    };
  }

  #problem(problem: 'missing' | 'malformed', { hash: bytes, path, owner }: MissingNode): WitnessError {
    const hash = hexFromBytes(bytes);
    const found = this.#witness.nodes.get(hash);
    const address = owner === undefined ? this.#asking.address : hexFromBytes(owner);
    const trie = owner === undefined ? "in the accounts' trie" : 'in the trie of its storage';
    const { part = 'state', index } = found ?? {};
    return new WitnessError({
      ...{ problem, part: part === 'codes' ? 'state' : part, index, hash, path, address },
      ...{ slot: owner === undefined ? undefined : this.#asking.slot, details: trie },
    });
  }

  #answer({ tries, trie }: Opened, key: SourceKey): StateValue {
    if (key.kind === 'blockHash') return { kind: 'blockHash', hash: this.#blockHash(key.number) };
    const address = key.address.toLowerCase() as Hex;
    const name = bytesFromHex(address);
    if (key.kind === 'storage') {
      this.#asking = { address, slot: key.slot };
      const value = tries.slot(trie, name, bytesFromHex(key.slot));
      this.#asked.set(address + key.slot, { address, slot: key.slot });
      return { kind: 'storage', value: value === undefined ? ZERO_HASH : hexFromBytes(value) };
    }
    this.#asking = { address };
    const found = tries.account(trie, name);
    this.#asked.set(address, { address });
    if (key.kind === 'code') return { kind: 'code', code: this.#code(found?.codeHash, address) };
    if (found === undefined) return { kind: 'account', balance: 0n, nonce: 0n, codeHash: NO_CODE_HASH, exists: false };
    const { balance, nonce } = found;
    const codeHash = hexFromBytes(found.codeHash);
    const hasStorage = hexFromBytes(found.storageRoot) !== EMPTY_ROOT;
    if (hasStorage && nonce === 0n && codeHash === NO_CODE_HASH) this.#storageOnly.add(address);
    return { kind: 'account', balance, nonce, codeHash, exists: true };
  }

  #code(codeHash: Uint8Array | undefined, address: Hex): Hex {
    const hash = codeHash === undefined ? NO_CODE_HASH : hexFromBytes(codeHash);
    if (hash === NO_CODE_HASH) return '0x';
    const found = this.#witness.codes.get(hash);
    if (found === undefined) throw new WitnessError({ problem: 'missing', part: 'codes', hash, address });
    return hexFromBytes(found.bytes);
  }

  #blockHash(number: bigint): Hex {
    const hash = this.#witness.blockHashes.get(number);
    if (hash !== undefined) return hash;
    // That of a block stands in the header of the next one.
    throw new WitnessError({ problem: 'missing', part: 'headers', number: number + 1n });
  }

  #isProven({ tries, trie }: Opened, key: StateKey): boolean {
    const slot = key.kind === 'storage' ? key.slot : undefined;
    return this.#leniently(key.address, slot, () => {
      const name = bytesFromHex(key.address);
      if (slot === undefined) tries.account(trie, name);
      else tries.slot(trie, name, bytesFromHex(slot));
    });
  }

  /** Whether nothing is missing for it. */
  #leniently(address: Hex, slot: Hex | undefined, ask: () => void): boolean {
    this.#asking = { address, ...(slot !== undefined && { slot }) };
    try {
      ask();
      return true;
    } catch (error) {
      if (error instanceof WitnessError && error.problem === 'missing') return false;
      throw error;
    }
  }

  /** What proofs say beside their nodes. @throws WitnessError where the state root says something else */
  #compareClaims({ tries, trie }: Opened): void {
    this.#witness.proofs.forEach((proof, index) => {
      const { address, balance, nonce, codeHash, storageHash, storageProof = [] } = proof;
      const name = bytesFromHex(address);
      this.#asking = { address };
      const found = tries.account(trie, name);
      const compare = (what: string, claimed: Hex | undefined, proven: bigint, slot?: Hex) => {
        if (claimed === undefined || BigInt(claimed) === proven) return;
        const details = `${what} is said to be ${claimed}, and proven to be 0x${proven.toString(16)}`;
        throw new WitnessError({ problem: 'contradiction', part: 'proofs', index, address, slot, details });
      };
      compare('balance', balance, found?.balance ?? 0n);
      compare('nonce', nonce, found?.nonce ?? 0n);
      // Of accounts that are not there some nodes write zeros.
      if (found !== undefined || (codeHash !== undefined && BigInt(codeHash) !== 0n)) {
        compare('codeHash', codeHash, BigInt(found === undefined ? NO_CODE_HASH : hexFromBytes(found.codeHash)));
      }
      if (found !== undefined || (storageHash !== undefined && BigInt(storageHash) !== 0n)) {
        compare('storageHash', storageHash, BigInt(found === undefined ? EMPTY_ROOT : hexFromBytes(found.storageRoot)));
      }
      for (const { key, value } of storageProof) {
        const slot = bytes32FromNumber(BigInt(key));
        this.#asking = { address, slot: hexFromBytes(slot) };
        const word = tries.slot(trie, name, slot);
        compare('value', value, word === undefined ? 0n : BigInt(hexFromBytes(word)), hexFromBytes(slot));
      }
    });
  }
}

/** Accounts, and behind each its slots. */
export function* placesOf(accesses: BlockAccessList): Generator<{ readonly address: Hex; readonly slot?: Hex }> {
  for (const { address, storageChanges, storageReads } of accesses) {
    yield { address };
    for (const slot of [...storageChanges.map((change) => change.slot), ...storageReads]) {
      yield { address, slot: hexFromBytes(bytes32FromNumber(BigInt(slot))) };
    }
  }
}
