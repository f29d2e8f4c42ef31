// State of a chain from a node: pinned to one block, fetched in as few trips as there can be, remembered.

import { InputError, RpcError, StateSourceError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import { nearest } from '../../base/nearest.ts';
import { describe, plainObject, address as readAddress, hash as readHash } from '../../base/reader.ts';
import type { BlockInput } from '../../block/block-input.ts';
import { scheduledHardfork } from '../../block/chains.ts';
import { rulesOf } from '../../chain/rules.ts';
import type { StateCache } from '../cache/state-cache.ts';
import type {
  DescribedStateSource,
  LoadOptions,
  SourceKey,
  StateDescription,
  StateKey,
  StateValue,
} from '../state-source.ts';
import { BlockCache } from './block-cache.ts';
import { keysOf } from './block-keys.ts';
import { Cancellation } from './cancellation.ts';
import { type Clock, systemClock } from './clock.ts';
import { CodeStore } from './code-store.ts';
import type { CallPlace } from './experience.ts';
import { Fetcher } from './fetcher.ts';
import { Foresight } from './foresight.ts';
import type { RpcRequest } from './json-rpc.ts';
import { Learning } from './learning.ts';
import type { RpcLearned } from './lesson-format.ts';
import { type RpcLimits, type RpcTransport, readEndpoints, readLimits } from './limits.ts';
import { type Loader, type LoaderSurroundings, plainLoader, withExistence } from './loader.ts';
import { Oracle } from './oracle.ts';
import { hashesTo, provenLoader, type Trust } from './proven-loader.ts';
import type { CacheCounts } from './sealed-lines.ts';
import { nameOfUnit, type Unit, unitOf } from './state-keys.ts';
import {
  type BlockId,
  blockRequest,
  type CheckedBlockId,
  chainIdRequest,
  headerRequest,
  type RemoteHeader,
  readBlockId,
  uncleRequest,
} from './state-requests.ts';
import { resultOf, Transport } from './transport.ts';

/** A block as a node writes it, its header looked at; the rest is checked by who takes it. */
export type FetchedBlock = Record<string, unknown> & {
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly transactions: readonly object[];
};

export interface RpcStateOptions {
  /** Where the node is, or the nodes. Nothing else is ever asked. */
  readonly transport: RpcTransport;
  /** The block whose state this is; default `'latest'`, as it is when it is first needed. */
  readonly block?: BlockId;
  /** The chain that the nodes must be of; default whatever they say. */
  readonly chainId?: number | bigint;
  /**
   * How state is fetched before it is asked for. `'auto'` (default): by what the node offers, found out once: a trace of what
   * the block reads (`debug_traceCall`, `debug_traceBlockByHash`), else access lists (`eth_createAccessList`), else by guesses
   * from code and call data. `'prestate'`, `'accessList'`: by that and by guesses; `'guess'`: by guesses alone; `'none'`: only
   * what the block itself names.
   */
  readonly prefetch?: 'auto' | 'prestate' | 'accessList' | 'guess' | 'none';
  /**
   * Whether every value is proven (`eth_getProof`) against a state root: `true` takes it from the header with the hash that
   * `block` names, `{ stateRoot }` is the root itself. A lie is a ProofError.
   */
  readonly verifyProofs?: boolean | { readonly stateRoot: Hex };
  readonly limits?: RpcLimits;
  /**
   * Where what was fetched is kept, and looked up: by chain and hash of the block, code by its hash. `memoryCache()`,
   * `fileCache(directory)`, `indexedDbCache(name)`, or one of your own.
   */
  readonly cache?: StateCache;
  /** What another source has learned of the same chain: begins with it. A `cache` keeps such things by itself. */
  readonly learned?: RpcLearned;
  /** Ends everything that is under way, and whatever is asked for later. */
  readonly signal?: AbortSignal;
}

/** What a source has asked for so far. */
export interface RpcStatistics {
  /** Trips to the node, one after the other, that somebody waited for: what is sent together counts once. */
  readonly rounds: number;
  /** Questions in all messages, those that were sent again too. */
  readonly requests: number;
  /** HTTP requests, or calls of a provider. */
  readonly messages: number;
  /** Messages that brought nothing, or not all of it. */
  readonly failures: number;
  /** Accounts (each with its code), slots and hashes of blocks that were fetched, from nodes or from the cache. */
  readonly keys: number;
  /** Those of them that were in the cache. */
  readonly cached: number;
  /** Entries of the cache that were not what was written there, and reads and writes of it that failed: as if nothing was kept. */
  readonly cacheFaults: number;
  /** Those of them that nobody has asked for. */
  readonly wasted: number;
  /** Sent and received; 0 for providers, of whose traffic nobody knows. */
  readonly bytes: number;
}

/** The block that a source is pinned to. */
export interface PinnedBlock {
  readonly chainId: bigint;
  readonly number: bigint;
  readonly hash: Hex;
  readonly header: RemoteHeader;
}

/** State of a chain from a node. Methods throw RpcError for what nodes answer wrongly, or do not answer. */
export interface RpcState extends DescribedStateSource {
  /** The block that the state is of; asks the node the first time. @throws ReorganisationError */
  pinned(options?: { signal?: AbortSignal }): Promise<PinnedBlock>;
  /** The state at another block: over the same endpoints, with all that is known about them, and with the same code. */
  at(block: BlockId): RpcState;
  /**
   * A block with its transactions as the node writes it, and the headers of its uncles (`uncleHeaders`): what
   * `engine.executeBlock` takes.
   */
  fetchBlock(block: BlockId, options?: { signal?: AbortSignal }): Promise<FetchedBlock>;
  statistics(): RpcStatistics;
  /**
   * What was learned of the chain so far, as JSON for the option `learned` of another source.
   * @throws StateSourceError before the chain is known
   */
  learned(): RpcLearned;
}

/** What sources of one `rpcState` call, at whatever block, have in common. */
interface Shared {
  readonly transport: Transport;
  readonly codes: CodeStore;
  /** Of the source as a whole. */
  readonly cancellation: Cancellation;
  readonly oracle: Oracle;
  /** Of what was asked for at other blocks. */
  readonly learning: Learning;
  /** Whether everything is proven: against this root, or that of a header which is named by its hash. */
  readonly proofs: { readonly stateRoot: Hex | undefined } | undefined;
  /** Whether what was not asked for yet is fetched when it is likely to be. */
  readonly guesses: boolean;
  /** Of the nodes, once they said it. */
  chainId: bigint | undefined;
  readonly cache: StateCache | undefined;
  readonly counts: CacheCounts & { keys: number; asked: number };
}

/** For tests: time and chance. */
export interface RpcSurroundings {
  readonly clock: Clock;
  readonly random: () => number;
}

const OPTIONS = ['transport', 'block', 'chainId', 'prefetch', 'verifyProofs', 'limits', 'cache', 'learned', 'signal'];
const PREFETCH = ['auto', 'prestate', 'accessList', 'guess', 'none'] as const;
/** Of all sources of this process: code is the same wherever it is. */
const codes = new CodeStore();

/**
 * State of a chain from a node, read at one block. Nothing is asked before it is needed.
 * @throws InputError naming the option
 * @example
 * ```js
 * import { rpcState } from 'pevm-wasm';
 *
 * const state = rpcState({ transport: 'https://node.example', block: 'latest' });
 * const { number } = await state.pinned();
 * const [account] = await state.load([{ kind: 'account', address: '0x00000000000000000000000000000000000000aa' }]);
 * console.log(number, account.balance);
 * ```
 */
export function rpcState(options: RpcStateOptions): RpcState {
  return openRpcState(options, { clock: systemClock, random: Math.random });
}

/** @internal As {@link rpcState}, with time and chance as tests want them. */
export function openRpcState(options: RpcStateOptions, { clock, random }: RpcSurroundings): RpcState {
  const given = plainObject(options, 'options');
  for (const name of Object.keys(given)) {
    if (OPTIONS.includes(name)) continue;
    const meant = nearest(name, OPTIONS);
    throw new InputError(`options.${name}`, `unknown option${meant === undefined ? '' : `; did you mean ${meant}?`}`);
  }
  const limits = readLimits(given.limits, 'options.limits');
  const endpoints = readEndpoints(given.transport, 'options.transport', limits, clock, random);
  const { chainId, signal } = options;
  const transport = new Transport(endpoints, limits, clock);
  const prefetch = readPrefetch(given.prefetch);
  const cache = readCache(given.cache);
  const counts = { keys: 0, asked: 0, cached: 0, cacheFaults: 0 };
  const shared: Shared = {
    transport,
    oracle: new Oracle(transport, {
      prestate: prefetch === 'auto' || prefetch === 'prestate',
      accessList: prefetch === 'auto' || prefetch === 'accessList',
    }),
    learning: new Learning(given.learned, cache, counts),
    guesses: prefetch !== 'none',
    proofs: readProofs(given.verifyProofs),
    codes,
    cancellation: Cancellation.of(signal).cancellation,
    chainId: chainId === undefined ? undefined : readChain(chainId),
    cache,
    counts,
  };
  return new RemoteState(shared, readBlockId(options.block ?? 'latest', 'options.block'), 'options.block');
}

function readProofs(value: unknown): Shared['proofs'] {
  if (value === undefined || value === false) return undefined;
  if (value === true) return { stateRoot: undefined };
  const { stateRoot } = plainObject(value, 'options.verifyProofs');
  return { stateRoot: readHash(stateRoot, 'options.verifyProofs.stateRoot') };
}

function readCache(value: unknown): StateCache | undefined {
  if (value === undefined) return undefined;
  const { read, append } = (typeof value === 'object' && value !== null ? value : {}) as Partial<StateCache>;
  if (typeof read === 'function' && typeof append === 'function') return value as StateCache;
  throw new InputError('options.cache', `expected a cache with read and append, got ${describe(value)}`);
}

function readPrefetch(value: unknown): (typeof PREFETCH)[number] {
  const found = value === undefined ? 'auto' : PREFETCH.find((name) => name === value);
  if (found === undefined) {
    throw new InputError('options.prefetch', `expected one of ${PREFETCH.join(', ')}, got ${describe(value)}`);
  }
  return found;
}

function readChain(value: unknown): bigint {
  const isNumber = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!isNumber || BigInt(value as number) < 0n) {
    throw new InputError('options.chainId', `expected a number, got ${describe(value)}`);
  }
  return BigInt(value as number);
}

class RemoteState implements RpcState {
  readonly #shared: Shared;
  readonly #id: CheckedBlockId;
  #pinned: Promise<PinnedBlock> | undefined;
  #fetcher: Fetcher | undefined;
  /** Of the newest blocks: one may run while the next is expected. */
  #foresights: readonly Foresight[] = [];
  /** The calls of the newest block that is expected, where what is asked for can be told to be theirs. */
  #calls: readonly CallPlace[] = [];
  #emptyAccounts: boolean | undefined;
  readonly #asked = new Set<string>();

  constructor(shared: Shared, id: CheckedBlockId, field: string) {
    if (shared.proofs !== undefined && shared.proofs.stateRoot === undefined && !('hash' in id)) {
      throw new InputError(field, 'with verifyProofs, name the block by its hash, or give the state root');
    }
    this.#shared = shared;
    this.#id = id;
  }

  pinned({ signal }: { signal?: AbortSignal } = {}): Promise<PinnedBlock> {
    if (this.#pinned === undefined) {
      const pinned = this.#pin();
      this.#pinned = pinned;
      // The next one tries again.
      pinned.catch(() => {
        if (this.#pinned === pinned) this.#pinned = undefined;
      });
    }
    return withSignal(signal, (cancellation) => cancellation.race(this.#pinned as Promise<PinnedBlock>));
  }

  at(block: BlockId): RpcState {
    return new RemoteState(this.#shared, readBlockId(block, 'block'), 'block');
  }

  /** What is known before anything is asked; once the block is known, whether there may be empty accounts. */
  get description(): StateDescription {
    return this.#emptyAccounts === undefined ? {} : { emptyAccounts: this.#emptyAccounts };
  }

  async load(keys: readonly SourceKey[], { signal }: LoadOptions = {}): Promise<StateValue[]> {
    const { number, hash, header } = await this.pinned(signal === undefined ? {} : { signal });
    const known = new Map([
      [number, hash],
      [number - 1n, header.parentHash],
    ]);
    const units = keys.map((key) => unitOf(checkedKey(key, number)));
    const wanted = units.filter((unit) => !(unit.kind === 'blockHash' && known.has(unit.number)));
    const fetcher = await this.#fetched(wanted, signal);
    return keys.map((key) =>
      key.kind === 'blockHash'
        ? { kind: 'blockHash', hash: known.get(key.number) ?? fetcher.blockHash(key.number) }
        : this.#answer(fetcher, key),
    );
  }

  async hint(block: BlockInput): Promise<StateKey[]> {
    const fetcher = await this.#open();
    const { oracle, cancellation, guesses, learning } = this.#shared;
    const { experience } = learning;
    const pin = await this.pinned();
    const calls = experience.callsOf(block);
    this.#calls = calls;
    const keys = new Map(keysOf(block).map((key) => [nameOfUnit(unitOf(key)), key]));
    const early = guesses && !oracle.knows(block) ? this.#foresee(block, fetcher) : undefined;
    if (early !== undefined) fetcher.ahead(experience.expected(block, calls).concat([...keys.values()].map(unitOf)));
    const [prophecy] = await Promise.all([
      oracle.ask(block, pin, cancellation),
      fetcher.fetch([...keys.values()].map(unitOf), cancellation),
    ]);
    if (prophecy.known) {
      this.#foresights = this.#foresights.filter((foresight) => foresight !== early);
      await fetcher.fetch(prophecy.units, cancellation);
      for (const unit of prophecy.units) if (unit.kind !== 'blockHash') keys.set(nameOfUnit(unit), unit);
    } else if (guesses && early === undefined) {
      this.#foresee(block, fetcher);
    }
    const all = [...keys.values()];
    const contracts = all.filter((key) => key.kind === 'account' && fetcher.account(key.address).code !== '0x');
    return [...all, ...contracts.map(({ address }): StateKey => ({ kind: 'code', address }))];
  }

  /** Begins to guess what the block will ask for. */
  #foresee(block: BlockInput, fetcher: Fetcher): Foresight {
    const waiting: Unit[] = [];
    // What is found at the same time goes together.
    const emit = (units: Unit[]) => {
      if (waiting.length === 0) queueMicrotask(() => fetcher.ahead(waiting.splice(0)));
      waiting.push(...units);
    };
    const { learning, codes } = this.#shared;
    const foresight = new Foresight(emit, (address) => {
      if (fetcher.has({ kind: 'account', address })) return fetcher.account(address);
      const codeHash = learning.experience.codeHashAt(address);
      const code = codeHash === undefined ? undefined : codes.get(codeHash);
      return code === undefined || codeHash === undefined ? undefined : { code, codeHash };
    });
    this.#foresights = [...this.#foresights.slice(-1), foresight];
    foresight.begin(block);
    return foresight;
  }

  async blockHash(number: bigint): Promise<Hex> {
    const [value] = await this.load([{ kind: 'blockHash', number }]);
    if (value?.kind !== 'blockHash') throw new StateSourceError(`the hash of block ${number} is not known`);
    return value.hash;
  }

  async fetchBlock(id: BlockId, { signal }: { signal?: AbortSignal } = {}): Promise<FetchedBlock> {
    const request = blockRequest(readBlockId(id, 'block'));
    const { transport } = this.#shared;
    return withSignal(signal, async (cancellation) => {
      const block = await transport.askOne(request, undefined, cancellation);
      if (block === null) throw this.#noBlock(request, String(id));
      const uncles = Array.isArray(block.uncles) ? block.uncles : [];
      if (uncles.length === 0) return block as FetchedBlock;
      const hash = readHash(block.hash, 'block.hash');
      const requests = uncles.map((_, at) => uncleRequest(hash, at));
      const answers = await transport.ask(requests, undefined, cancellation);
      const uncleHeaders = answers.map((answer, at) => resultOf(answer, requests[at]!));
      return { ...(block as FetchedBlock), uncleHeaders };
    });
  }

  statistics(): RpcStatistics {
    const { rounds, requests, messages, failures, bytesSent, bytesReceived } = this.#shared.transport.statistics();
    const { keys, asked, cached, cacheFaults } = this.#shared.counts;
    const bytes = bytesSent + bytesReceived;
    return { rounds, requests, messages, failures, keys, cached, cacheFaults, wasted: keys - asked, bytes };
  }

  learned(): RpcLearned {
    return this.#shared.learning.learned();
  }

  /** The state as far as it is known, once these units are. */
  async #fetched(units: readonly Unit[], signal: AbortSignal | undefined): Promise<Fetcher> {
    const fetcher = await this.#open(signal);
    this.#count(units);
    await withSignal(signal, (inner) => fetcher.fetch(units, inner));
    this.#shared.learning.asked(this.#calls, units);
    return fetcher;
  }

  async #open(signal?: AbortSignal): Promise<Fetcher> {
    const pin = await this.pinned(signal === undefined ? {} : { signal });
    const { transport, codes, counts, cancellation, learning } = this.#shared;
    await learning.begin(pin.chainId);
    if (this.#fetcher !== undefined) return this.#fetcher;
    const surroundings = { transport, codes, pin };
    const trust = this.#trust(pin);
    const fetcher: Fetcher = new Fetcher({
      transport,
      cancellation,
      load: this.#cached(trust === undefined ? loaderOf(surroundings, pin) : provenLoader(surroundings, trust), pin),
      fetched: (unit) => {
        counts.keys++;
        for (const student of [learning, ...this.#foresights]) {
          if (unit.kind === 'account') student.account(unit.address, fetcher.account(unit.address));
          if (unit.kind === 'storage') student.slot(unit.address, fetcher.slot(unit.address, unit.slot));
        }
      },
    });
    this.#fetcher = fetcher;
    return fetcher;
  }

  #cached(load: Loader, { chainId, hash }: PinnedBlock): Loader {
    const { cache, codes, counts, transport, proofs } = this.#shared;
    if (cache === undefined) return load;
    const arrived = () => transport.arrived;
    return new BlockCache({ cache, codes, chainId, hash, counts, arrived, proven: proofs !== undefined }).over(load);
  }

  async #pin(): Promise<PinnedBlock> {
    const { transport, cancellation } = this.#shared;
    const requests = [chainIdRequest(), headerRequest(this.#id)] as const;
    const [chain, header] = await transport.ask<bigint | RemoteHeader | null>(requests, undefined, cancellation);
    const chainId = resultOf(chain!, requests[0]) as bigint;
    const expected = this.#shared.chainId;
    if (expected !== undefined && chainId !== expected) {
      const endpoint = transport.endpoints[0]!.wire.name;
      const failure = { endpoint, method: 'eth_chainId', answer: String(chainId) };
      throw new RpcError(`the node is of chain ${chainId}, not of ${expected}`, failure);
    }
    this.#shared.chainId = chainId;
    const found = resultOf(header!, requests[1]) as RemoteHeader | null;
    if (found === null) throw this.#noBlock(requests[1], String(Object.values(this.#id)[0]));
    const { hash } = found;
    if (this.#shared.proofs !== undefined && 'hash' in this.#id && !hashesTo(found, hash)) {
      throw new StateSourceError(`the header that the node gave does not have the hash ${hash}`);
    }
    this.#emptyAccounts = mayHoldEmptyAccounts(Number(chainId), found);
    return { chainId, number: BigInt(found.number), hash, header: found };
  }

  /** What everything is proven against; `undefined`: the node is believed. */
  #trust({ hash, header }: PinnedBlock): Trust | undefined {
    const { proofs } = this.#shared;
    if (proofs === undefined) return undefined;
    if (proofs.stateRoot === undefined) return { stateRoot: header.stateRoot, parentHash: header.parentHash };
    const { stateRoot } = proofs;
    if (stateRoot !== header.stateRoot) {
      throw new StateSourceError(`block ${hash} has the state root ${header.stateRoot}, not ${stateRoot}`);
    }
    return { stateRoot, parentHash: undefined };
  }

  #noBlock(request: RpcRequest, name: string): RpcError {
    const endpoint = this.#shared.transport.endpoints[0]!.wire.name;
    return new RpcError(`there is no block ${name}`, { endpoint, method: request.method, answer: 'null' });
  }

  #count(units: readonly Unit[]): void {
    for (const unit of units) {
      const name = nameOfUnit(unit);
      if (this.#asked.has(name)) continue;
      this.#asked.add(name);
      this.#shared.counts.asked++;
    }
  }

  #answer(fetcher: Fetcher, key: StateKey): StateValue {
    if (key.kind === 'storage') return { kind: 'storage', value: fetcher.slot(key.address, key.slot) };
    const { code, storageRoot: _, ...account } = fetcher.account(key.address);
    return key.kind === 'code' ? { kind: 'code', code } : { kind: 'account', ...account };
  }
}

/** @param last number of the block whose state is asked for */
function checkedKey(key: SourceKey, last: bigint): SourceKey {
  if (key.kind === 'blockHash') {
    if (key.number <= last) return key;
    throw new StateSourceError(`block ${key.number} comes after block ${last}, whose state this is`);
  }
  readAddress(key.address, 'key.address');
  if (key.kind === 'storage') readHash(key.slot, 'key.slot');
  return key;
}

/** Takes the node's word, but where it cannot say what matters. */
function loaderOf(surroundings: LoaderSurroundings, { chainId, header }: PinnedBlock): Loader {
  const load = plainLoader(surroundings);
  return mayHoldEmptyAccounts(Number(chainId), header) ? withExistence(load, surroundings, header.stateRoot) : load;
}

/** Whether accounts may exist with nothing in them: before EIP-161, on chains that were there then. */
function mayHoldEmptyAccounts(chainId: number, header: RemoteHeader): boolean {
  try {
    return !rulesOf(scheduledHardfork(chainId, header)).clearsEmpty;
  } catch {
    // Chains whose forks nobody told came later.
    return false;
  }
}

/** Runs `body` under a signal of the caller. */
async function withSignal<T>(
  signal: AbortSignal | undefined,
  body: (cancellation: Cancellation) => Promise<T>,
): Promise<T> {
  const { cancellation, release } = Cancellation.of(signal);
  try {
    return await body(cancellation);
  } finally {
    release();
  }
}
