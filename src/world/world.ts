// A world: a state that stays in the core, blocks that advance it one after the other, and moments to come back to.

import { InputError } from '../base/errors.ts';
import { bytes32FromNumber, bytesFromHex, type Hex, ZERO_HASH } from '../base/hex.ts';
import {
  amount,
  bytes as bytesReader,
  describe,
  plainObject,
  address as readAddress,
  hash as readHash,
} from '../base/reader.ts';
import type { BlockInput } from '../block/block-input.ts';
import { scheduledFork } from '../block/chains.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type {
  AccessListResult,
  CallOptions,
  CallRequest,
  CallResult,
  CallsAnswer,
  OverrideOptions,
  SimulatedBlock,
  SimulateOptions,
  SimulateRequest,
} from '../call-types.ts';
import type { Chain } from '../chain/chain.ts';
import { knownChain } from '../chain/chains.ts';
import { rulesOf } from '../chain/rules.ts';
import type { CheckedOptions } from '../config/options.ts';
import type { ByteSource } from '../file/chain-file.ts';
import { type Emptiness, emptinessOf, stateDiffOf } from '../job/changed-state.ts';
import type { Ask, Job, Limits } from '../job/job.ts';
import type { NodeHost } from '../node/chain-node.ts';
import type { PastWorlds } from '../node/past-worlds.ts';
import { NodeProvider } from '../node/provider.ts';
import type { ChainPosition, RecordedChain } from '../node/recorded-chain.ts';
import { call, readCall } from '../simulation/call.ts';
import { estimateGas } from '../simulation/estimate-gas.ts';
import { answeredPreview, preview } from '../simulation/preview.ts';
import { type ReadPreview, readPreview } from '../simulation/preview-request.ts';
import type { Preview, Previewable, PreviewData, PreviewOptions } from '../simulation/preview-types.ts';
import type { CallingThread, Head, Setting } from '../simulation/setting.ts';
import { readSimulation } from '../simulation/simulate-request.ts';
import { type CallTraceOptions, readCallTrace } from '../simulation/traced-call.ts';
import { type BlockId, readBlockId } from '../state/remote/state-requests.ts';
import type { BlockTraceRequest } from '../trace/request.ts';
import type { TraceOf, TracerChoice } from '../trace/tracers.ts';
import type {
  BlockResult,
  ImportedBlock,
  NodeOptions,
  ProviderRequest,
  Run,
  World,
  WorldBlock,
  WorldBlockRequest,
  WorldBlockResult,
  WorldBlockRun,
  WorldOptions,
} from '../types.ts';
import { beforeTransaction } from './before-transaction.ts';
import { executeBlocks, type PreparedBlock } from './block-pipeline.ts';
import { type CallOrBundle, CallsJob } from './calls-job.ts';
import { checkParent } from './opening.ts';
import { PreviewsJob } from './previews-job.ts';
import { accessesBy, type WorldExecution } from './recorded-block.ts';
import type { TracingWorld } from './tracing-world.ts';
import { WhatIfJob } from './what-if-job.ts';
import type { Place } from './world-block-job.ts';
import { changesSince } from './world-diff.ts';
import type { WorldState } from './world-state.ts';

/** What a world asks of its engine: turns, in the order in which they are asked for. */
export interface WorldTurns {
  take<R>(body: (ask: Ask) => Promise<R>, limits?: Limits): Promise<R>;
  readonly thread: CallingThread;
  executeBlock(request: WorldBlockRequest, state: WorldState, place: Place): WorldBlockRun;
  /** Queues a job. */
  start<Item, Answer>(read: (options: CheckedOptions) => Job<Item, Answer>): Run<Item, Answer>;
  /** A block whose turn is not asked for yet. @throws InputError, InvalidTransactionError as executeBlock does */
  prepareBlock(request: WorldBlockRequest, state: WorldState, place: Place): PreparedBlock;
  /** What nodes ask of the engine beside. */
  readonly host: Omit<NodeHost, 'world'> & { openWorld(options: WorldOptions): Promise<TracingWorld> };
  /** The world's chain, where it is known. */
  readonly chain: Chain | undefined;
  /** All of the block that the world was opened at, where it is known. */
  readonly first: BlockInput | undefined;
  /** Turns for another world. */
  another(): WorldTurns;
  /** The world is no more; settles when its last turn is over. */
  end(): Promise<void>;
}

interface Snapshot {
  readonly mark: number;
  readonly block: WorldBlock | undefined;
  /** Of the recorded chain; `undefined`: from before it was recorded. */
  readonly position: ChainPosition | undefined;
  readonly head: Head;
}

const FIRST: ChainPosition = { blocks: 1, steps: 0 };

type TracedRequest = BlockTraceRequest & TracerChoice;

const readAmount = amount(256);
const readNonce = amount(64);
const readCode = bytesReader();

export class ResidentWorld implements TracingWorld {
  readonly #turns: WorldTurns;
  readonly #state: WorldState;
  readonly #snapshots = new Map<number, Snapshot>();
  #nextSnapshot = 1;
  #block: WorldBlock | undefined;
  /** The newest block, unless it was taken back; its mark takes it back. */
  #last: WorldExecution | undefined;
  /** What calls see of it. */
  #head: Head;
  /** Whether an empty account is none, in the newest block (EIP-161). */
  #emptyIsAbsent = true;
  #disposed: Promise<void> | undefined;
  /** Where somebody asks for more than the newest state. */
  #record: RecordedChain | undefined;
  #recording: Promise<RecordedChain> | undefined;
  /** Of its earlier blocks. */
  #past: PastWorlds<TracingWorld> | undefined;
  readonly #place: Place = {
    checkOpen: () => {
      if (this.#disposed !== undefined) throw new InputError('world', 'it was disposed of');
    },
    admit: (context) => checkParent(context, this.#block),
    advance: (execution, result) => this.#advanced(execution, result),
    whatIf: async (execution, edits, limits) => {
      this.#place.checkOpen();
      return this.#turns.start((options) => new WhatIfJob(execution, this.#state, options, edits, limits));
    },
  };
  /** Where calls run, as it is now. */
  readonly #here = (): Omit<Setting, 'ask'> => ({
    ...{ state: this.#state, head: this.#head, thread: this.#turns.thread },
  });
  #provider: NodeProvider | undefined;

  constructor(turns: WorldTurns, state: WorldState, block: WorldBlock | undefined, head: Head) {
    this.#turns = turns;
    this.#state = state;
    this.#block = block;
    this.#head = head;
    // Its header may know one hash more, which calls on it ask for first.
    const { number, parentHash } = head.header;
    const parent = BigInt(number) - 1n;
    if (parent >= 0n && parentHash !== ZERO_HASH && !state.blockHashes.has(parent)) {
      state.blockHashes.set(parent, parentHash);
    }
  }

  get block(): WorldBlock | undefined {
    return this.#block;
  }

  executeBlock(request: WorldBlockRequest): WorldBlockRun {
    return this.#turns.executeBlock(request, this.#state, this.#place);
  }

  async *executeBlocks(
    ...[blocks, options = {}]: Parameters<World['executeBlocks']>
  ): AsyncGenerator<WorldBlockResult> {
    plainObject(options, 'options');
    const { prepareBlock } = this.#turns;
    const world = {
      prepare: (request: WorldBlockRequest) => prepareBlock(request, this.#state, this.#place),
      snapshot: () => this.snapshot(),
      revert: (id: number) => this.revert(id),
      release: (id: number) => this.release(id),
    };
    yield* executeBlocks(world, blocks, options.signal);
  }

  provider(options: NodeOptions = {}): NodeProvider {
    this.#provider ??= new NodeProvider(
      Promise.all([this.#recorded(), import('../node/chain-node.ts')]).then(
        ([record, { ChainNode }]) => new ChainNode({ world: this, ...this.#turns.host }, record, options),
      ),
    );
    return this.#provider;
  }

  transport(options: NodeOptions = {}): ReturnType<World['transport']> {
    const provider = this.provider(options);
    const request = (given: { readonly method: string; readonly params?: unknown }) =>
      provider.request(given as ProviderRequest) as Promise<never>;
    return () => ({
      config: { key: 'pevm', name: 'pevm-wasm', type: 'custom', retryCount: 0, request },
      request,
      value: { provider },
    });
  }

  async *importChain(source: ByteSource): AsyncGenerator<ImportedBlock> {
    const { importChain } = await import('../node/chain-import.ts');
    yield* importChain(this, await this.#recorded(), source);
  }

  async call(request: CallRequest, options: CallOptions = {}): Promise<CallResult> {
    const read = readCall(request, options);
    if (options.block !== undefined) return this.#after(options, (world, rest) => world.call(request, rest));
    return this.#asked(options, (setting) => call(setting, read));
  }

  callMany<R extends CallOrBundle>(
    requests: readonly R[],
    options: OverrideOptions = {},
  ): Run<CallsAnswer<R>, CallsAnswer<R>[]> {
    return this.#turns.start(() => {
      this.#place.checkOpen();
      plainObject(options, 'options');
      return CallsJob.read(this.#here, requests, options);
    });
  }

  async estimateGas(request: CallRequest, options: CallOptions = {}): Promise<bigint> {
    const read = readCall(request, options);
    if (options.block !== undefined) return this.#after(options, (world, rest) => world.estimateGas(request, rest));
    return this.#asked(options, (setting) => estimateGas(setting, read));
  }

  async createAccessList(request: CallRequest, options: CallOptions = {}): Promise<AccessListResult> {
    const read = readCall(request, options);
    if (options.block !== undefined) {
      return this.#after(options, (world, rest) => world.createAccessList(request, rest));
    }
    return this.#asked(options, async (setting) => {
      const { createAccessList } = await import('../simulation/access-list.ts');
      return createAccessList(setting, read);
    });
  }

  async simulate(request: SimulateRequest, options: SimulateOptions = {}): Promise<SimulatedBlock[]> {
    const read = readSimulation(request, options);
    // Its blocks have roots.
    if (options.block !== undefined) return this.#after(options, (world, rest) => world.simulate(request, rest), true);
    return this.#asked(options, async (setting) => {
      const { simulate } = await import('../simulation/simulate.ts');
      return simulate(setting, read);
    });
  }

  async trace<Choice extends CallTraceOptions>(request: CallRequest | Hex, options: Choice): Promise<TraceOf<Choice>> {
    if (typeof request === 'string') return this.#traceMined(readHash(request, 'request'), options);
    const read = readCallTrace(request, options);
    if (options.block !== undefined) {
      const follow = read.before === undefined ? this.#after.bind(this) : this.#inside.bind(this);
      return follow(options, (world, rest) => world.trace(request, rest as Choice));
    }
    const { result } = await this.#asked(options, async (setting) => {
      const { traceCall } = await import('../simulation/trace-call.ts');
      return this.#within(setting, read.before, () => traceCall(setting, read));
    });
    return result as TraceOf<Choice>;
  }

  /** A transaction of a block that was executed here. */
  async #traceMined<Choice extends CallTraceOptions>(hash: Hex, options: Choice): Promise<TraceOf<Choice>> {
    if (options.block !== undefined) {
      throw new InputError('options.block', 'a transaction stands in a block of its own');
    }
    const record = await this.#recorded();
    const place = record.store.transaction(hash);
    if (place === undefined) throw new InputError('request', `there is no transaction ${hash} among those recorded`);
    const { start, ...block } = record.transactionRequest(place);
    const [trace] = await this.#turns.host.traceBlock({ ...options, ...block } as TracedRequest, start);
    return trace!.result as TraceOf<Choice>;
  }

  async preview(request: Previewable | readonly Previewable[], options: PreviewOptions = {}): Promise<Preview> {
    const read = readPreview(request, this.#head.chain.id, options);
    if (options.block !== undefined) return this.#after(options, (world, rest) => world.preview(request, rest));
    return answeredPreview(await this.#asked(options, (setting) => this.#previewed(setting, read)));
  }

  async previewMany(
    requests: readonly (Previewable | readonly Previewable[])[],
    options: PreviewOptions = {},
  ): Promise<Preview[]> {
    plainObject(options, 'options');
    const job = new PreviewsJob(this.#here, requests, options, (setting, index, body) =>
      this.#within(setting, index, body),
    );
    if (options.block !== undefined) return this.#after(options, (world, rest) => world.previewMany(requests, rest));
    this.#place.checkOpen();
    return this.#turns.start(() => job);
  }

  #previewed(setting: Setting, read: ReadPreview): Promise<PreviewData> {
    return this.#within(setting, read.transactionIndex, () => preview(setting, read));
  }

  /** Lets `body` see the state before a transaction of the newest block, where one is named. */
  #within<R>(setting: Setting, index: number | undefined, body: () => Promise<R>): Promise<R> {
    if (index === undefined) return body();
    if (this.#last === undefined) {
      throw new InputError('options.at', 'the world has not executed the block that it stands after');
    }
    return beforeTransaction(setting, this.#last, index, body);
  }

  async getBalance(address: string): Promise<bigint> {
    const place = addressOf(address);
    return this.#take(async (ask) => (await this.#state.account(ask, place)).balance);
  }

  async getNonce(address: string): Promise<bigint> {
    const place = addressOf(address);
    return this.#take(async (ask) => (await this.#state.account(ask, place)).nonce);
  }

  async getCode(address: string): Promise<Hex> {
    const place = addressOf(address);
    return this.#take((ask) => this.#state.code(ask, place));
  }

  async getStorage(address: string, slot: string | number | bigint): Promise<Hex> {
    const place = addressOf(address);
    const key = wordOf(slot, 'slot');
    return this.#take((ask) => this.#state.storage(ask, place, key));
  }

  async setBalance(address: string, balance: string | number | bigint): Promise<void> {
    const place = addressOf(address);
    const value = readAmount(balance, 'balance');
    return this.#change((ask) => this.#state.setBalance(ask, place, value));
  }

  async setNonce(address: string, nonce: string | number | bigint): Promise<void> {
    const place = addressOf(address);
    const value = readNonce(nonce, 'nonce');
    return this.#change((ask) => this.#state.setNonce(ask, place, value));
  }

  async setCode(address: string, code: string): Promise<void> {
    const place = addressOf(address);
    const value = bytesFromHex(readCode(code, 'code'));
    return this.#change((ask) => this.#state.setCode(ask, place, value));
  }

  async setStorage(address: string, slot: string | number | bigint, value: string | number | bigint): Promise<void> {
    const place = addressOf(address);
    const [key, word] = [wordOf(slot, 'slot'), wordOf(value, 'value')];
    return this.#change(() => this.#state.setStorage(place, key, word));
  }

  snapshot(): number {
    const id = this.#nextSnapshot++;
    // It is the state when all that was asked for before is done.
    this.#take(async () => {
      this.#snapshots.set(id, {
        mark: this.#state.residence.mark,
        block: this.#block,
        position: this.#record?.position,
        head: this.#head,
      });
    }).catch(() => {});
    return id;
  }

  revert(id: number): Promise<void> {
    return this.#take(async () => {
      const { mark, block, head, position = FIRST } = this.#snapshot(id);
      await this.#state.residence.revertTo(mark);
      this.#record?.returnTo(position);
      for (const later of this.#snapshots.keys()) if (later > id) this.#snapshots.delete(later);
      for (const number of this.#state.blockHashes.keys()) {
        if (block !== undefined && number > block.number) this.#state.blockHashes.delete(number);
      }
      this.#block = block;
      this.#last = undefined;
      this.#head = head;
    });
  }

  release(id: number): Promise<void> {
    return this.#take(async () => {
      this.#snapshot(id);
      this.#snapshots.delete(id);
      this.#forget();
    });
  }

  stateDiffSince(id: number): Promise<StateDiff> {
    return this.#take(async () => {
      const { mark } = this.#snapshot(id);
      return stateDiffOf(changesSince(this.#state.residence, mark), this.#emptiness(this.#emptyIsAbsent));
    });
  }

  stateRoot(): Promise<Hex> {
    return this.#take(async () => {
      const { residence } = this.#state;
      if (!residence.complete) {
        throw new InputError('world', 'a state root takes a complete state, as memoryState makes one');
      }
      const root = await this.#state.root();
      this.#forget();
      return root;
    });
  }

  fork(): Promise<TracingWorld> {
    return this.#take(
      async () => new ResidentWorld(this.#turns.another(), await this.#state.fork(), this.#block, this.#head),
    );
  }

  dispose(): Promise<void> {
    this.#disposed ??= (async () => {
      const ended = this.#turns.end();
      await this.#provider?.dispose();
      await this.#past?.dispose();
      await ended;
      this.#state.residence.dispose();
    })();
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #take<R>(body: (ask: Ask) => Promise<R>, limits?: Limits): Promise<R> {
    if (this.#disposed !== undefined) return Promise.reject(new InputError('world', 'it was disposed of'));
    return this.#turns.take(body, limits);
  }

  /** What is asked of the state, and leaves it as it is. */
  #asked<R>(
    { signal }: { readonly signal?: AbortSignal | undefined },
    body: (setting: Setting) => Promise<R>,
  ): Promise<R> {
    const limits = signal === undefined ? {} : { signal };
    return this.#take(async (ask) => {
      const result = await body({ ...this.#here(), ask });
      this.#forget();
      return result;
    }, limits);
  }

  /** Asks the world that has the state after the block that is named: this one, or one that is kept a while. */
  async #after<O extends { readonly block?: BlockId | undefined }, R>(
    { block, ...rest }: O,
    body: (world: TracingWorld, options: Omit<O, 'block'>) => Promise<R>,
    needsAll = false,
  ): Promise<R> {
    const { at, record, past } = await this.#found(block);
    if (at.hash === record.head.hash) return body(this, rest);
    return past.use(at, needsAll, (world) => body(world, rest));
  }

  /** A block of the chain that is recorded here. */
  async #found(block: BlockId | undefined) {
    const id = readBlockId(block, 'options.block');
    const record = await this.#recorded();
    const [{ blockOf }, { PastWorlds }] = await Promise.all([
      import('../node/block-name.ts'),
      import('../node/past-worlds.ts'),
    ]);
    const at = blockOf(record.store, 'hash' in id ? id.hash : 'number' in id ? id.number : id.tag, 'options.block');
    this.#past ??= new PastWorlds(record, this.#turns.host.openWorld);
    return { at, record, past: this.#past };
  }

  /** Asks a world that has just executed the block that is named: this one, or one that executes it for that. */
  async #inside<O extends { readonly block?: BlockId | undefined }, R>(
    { block, ...rest }: O,
    body: (world: TracingWorld, options: Omit<O, 'block'>) => Promise<R>,
  ): Promise<R> {
    const { at, record, past } = await this.#found(block);
    if (at.hash === record.head.hash && this.#last !== undefined) return body(this, rest);
    const parent = record.store.byNumber(at.number - 1n);
    if (parent === undefined) throw new InputError('options.block', `block ${at.number} was not executed here`);
    return past.use(parent, false, async (world) => {
      await using fork = await world.fork();
      await fork.executeBlock({ block: at.block });
      return body(fork, rest);
    });
  }

  #emptiness(emptyIsAbsent: boolean): Emptiness {
    return emptinessOf(emptyIsAbsent, this.#state.emptyAccounts);
  }

  /** A change from outside: all of it, or nothing. */
  #change(body: (ask: Ask) => Promise<void>): Promise<void> {
    return this.#take(async (ask) => {
      const { residence } = this.#state;
      const { mark } = residence;
      try {
        await body(ask);
      } catch (error) {
        await residence.revertTo(mark);
        throw error;
      }
      this.#record?.changed(stateDiffOf(changesSince(residence, mark), this.#emptiness(true)));
      this.#forget();
    });
  }

  /** The chain that the world executes, from now on. */
  #recorded(): Promise<RecordedChain> {
    this.#recording ??= this.#take(async () => {
      const { complete, mark } = this.#state.residence;
      // What is not resident its source says as it was in the beginning.
      if (!complete && mark > 0) {
        throw new InputError(
          'options.state',
          'a chain over a node is recorded from the first change on, or not at all',
        );
      }
      const { chain, first } = this.#turns;
      if (chain?.forks === undefined) {
        throw new InputError('options.chain', 'missing, or its forks are not known: a chain is recorded by its rules');
      }
      const { RecordedChain, unknownBlock } = await import('../node/recorded-chain.ts');
      const { number = 0n, hash } = this.#block ?? {};
      const isFirst = first !== undefined && BigInt(first.number) === number;
      // Of what happened in it nothing is known here.
      const block = isFirst ? { ...first, transactions: [] } : unknownBlock(number, hash);
      const { hardfork } = scheduledFork(chain, block);
      this.#record = new RecordedChain(
        chain,
        { block, hardfork },
        complete ? { whole: await this.#state.whole() } : { source: this.#state.source },
      );
      return this.#record;
    });
    return this.#recording;
  }

  #advanced(execution: WorldExecution, result: BlockResult): void {
    const { job } = execution;
    const { block, hardfork, blobs, chainId } = job.context;
    this.#last = execution;
    const { chain } = this.#head;
    // Of its transactions nobody will ask here.
    const header: BlockInput = { ...block, transactions: [] };
    this.#head = { chain: chain.id === chainId ? chain : knownChain(chainId), hardfork, blobs, header };
    const number = BigInt(block.number);
    const { hash, parentHash } = block;
    const { blockHashes } = this.#state;
    if (number > 0n) blockHashes.set(number - 1n, parentHash);
    if (hash !== undefined) blockHashes.set(number, hash);
    this.#block = { number, ...(hash === undefined ? {} : { hash }) };
    this.#emptyIsAbsent = rulesOf(hardfork).clearsEmpty;
    // Before EIP-161 blocks leave some.
    if (!this.#emptyIsAbsent) this.#state.emptyAccounts = true;
    const { residence } = this.#state;
    this.#record?.append({
      ...{ block, hardfork, result },
      accesses: job.encoding.evm && accessesBy(execution, residence),
    });
    this.#forget();
  }

  /** What nobody can come back to need not be kept. */
  #forget(): void {
    const { residence } = this.#state;
    const { rootMark = residence.mark } = this.#state;
    let oldest = Math.min(residence.mark, this.#last?.mark ?? residence.mark, rootMark);
    for (const { mark } of this.#snapshots.values()) oldest = Math.min(oldest, mark);
    residence.forgetBefore(oldest);
  }

  #snapshot(id: number): Snapshot {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) throw new InputError('id', `there is no snapshot ${describe(id)}`);
    return snapshot;
  }
}

function addressOf(address: string): Uint8Array {
  return bytesFromHex(readAddress(address, 'address'));
}

function wordOf(value: string | number | bigint, field: string): Uint8Array {
  return bytes32FromNumber(readAmount(value, field));
}
