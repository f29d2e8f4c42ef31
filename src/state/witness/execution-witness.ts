// Witnesses as nodes give them (`debug_executionWitness` of geth and reth; EIP-1186 proofs), read and checked.

import { InputError, WitnessError } from '../../base/errors.ts';
import { hashesOf } from '../../base/hashing.ts';
import { bytesFromHex, type Hex, hexFromBytes } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import { address, bytes, describe, hash, list, plainObject, type Reader } from '../../base/reader.ts';
import { headerFields, headerHash } from '../../block/block-encoding.ts';
import { type BlockInput, type HeaderInput, readHeader } from '../../block/block-input.ts';
import { parseHeaderRlp } from '../../block/block-rlp.ts';

/** What proves all that a block takes of the state before it. */
export interface ExecutionWitness {
  /** Nodes of the tries, of accounts and of storage, in any order. */
  readonly state?: readonly Hex[];
  /** Codes of contracts. */
  readonly codes?: readonly Hex[];
  /** What was hashed into keys of the tries: addresses, behind each its slots. A hint: what is known before need not be asked for. */
  readonly keys?: readonly Hex[] | null;
  /** Headers, in their encoding or as JSON (blocks count as their headers): that of the parent, and those before it that BLOCKHASH takes. */
  readonly headers?: readonly (Hex | HeaderInput)[];
  /** Answers to `eth_getProof` (EIP-1186), in place of `state` or beside it. */
  readonly proofs?: readonly WitnessProof[];
  /** Of the state before the block, where the caller knows it and there is no header of the parent. */
  readonly stateRoot?: Hex;
  /** What is done about nodes and codes that the block does not take. Default `refuse`. */
  readonly superfluous?: 'refuse' | 'ignore';
}

/** A witness with its parts by their hashes, as some nodes give it; each is compared with the hash that names it. */
export interface WitnessByHash extends Omit<ExecutionWitness, 'state' | 'codes' | 'keys'> {
  readonly state?: readonly Hex[] | Readonly<Record<string, Hex>>;
  readonly codes?: readonly Hex[] | Readonly<Record<string, Hex>>;
  readonly keys?: readonly Hex[] | Readonly<Record<string, Hex>> | null;
}

/** An answer to `eth_getProof`. What it says beside the nodes is compared with them. */
export interface WitnessProof {
  readonly address: Hex;
  readonly accountProof: readonly Hex[];
  readonly balance?: Hex;
  readonly nonce?: Hex;
  readonly codeHash?: Hex;
  readonly storageHash?: Hex;
  readonly storageProof?: readonly { readonly key: Hex; readonly value?: Hex; readonly proof: readonly Hex[] }[];
}

/** Something of a witness, by its hash. */
export interface WitnessPart {
  readonly bytes: Uint8Array;
  readonly hash: Hex;
  readonly part: 'state' | 'codes' | 'proofs';
  readonly index: number;
}

export interface CheckedWitness {
  /** By hash. */
  readonly nodes: ReadonlyMap<Hex, WitnessPart>;
  readonly codes: ReadonlyMap<Hex, WitnessPart>;
  readonly keys: readonly Hex[];
  readonly proofs: readonly WitnessProof[];
  /** Of the state before the block. */
  readonly stateRoot: Hex;
  /** By number: of blocks before the one that is executed. */
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  readonly refusesMore: boolean;
}

/** BLOCKHASH goes no further back. */
const MOST_HEADERS = 256;
/** Of a block of some billion gas. */
const MOST_PARTS = 1 << 22;
/** Longer than any node, and shorter than what takes long to hash. */
const MOST_NODE_BYTES = 1 << 16;
const MOST_CODE_BYTES = 1 << 24;
/** The empty trie, which some list as a node. */
const EMPTY_NODE = '0x80';

/** A list, or an object by the hashes of what is in it, which are checked. */
const listed = (read: Reader<Hex>): Reader<Hex[]> => {
  const items = list(read, MOST_PARTS);
  return (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return items(value, field);
    const entries = Object.entries(plainObject(value, field));
    const parts = entries.map(([name, item]) => read(item, `${field}[${describe(name)}]`));
    if (parts.length > MOST_PARTS) throw new InputError(field, `${parts.length} items, at most ${MOST_PARTS} allowed`);
    const hashes = allHashes(parts.map(bytesFromHex));
    entries.forEach(([name], at) => {
      const problem = `what stands there has the hash ${hashes[at]}`;
      if (hash(name, `${field}[${describe(name)}]`) !== hashes[at]) {
        throw new InputError(`${field}[${describe(name)}]`, problem);
      }
    });
    return parts;
  };
};

const readNodes = listed(bytes(undefined, MOST_NODE_BYTES));
const readCodes = listed(bytes(undefined, MOST_CODE_BYTES));
const readKeys = listed(bytes(undefined, 32));

const FIELDS = ['state', 'codes', 'keys', 'headers', 'proofs', 'stateRoot', 'superfluous'];

/** @throws InputError naming the field; WitnessError for headers that do not lead to the block, and what is there twice */
export function readWitness(value: unknown, block: BlockInput, field: string): CheckedWitness {
  const given = plainObject(value, field);
  for (const name of Object.keys(given)) {
    if (!FIELDS.includes(name)) throw new InputError(`${field}.${name}`, `unknown; there are ${FIELDS.join(', ')}`);
  }
  const at = <T>(name: string, read: Reader<T>): T | undefined =>
    given[name] === undefined || given[name] === null ? undefined : read(given[name], `${field}.${name}`);
  const { superfluous = 'refuse' } = given;
  if (superfluous !== 'refuse' && superfluous !== 'ignore') {
    throw new InputError(`${field}.superfluous`, `expected 'refuse' or 'ignore', got ${describe(superfluous)}`);
  }
  const refusesMore = superfluous === 'refuse';
  const proofs = at('proofs', list(readProof, MOST_PARTS)) ?? [];
  const nodes = partsOf(at('state', readNodes) ?? [], 'state', refusesMore);
  const proven = proofs.flatMap(({ accountProof, storageProof = [] }, index) =>
    [accountProof, ...storageProof.map(({ proof }) => proof)].flat().map((node) => ({ node, index })),
  );
  const hashes = allHashes(proven.map(({ node }) => bytesFromHex(node)));
  proven.forEach(({ node, index }, i) => {
    if (node === EMPTY_NODE || nodes.has(hashes[i]!)) return;
    nodes.set(hashes[i]!, { bytes: bytesFromHex(node), hash: hashes[i]!, part: 'proofs', index });
  });
  const codes = partsOf(at('codes', readCodes) ?? [], 'codes', refusesMore);
  const chain = readHeaders(at('headers', list(readOneHeader, MOST_HEADERS)) ?? [], block);
  const stateRoot = chain.stateRoot ?? at('stateRoot', hash);
  if (stateRoot === undefined) {
    const number = BigInt(block.number) - 1n;
    throw new WitnessError({ problem: 'missing', part: 'headers', hash: block.parentHash, number });
  }
  const { blockHashes } = chain;
  const keys = at('keys', readKeys) ?? [];
  return { nodes, codes, keys, proofs, stateRoot, blockHashes, refusesMore };
}

/** What is there twice is there once too often, where nothing may be too much. */
function partsOf(given: readonly Hex[], part: 'state' | 'codes', refusesMore: boolean): Map<Hex, WitnessPart> {
  const parts = new Map<Hex, WitnessPart>();
  const all = given.map((item) => bytesFromHex(item));
  const hashes = allHashes(all);
  all.forEach((item, index) => {
    const own = hashes[index]!;
    if (part === 'state' ? given[index] === EMPTY_NODE : item.length === 0) return;
    if (parts.has(own)) {
      if (!refusesMore) return;
      throw new WitnessError({ problem: 'superfluous', part, index, hash: own, details: 'it is there already' });
    }
    parts.set(own, { bytes: item, hash: own, part, index });
  });
  return parts;
}

function allHashes(items: readonly Uint8Array[]): Hex[] {
  return (hashesOf(items) ?? items.map(keccak256)).map(hexFromBytes);
}

interface OneHeader {
  readonly header: HeaderInput;
  readonly hash: Hex;
}

function readOneHeader(value: unknown, field: string): OneHeader {
  if (typeof value === 'string') {
    const encoded = bytesFromHex(bytes(undefined, MOST_NODE_BYTES)(value, field));
    return { header: parseHeaderRlp(encoded, field), hash: hexFromBytes(keccak256(encoded)) };
  }
  const header = readHeader(value, field);
  const fields = headerFields(header);
  if (fields === undefined) throw new InputError(field, 'a field is missing that its hash is made of');
  return { header, hash: headerHash(fields) };
}

/** The headers in the order of their hashes, from the parent of the block on. Each names the hash of the one before. */
function readHeaders(
  headers: readonly OneHeader[],
  block: BlockInput,
): { readonly stateRoot: Hex | undefined; readonly blockHashes: ReadonlyMap<bigint, Hex> } {
  headers.forEach(({ header: { hash: claimed }, hash: own }, index) => {
    if (claimed === undefined || claimed === own) return;
    const details = `its hash is said to be ${claimed}`;
    throw new WitnessError({ problem: 'contradiction', part: 'headers', index, hash: own, details });
  });
  const left = new Map(headers.map((one, index) => [one.hash, { ...one, index }]));
  const blockHashes = new Map<bigint, Hex>();
  let stateRoot: Hex | undefined;
  let wanted: Hex = block.parentHash;
  for (let number = BigInt(block.number) - 1n; number >= 0n; number--) {
    blockHashes.set(number, wanted);
    const found = left.get(wanted);
    if (found === undefined) break;
    const { header, index, hash: own } = found;
    if (BigInt(header.number) !== number) {
      const details = `its number is ${BigInt(header.number)}`;
      throw new WitnessError({ problem: 'contradiction', part: 'headers', index, hash: own, number, details });
    }
    stateRoot ??= header.stateRoot;
    left.delete(wanted);
    wanted = header.parentHash;
  }
  for (const { hash: own, index } of left.values()) {
    const details = 'the chain of headers that ends with the parent of the block does not lead to it';
    throw new WitnessError({ problem: 'superfluous', part: 'headers', index, hash: own, details });
  }
  return { stateRoot, blockHashes };
}

const readHash = (value: unknown, field: string): Hex => hash(value, field);
const readQuantity: Reader<Hex> = (value, field) => {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value)) return value.toLowerCase() as Hex;
  throw new InputError(field, `expected a hex quantity, got ${describe(value)}`);
};

function readProof(value: unknown, field: string): WitnessProof {
  const given = plainObject(value, field);
  const at = <T>(name: string, read: Reader<T>): T | undefined =>
    given[name] === undefined || given[name] === null ? undefined : read(given[name], `${field}.${name}`);
  const [balance, nonce] = [at('balance', readQuantity), at('nonce', readQuantity)];
  const [codeHash, storageHash] = [at('codeHash', readHash), at('storageHash', readHash)];
  const storageProof = at(
    'storageProof',
    list((entry, where) => {
      const slot = plainObject(entry, where);
      const claimed = slot.value === undefined ? undefined : readQuantity(slot.value, `${where}.value`);
      return {
        key: readQuantity(slot.key, `${where}.key`),
        ...(claimed !== undefined && { value: claimed }),
        proof: readNodes(slot.proof, `${where}.proof`),
      };
    }, MOST_PARTS),
  );
  return {
    address: address(given.address, `${field}.address`),
    accountProof: readNodes(given.accountProof, `${field}.accountProof`),
    ...(balance !== undefined && { balance }),
    ...(nonce !== undefined && { nonce }),
    ...(codeHash !== undefined && { codeHash }),
    ...(storageHash !== undefined && { storageHash }),
    ...(storageProof !== undefined && { storageProof }),
  };
}
