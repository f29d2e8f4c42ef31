// Requests of JSON-RPC by families, on any chain: calls, simulations and traces with all that may stand in them, reads in each way in which
// a block can be named, filters of logs, and each parameter of each method with something else in its place.

import type { Random } from './fuzz-random.ts';
import type { RpcRequest } from './rpc-mutations.ts';

/** What is asked about. */
export interface AskedChain {
  readonly blocks: readonly { readonly number: string; readonly hash: string }[];
  readonly transactions: readonly { readonly hash: string; readonly blockNumber: string }[];
  readonly accounts: readonly string[];
  readonly logs: readonly {
    readonly address: string;
    readonly topics: readonly string[];
    readonly blockNumber: string;
  }[];
}

type Json = Record<string, unknown>;

const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;
const address = (value: number) => `0x${value.toString(16).padStart(40, '0')}`;
const hex = (value: number) => `0x${value.toString(16)}`;
const MOST = `0x${'f'.repeat(64)}`;
const PLACES = [0xaa00, 0xaa01, 0xaa02, 0xc0ffee].map(address);
const PRECOMPILES = [1, 2, 4, 5, 9, 0x0a, 0x0b, 0x100].map(address);
const CODES = [
  ...[
    '0x',
    '0x43600052465960005260206000f3',
    '0x6000545f5260205ff3',
    '0x5f5ffd',
    '0xfe',
    '0x5b5f56',
    '0x30ff',
    '0x33ff',
  ],
  ...['0x4260005243602052446040524560605246608052485f5260a05ff3', '0x5f35545f5260205ff3', '0x60016000556001600155'],
  ...['0x60ff60005360016000f3', '0x475f52325f52345f523660205260405ff3', '0x4a5f5260205ff3', '0x5f495f5260205ff3'],
  ...[
    '0x60005f5f5f5f6004617530f1',
    '0x5f5f5f5f345af1',
    '0x61010054600101610100555f5fa0',
    '0x36600060003760003660006000f0',
  ],
  ...[
    '0x60205f5f60205f6002620186a0fa5f5260205ff3',
    `0xef0100${PLACES[1]!.slice(2)}`,
    '0x634e487b715f5260116020526024601cfd',
  ],
];
const TRACERS: readonly Json[] = [
  { tracer: 'callTracer', tracerConfig: { withLog: true } },
  { tracer: 'callTracer', tracerConfig: { onlyTopCall: true, withLog: true } },
  { tracer: 'flatCallTracer', tracerConfig: { includePrecompiles: true, convertParityErrors: true } },
  { tracer: 'prestateTracer' },
  { tracer: 'prestateTracer', tracerConfig: { diffMode: true } },
  { tracer: 'prestateTracer', tracerConfig: { includeEmpty: true } },
  { tracer: 'prestateTracer', tracerConfig: { diffMode: true, disableCode: true, disableStorage: true } },
  {
    tracer: 'muxTracer',
    tracerConfig: { callTracer: { withLog: true }, prestateTracer: { diffMode: true }, noopTracer: null },
  },
  { tracer: 'erc7562Tracer', tracerConfig: { withLog: true, ignoredOpcodes: ['0x50', '0x60'], stackTopItemsSize: 3 } },
  ...[{ tracer: '4byteTracer' }, { tracer: 'noopTracer' }, { tracer: 'keccak256PreimageTracer' }, {}],
  ...[{ enableMemory: true, enableReturnData: true }, { disableStack: true, disableStorage: true }, { limit: 200 }],
  ...[
    { reexec: 128, timeout: '1m30s' },
    { tracer: 'callTracer', tracerConfig: null, enableMemory: true, overrides: {} },
  ],
];
/** In the place of a parameter, or of a field of one. */
const NONSENSE = [
  ...[
    null,
    true,
    0,
    1,
    -1,
    1.5,
    1e30,
    '',
    '0x',
    '0x0',
    '0x00',
    '0x014',
    '0X14',
    '14',
    'Latest',
    ' latest',
    '0xg',
    '-0x1',
  ],
  ...[
    '0x7fffffffffffffff',
    '0x8000000000000000',
    '0xffffffffffffffff',
    '0x10000000000000000',
    MOST,
    `${MOST}f`,
    '0x12',
  ],
  ...[19, 20, 21, 31, 33].map((length) => `0x${'12'.repeat(length)}`),
  ...[20, 32].flatMap((length) => [`0X${'12'.repeat(length)}`, '12'.repeat(length)]),
  ...[[], [null], [[]], {}, { a: 1 }, 'null', '\u0000', 'é', '0x1 ', '1e3', '0x1.5'],
];

export class RpcFamilies {
  readonly #random: Random;
  readonly #chain: AskedChain;
  readonly #accounts: readonly string[];

  constructor(chain: AskedChain, random: Random) {
    this.#chain = chain;
    this.#random = random;
    this.#accounts = [...chain.accounts, ...PRECOMPILES, ...PLACES];
  }

  next(): RpcRequest {
    const { request } = this.#pick([
      { request: () => this.#execution() },
      { request: () => this.#trace() },
      { request: () => this.#simulation() },
      { request: () => this.#read() },
      { request: () => this.#logs() },
      { request: () => this.#ranges() },
      { request: () => this.#nonsense() },
    ]);
    return request();
  }

  #execution(): RpcRequest {
    const method = this.#pick(['eth_call', 'eth_estimateGas', 'eth_createAccessList']);
    // Where precompiled contracts are moved or overridden, geth heeds it in eth_call alone.
    const overrides = this.#overrides(method === 'eth_call');
    const params = [this.#call(), this.#block(), overrides, this.#blockOverrides()];
    return { method, params: params.slice(0, this.#random.between(1, method === 'eth_createAccessList' ? 3 : 4)) };
  }

  #trace(): RpcRequest {
    const options = this.#pick(TRACERS);
    const { hash, blockNumber } = this.#pick(this.#chain.transactions);
    switch (this.#random.below(4)) {
      case 0:
        return { method: 'debug_traceTransaction', params: [hash, options] };
      case 1:
        return { method: 'debug_traceBlockByNumber', params: [blockNumber, options] };
    }
    const more = {
      ...(this.#isOne(2) && { stateOverrides: this.#overrides() }),
      ...(this.#isOne(3) && { blockOverrides: this.#blockOverrides() }),
      ...(this.#isOne(3) && { txIndex: hex(this.#random.below(6)) }),
    };
    return { method: 'debug_traceCall', params: [this.#call(), this.#block(), { ...options, ...more }] };
  }

  #simulation(): RpcRequest {
    let [number, time] = [Number(this.#chain.blocks.at(-1)!.number) + 1, 541];
    const blockStateCalls = this.#list(1, 3, () => {
      const blockOverrides: Json = { ...this.#blockOverrides() };
      delete blockOverrides.difficulty;
      if (blockOverrides.number !== undefined) {
        number += this.#random.below(4);
        blockOverrides.number = hex(number);
      }
      if (blockOverrides.time !== undefined) {
        time += this.#random.below(40);
        blockOverrides.time = hex(time);
      }
      if (this.#isOne(5)) blockOverrides.beaconRoot = word(this.#random.below(1000));
      if (this.#isOne(5)) blockOverrides.withdrawals = this.#list(0, 2, () => this.#withdrawal());
      number++;
      time += 12;
      const calls = this.#list(0, 3, () => this.#call());
      return { blockOverrides, calls, ...(this.#isOne(2) && { stateOverrides: this.#overrides() }) };
    });
    const flags = ['validation', 'traceTransfers', 'returnFullTransactions'].filter(() => this.#isOne(2));
    const options = Object.fromEntries(flags.map((name) => [name, true]));
    return { method: 'eth_simulateV1', params: [{ blockStateCalls, ...options }, 'latest'] };
  }

  #read(): RpcRequest {
    const [account, block] = [this.#pick(this.#accounts), this.#block()];
    const { number, hash } = this.#pick(this.#chain.blocks);
    const { hash: transaction } = this.#pick(this.#chain.transactions);
    const index = this.#pick(['0x0', '0x1', '0x5', '0xffffffff']);
    const slot = () => this.#pick(['0x0', '1', '0x01', '', word(1), word(2).slice(2)]);
    const percentiles = this.#pick([[], [0, 100], [10, 25.5, 99.9], [50, 50], [-1], [101]]);
    return this.#pick<RpcRequest>([
      { method: this.#pick(['eth_getBalance', 'eth_getCode', 'eth_getTransactionCount']), params: [account, block] },
      { method: 'eth_getStorageAt', params: [account, slot(), block] },
      { method: 'eth_getProof', params: [account, this.#list(0, 3, slot), block] },
      { method: 'eth_getStorageValues', params: [{ [account]: [word(1), word(2)] }, block] },
      { method: 'eth_feeHistory', params: [this.#pick(['0x0', '0x1', '0x5', '0x400', 5, '5']), number, percentiles] },
      { method: this.#pick(['eth_getBlockReceipts', 'debug_getRawReceipts']), params: [block] },
      { method: this.#pick(['debug_getRawBlock', 'debug_getRawHeader']), params: [block] },
      {
        method: this.#pick(['eth_getUncleByBlockNumberAndIndex', 'eth_getTransactionByBlockNumberAndIndex']),
        params: [number, index],
      },
      {
        method: this.#pick(['eth_getUncleByBlockHashAndIndex', 'eth_getRawTransactionByBlockHashAndIndex']),
        params: [hash, index],
      },
      { method: this.#pick(['eth_getBlockByNumber']), params: [number, this.#isOne(2)] },
      { method: this.#pick(['eth_getTransactionByHash', 'eth_getTransactionReceipt']), params: [transaction] },
    ]);
  }

  #logs(): RpcRequest {
    const { address: place, topics, blockNumber } = this.#pick(this.#chain.logs);
    const other = () => this.#pick(this.#chain.logs).topics[0] ?? null;
    const wanted = () => this.#pick([null, other(), [other(), other()], [], [null, other()]]);
    const range = this.#isOne(3)
      ? { blockHash: this.#pick(this.#chain.blocks).hash }
      : {
          fromBlock: this.#pick(['earliest', '0x3', blockNumber]),
          toBlock: this.#pick(['latest', blockNumber, '0x40', null]),
        };
    const filter = {
      ...range,
      address: this.#pick([place, [place, this.#pick(this.#accounts)], place, [null]]),
      ...(this.#isOne(2) && { topics: this.#isOne(2) ? topics : this.#list(0, 5, wanted) }),
    };
    return { method: 'eth_getLogs', params: [filter] };
  }

  /** Parts of states, what differs between two of them, and what is about the node. */
  #ranges(): RpcRequest {
    const { number, hash } = this.#pick(this.#chain.blocks);
    const other = this.#pick(this.#chain.blocks);
    const block = this.#block();
    const account = this.#pick([...this.#accounts, ...this.#chain.logs.map((log) => log.address)]);
    const start = () => this.#pick(['0x', '0x', '0x00', '0x7f', '0x0123', hash, `${hash}ab`, MOST, `${MOST}ff`]);
    const most = this.#pick([-1, 0, 1, 2, 5, 100, 256, 257, 1e6]);
    return this.#pick<RpcRequest>([
      { method: this.#pick(['eth_baseFee', 'eth_capabilities', 'eth_pendingTransactions']), params: [] },
      { method: 'debug_getBadBlocks', params: [] },
      { method: this.#pick(['debug_traceBadBlock', 'debug_intermediateRoots']), params: [hash, this.#pick(TRACERS)] },
      { method: 'debug_intermediateRoots', params: [hash] },
      { method: 'debug_dumpBlock', params: [this.#pick(['latest', number])] },
      {
        method: 'debug_accountRange',
        params: [block, start(), most, this.#isOne(2), this.#isOne(2), this.#isOne(2)],
      },
      { method: 'debug_storageRangeAt', params: [block, this.#pick([0, 0, 0, 1, 2, -1]), account, start(), most] },
      {
        method: 'debug_getModifiedAccountsByNumber',
        params: this.#isOne(3) ? [Number(number)] : [Number(number), Number(other.number)],
      },
      { method: 'debug_getModifiedAccountsByHash', params: this.#isOne(3) ? [hash] : [hash, other.hash] },
    ]);
  }

  /** A request with one parameter, or one field of one, that is something else, is missing, or is one too many. */
  #nonsense(): RpcRequest {
    const { method, params } = this.#pick([
      () => this.#execution(),
      () => this.#trace(),
      () => this.#simulation(),
      () => this.#read(),
      () => this.#ranges(),
    ])();
    if (this.#isOne(10)) return { method, params: params.slice(0, -1) };
    if (params.length === 0 || this.#isOne(10)) return { method, params: [...params, ...Array(4).fill('more')] };
    const at = this.#random.below(params.length);
    const changed = (value: unknown): unknown => {
      if (Array.isArray(value) && value.length > 0 && this.#isOne(2)) return value.with(0, changed(value[0]));
      if (typeof value !== 'object' || value === null || Array.isArray(value) || this.#isOne(4))
        return this.#pick(NONSENSE);
      const names = Object.keys(value).filter((name) => name !== 'tracer');
      if (names.length === 0) return this.#pick(NONSENSE);
      const name = this.#pick(names);
      return { ...value, [name]: changed((value as Json)[name]) };
    };
    return { method, params: params.with(at, changed(params[at])) };
  }

  #call(): Json {
    const fees = this.#pick<Json>([
      ...[{}, {}, {}, { gasPrice: this.#pick(['0x0', '0x1', '0x3b9aca00']) }, { maxPriorityFeePerGas: '0x1' }],
      { maxFeePerGas: this.#pick(['0x0', '0x1', '0x174876e800']), maxPriorityFeePerGas: this.#pick(['0x0', '0x1']) },
    ]);
    const blobs = { blobVersionedHashes: this.#list(1, 2, () => this.#pick([word(1), `0x01${'22'.repeat(31)}`])) };
    return {
      ...(!this.#isOne(6) && { from: this.#pick(this.#accounts) }),
      ...(!this.#isOne(6) && { to: this.#pick(this.#accounts) }),
      ...(this.#isOne(3) && { value: this.#pick(['0x0', '0x1', '0xffffffffffffffffffffffffffff']) }),
      ...(this.#isOne(2) && { gas: this.#pick(['0x5208', '0x5207', '0xc350', '0x186a0', '0x989680', '0x1000001']) }),
      ...(this.#isOne(2) && { [this.#pick(['data', 'input'])]: this.#pick(['0x', '0x00', word(1), ...CODES]) }),
      ...fees,
      ...(this.#isOne(5) && { nonce: this.#pick(['0x0', '0x5', '0xf6', '0xffffffffffffffff']) }),
      ...(this.#isOne(6) && { accessList: this.#list(0, 2, () => this.#access()) }),
      ...(this.#isOne(20) && fees.gasPrice === undefined && blobs),
      ...(this.#isOne(12) && { chainId: '0x1' }),
    };
  }

  #access(): Json {
    return { address: this.#pick(this.#accounts), storageKeys: this.#list(0, 2, () => word(this.#random.below(4))) };
  }

  #withdrawal(): Json {
    return {
      index: '0x0',
      validatorIndex: '0x1',
      address: this.#pick(this.#accounts),
      amount: hex(this.#random.below(1e9)),
    };
  }

  /** Of accounts that do not become empty by it, which geth keeps in the state all the same. */
  #overrides(mayMove = true): Json {
    const among = mayMove ? this.#accounts : this.#accounts.filter((account) => !PRECOMPILES.includes(account));
    const slots = () =>
      Object.fromEntries(this.#list(0, 2, () => [word(this.#random.below(4)), word(this.#random.below(3))]));
    const accounts = this.#list(0, 3, () => [
      this.#pick(among),
      {
        balance: this.#pick(['0x1', '0x56bc75e2d63100000', MOST]),
        ...(this.#isOne(3) && { nonce: this.#pick(['0x1', '0x5', '0xfffffffffffffffd']) }),
        ...(this.#isOne(2) && { code: this.#pick(CODES) }),
        ...(this.#isOne(3) && { [this.#pick(['state', 'stateDiff'])]: slots() }),
        ...(this.#isOne(25) && { state: {}, stateDiff: {} }),
        ...(mayMove && this.#isOne(8) && { movePrecompileToAddress: this.#pick(this.#accounts) }),
      },
    ]);
    return Object.fromEntries(accounts);
  }

  #blockOverrides(): Json {
    return {
      ...(this.#isOne(3) && { number: hex(this.#random.between(50, 62)) }),
      ...(this.#isOne(3) && { time: hex(this.#random.between(540, 590)) }),
      ...(this.#isOne(4) && { gasLimit: this.#pick(['0x1c9c380', '0x5208', '0xffffffffffffffff']) }),
      ...(this.#isOne(4) && { feeRecipient: this.#pick(this.#accounts) }),
      ...(this.#isOne(4) && { prevRandao: word(this.#random.below(1000)) }),
      ...(this.#isOne(4) && { baseFeePerGas: this.#pick(['0x0', '0x1', '0x3b9aca00']) }),
      ...(this.#isOne(4) && { blobBaseFee: this.#pick(['0x0', '0x1', '0x64']) }),
    };
  }

  #block(): unknown {
    const { number, hash } = this.#pick(this.#chain.blocks);
    const object = this.#pick<Json>([
      { blockHash: hash, requireCanonical: true },
      { blockHash: hash },
      { blockNumber: number },
    ]);
    return this.#pick<unknown>(['latest', 'latest', 'earliest', number, hash, object]);
  }

  #list<T>(least: number, most: number, one: () => T): T[] {
    return Array.from({ length: this.#random.between(least, most) }, one);
  }

  #pick<T>(items: readonly T[]): T {
    return this.#random.pick(items);
  }

  #isOne(of: number): boolean {
    return this.#random.below(of) === 0;
  }
}
