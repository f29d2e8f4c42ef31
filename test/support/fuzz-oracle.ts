// The other opinion: transactions through the library's own runTx, over a state of plain maps.
import { createBlock, type HeaderData } from '@ethereumjs/block';
import type { AccountFields, Common, StateManagerInterface } from '@ethereumjs/common';
import type { EVM } from '@ethereumjs/evm';
import { OriginalStorageCache } from '@ethereumjs/statemanager';
import { createTx, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx';
import {
  Account,
  Address,
  bytesToUnprefixedHex,
  createBlockLevelAccessList,
  KECCAK256_NULL,
  KECCAK256_RLP,
} from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesFromHex } from '../../src/base/hex.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import { chainAt } from '../../src/executor/ethereumjs/chain.ts';
import type { EvmTransactionInput } from './evm-input.ts';
import type { EvmScenario, ScenarioAccount } from './evm-scenario.ts';

/** What one transaction did. */
export interface OracleResult {
  status: 'success' | 'reverted' | 'halted' | 'invalid';
  /** The library's words for a failure. */
  reason?: string;
  gasUsed: bigint;
  /** What the block's two sums grow by, where there are two. */
  blockGas?: bigint | undefined;
  stateGas?: bigint | undefined;
  /** Of the outermost frame; absent where none began, for want of gas before it. */
  executionGas: bigint | undefined;
  /** Before it is bounded. */
  refundCounter: bigint;
  returnData: Uint8Array;
  logs: readonly (readonly [address: Uint8Array, topics: Uint8Array[], data: Uint8Array])[];
  created?: Uint8Array | undefined;
}

interface OracleAccount {
  nonce: bigint;
  balance: bigint;
  codeHash: Uint8Array;
  code: Uint8Array;
  /** There was storage before the block, although the account has neither nonce nor code. */
  collides: boolean;
}

const none = new Uint8Array(0);
const someRoot = new Uint8Array(32);

/** Accounts and storage in maps, with an undo log. Nothing is cached or guessed. */
class PlainState implements StateManagerInterface {
  readonly originalStorageCache = new OriginalStorageCache((address, key) => this.getStorage(address, key));
  accounts = new Map<string, OracleAccount>();
  storage = new Map<string, Map<string, Uint8Array>>();
  #undo: (() => void)[] = [];
  #marks: number[] = [];

  reset(scenario: EvmScenario): void {
    this.accounts = new Map();
    this.storage = new Map();
    this.#undo = [];
    this.#marks = [];
    this.originalStorageCache.clear();
    for (const [address, { nonce, balance, code, storage }] of scenario.accounts) {
      const collides = nonce === 0n && code.length === 0 && storage.size > 0;
      const codeHash = code.length === 0 ? KECCAK256_NULL : keccak_256(code);
      this.accounts.set(address, { nonce, balance, code, codeHash, collides });
      const slots = new Map<string, Uint8Array>();
      for (const [slot, value] of storage) slots.set(slot, minimal(value));
      this.storage.set(address, slots);
    }
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const found = this.accounts.get(name(address));
    if (found === undefined) return undefined;
    return new Account(found.nonce, found.balance, found.collides ? someRoot : KECCAK256_RLP, found.codeHash);
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address);
    const old = this.accounts.get(name(address));
    const { nonce, balance } = account;
    this.#set(name(address), {
      nonce,
      balance,
      codeHash: old?.codeHash ?? KECCAK256_NULL,
      code: old?.code ?? none,
      collides: old?.collides ?? false,
    });
  }

  #set(key: string, account: OracleAccount | undefined): void {
    const old = this.accounts.get(key);
    if (account === undefined) this.accounts.delete(key);
    else this.accounts.set(key, account);
    this.#undo.push(() => {
      if (old === undefined) this.accounts.delete(key);
      else this.accounts.set(key, old);
    });
  }

  async deleteAccount(address: Address): Promise<void> {
    this.#set(name(address), undefined);
    await this.clearStorage(address);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    if (fields.nonce !== undefined) account.nonce = fields.nonce;
    if (fields.balance !== undefined) account.balance = fields.balance;
    await this.putAccount(address, account);
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    const old = this.accounts.get(name(address)) ?? { nonce: 0n, balance: 0n, collides: false };
    const codeHash = code.length === 0 ? KECCAK256_NULL : keccak_256(code);
    this.#set(name(address), { ...old, code: Uint8Array.from(code), codeHash });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    return this.accounts.get(name(address))?.code ?? none;
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return this.storage.get(name(address))?.get(hex(key)) ?? none;
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    const slot = hex(key);
    let slots = this.storage.get(name(address));
    if (slots === undefined) {
      slots = new Map();
      this.storage.set(name(address), slots);
    }
    const old = slots.get(slot);
    slots.set(slot, value);
    const there = slots;
    this.#undo.push(() => {
      if (old === undefined) there.delete(slot);
      else there.set(slot, old);
    });
  }

  async clearStorage(address: Address): Promise<void> {
    const key = name(address);
    const old = this.storage.get(key);
    this.storage.set(key, new Map());
    this.#undo.push(() => {
      if (old === undefined) this.storage.delete(key);
      else this.storage.set(key, old);
    });
  }

  async checkpoint(): Promise<void> {
    this.#marks.push(this.#undo.length);
  }

  async commit(): Promise<void> {
    this.#marks.pop();
    if (this.#marks.length === 0) this.#undo = [];
  }

  async revert(): Promise<void> {
    const mark = this.#marks.pop() ?? 0;
    while (this.#undo.length > mark) this.#undo.pop()!();
  }

  // Roots: receipts before Byzantium ask for one, and nobody looks at it.
  async getStateRoot(): Promise<Uint8Array> {
    return someRoot;
  }

  async setStateRoot(): Promise<void> {}

  async hasStateRoot(): Promise<boolean> {
    return false;
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    throw new Error('nobody copies the state of the oracle');
  }
}

function name(address: Address): string {
  return hex(address.bytes);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function minimal(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return value === 0n ? none : new Uint8Array(Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, 'hex'));
}

/** Wrong values for parameters of the library, by its names: a fuzzer must find them. */
export type Faults = Readonly<Record<string, bigint>>;

/** The library at one fork and chain. */
class Chain {
  readonly common: Common;
  readonly state: PlainState;
  hashes: EvmScenario['block']['blockHashes'] = [];
  number = 0n;
  /** Whose code frames of the scenario have begun, in hex; of an outermost creation the number that it was. */
  readonly entered = new Set<string>();
  readonly vm: VM;

  private constructor(common: Common, vm: VM, state: PlainState) {
    this.common = common;
    this.vm = vm;
    this.state = state;
  }

  static async create(fork: Hardfork, chainId: bigint, faults: Faults): Promise<Chain> {
    const common = chainAt(Number(chainId), fork);
    const param = common.param.bind(common);
    common.param = (parameter) => faults[parameter] ?? param(parameter);
    const state = new PlainState();
    let chain: Chain | undefined;
    const blockchain = {
      async getBlock(asked: number) {
        const hash = chain!.hashes[Number(chain!.number - BigInt(asked)) - 1];
        if (hash === undefined) throw new Error(`nobody knows the hash of block ${asked}`);
        return { hash: () => bytesFromHex(hash) };
      },
      async putBlock() {},
      shallowCopy() {
        return blockchain;
      },
    };
    const vm = await createVM({ common, stateManager: state, blockchain });
    const begun = new Chain(common, vm, state);
    (vm.evm as EVM).events.on('beforeMessage', (message) => {
      if (message.to !== undefined) begun.entered.add(name(message.codeAddress));
      else if (message.depth === 0) begun.entered.add(`creation ${begun.entered.size}`);
    });
    chain = begun;
    return chain;
  }

  begin(scenario: EvmScenario): ReturnType<typeof createBlock> {
    const { block } = scenario;
    this.state.reset(scenario);
    this.entered.clear();
    this.vm.evm.journal.cleanJournal();
    (this.vm.evm as EVM).transientStorage.clear();
    this.hashes = block.blockHashes;
    this.number = block.number;
    const header: HeaderData = {
      coinbase: new Address(block.coinbase),
      number: block.number,
      gasLimit: block.gasLimit,
      timestamp: block.timestamp,
    };
    if (this.common.isActivatedEIP(4399)) header.mixHash = word(block.randao);
    else header.difficulty = block.randao;
    if (this.common.isActivatedEIP(1559)) header.baseFeePerGas = block.baseFeePerGas;
    if (this.common.isActivatedEIP(4844)) {
      header.excessBlobGas = scenario.excessBlobGas;
      header.blobGasUsed = 0n;
    }
    if (this.common.isActivatedEIP(7843)) header.slotNumber = block.slotNumber ?? 0n;
    return createBlock({ header }, { common: this.common, skipConsensusFormatValidation: true });
  }

  transaction(input: EvmTransactionInput): TypedTransaction {
    const { type, nonce, gasLimit, value, data, to } = input;
    const fields: Record<string, unknown> = { type, nonce, gasLimit, value, data };
    if (to !== undefined) fields.to = new Address(to);
    if (type <= 1) fields.gasPrice = input.maxFeePerGas;
    else {
      fields.maxFeePerGas = input.maxFeePerGas;
      fields.maxPriorityFeePerGas = input.maxPriorityFeePerGas;
    }
    if (type >= 1) {
      fields.chainId = this.common.chainId();
      fields.accessList = (input.accessList ?? []).map(({ address, storageKeys }) => [address, [...storageKeys]]);
    }
    if (type === 3) {
      fields.maxFeePerBlobGas = input.maxFeePerBlobGas ?? 0n;
      fields.blobVersionedHashes = (input.blobVersionedHashes ?? []).map((hash) => `0x${hex(hash)}`);
    }
    if (type === 4) {
      fields.authorizationList = (input.authorizationList ?? []).map((item) => [
        minimal(item.chainId),
        item.address,
        minimal(item.nonce),
        minimal(item.yParity),
        minimal(item.r),
        minimal(item.s),
      ]);
    }
    const transaction = createTx(fields as TypedTxData, { common: this.common, freeze: false });
    const sender = new Address(input.sender!);
    transaction.getSenderAddress = () => sender;
    return transaction;
  }
}

/** An access list that nobody reads: at each call the library copies the list, which takes longer than the call does. */
function unreadList(): ReturnType<typeof createBlockLevelAccessList> {
  return Object.assign(createBlockLevelAccessList(), { checkpoint() {}, commit() {}, revert() {} });
}

function isPrecompile({ precompiles }: Pick<EVM, 'precompiles'>, to: Uint8Array | undefined): boolean {
  return to !== undefined && precompiles.has(bytesToUnprefixedHex(to));
}

function word(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

/** An instruction, as the library's table has it. */
interface LibraryOpcode {
  gasHandler(
    runState: {
      readonly env: { readonly depth: number; readonly contract: { readonly balance: bigint; readonly nonce: bigint } };
      readonly stack: { peek(count: number): bigint[] };
    },
    ...rest: unknown[]
  ): unknown;
}

const MOST_NONCES = (1n << 64n) - 1n;
const DEEPEST = 1024;

/**
 * Sees where a transaction meets rules of state gas (EIP-8037) of which the library has an earlier draft. All of them are about
 * state gas that a frame pays with gas of its own:
 * - in a frame that another one has called, or given back in one whose caller has paid so: it is given back across frames now;
 * - for the account that a call makes: it goes off before the callee is given 63/64 of the rest, not afterwards;
 * - for that of a creation which fails early, for want of balance, nonces or depth: nothing is due, so nothing can be too much.
 */
class SpillWatch {
  crossed = false;
  readonly #evm: EVM;
  #depth = 0;
  #spilled = false;
  /** Whether the last charge was paid by the frame. */
  #pays = false;
  #used = 0n;
  #reservoir = 0n;
  readonly #restore: (() => void)[] = [];

  constructor(evm: EVM) {
    this.#evm = evm;
    for (const creation of [0xf0, 0xf5]) this.#watch(creation);
    // The library counts what was used right after it has taken it from the reservoir.
    Object.defineProperty(evm, 'executionStateGasUsed', {
      configurable: true,
      enumerable: true,
      get: () => this.#used,
      set: (used: bigint) => this.#note(used),
    });
  }

  #watch(creation: number): void {
    const entry = (Reflect.get(this.#evm, '_opcodeMap') as LibraryOpcode[])[creation]!;
    const { gasHandler } = entry;
    entry.gasHandler = (runState, ...rest) => {
      const { depth, contract } = runState.env;
      const [value] = runState.stack.peek(1);
      if (contract.balance < value! || contract.nonce >= MOST_NONCES || depth >= DEEPEST) this.crossed = true;
      return gasHandler(runState, ...rest);
    };
    this.#restore.push(() => {
      entry.gasHandler = gasHandler;
    });
  }

  #note(used: bigint): void {
    const more = used - this.#used;
    const taken = this.#reservoir - this.#evm.stateGasReservoir;
    const inside = this.#depth > 1;
    this.#pays = more > 0n && more > taken;
    this.#spilled ||= this.#pays;
    if (inside && (this.#pays || (more < 0n && this.#spilled))) this.crossed = true;
    this.#used = used;
    this.#reservoir = this.#evm.stateGasReservoir;
  }

  /** The library's call of a frame, which knows how deep it is. */
  watched(runCall: EVM['runCall']): EVM['runCall'] {
    return async (options) => {
      const isMade = options.message?.to !== undefined && options.message.value > 0n;
      if (this.#depth > 0 && this.#pays && isMade) this.crossed = true;
      this.#pays = false;
      this.#depth++;
      try {
        return await runCall(options);
      } finally {
        this.#depth--;
      }
    };
  }

  end(): void {
    for (const restore of this.#restore) restore();
    Object.defineProperty(this.#evm, 'executionStateGasUsed', {
      configurable: true,
      enumerable: true,
      writable: true,
      value: this.#used,
    });
  }
}

export interface OracleRun {
  readonly results: readonly OracleResult[];
  readonly ran: EvmTransactionInput[];
  readonly accounts: Map<string, ScenarioAccount>;
  /** Accounts whose code frames have begun, in hex, and the outermost creations. */
  readonly entered: ReadonlySet<string>;
}

export class EvmOracle {
  readonly #chains = new Map<string, Promise<Chain>>();
  readonly #faults: Faults;
  /** Called before each transaction, for whoever listens to the library's events. */
  before: ((evm: EVM, transaction: number) => void) | undefined;

  constructor(faults: Faults = {}) {
    this.#faults = faults;
  }

  /**
   * Runs the transactions one after the other; those that the library refuses change nothing. `instead`: by index, what runs in
   * place of a transaction by rules of which the library has an earlier draft; `ran` are those that count.
   */
  async run(scenario: EvmScenario, instead: readonly EvmTransactionInput[] = []): Promise<OracleRun> {
    const { fork, chainId } = scenario.block;
    const key = `${fork} ${chainId}`;
    const known = this.#chains.get(key) ?? Chain.create(fork, chainId, this.#faults);
    this.#chains.set(key, known);
    const chain = await known;
    const block = chain.begin(scenario);
    const results: OracleResult[] = [];
    const ran: EvmTransactionInput[] = [];
    const { state } = chain;
    for (const [index, input] of scenario.transactions.entries()) {
      this.before?.(chain.vm.evm as EVM, index);
      const other = instead[index];
      if (other === undefined || other === input) {
        results.push(await this.#runOne(chain, block, input));
        ran.push(input);
        continue;
      }
      await state.checkpoint();
      const spills = new SpillWatch(chain.vm.evm as EVM);
      const result = await this.#runOne(chain, block, input, spills);
      spills.end();
      await (spills.crossed ? state.revert() : state.commit());
      state.originalStorageCache.clear();
      results.push(spills.crossed ? await this.#runOne(chain, block, other) : result);
      ran.push(spills.crossed ? other : input);
    }
    const accounts = new Map<string, ScenarioAccount>();
    for (const [address, { nonce, balance, code }] of state.accounts) {
      const storage = new Map<string, bigint>();
      for (const [slot, value] of state.storage.get(address) ?? []) {
        const number = value.length === 0 ? 0n : BigInt(`0x${hex(value)}`);
        if (number !== 0n) storage.set(slot, number);
      }
      accounts.set(address, { nonce, balance, code, storage });
    }
    return { results, ran, accounts, entered: chain.entered };
  }

  async #runOne(
    chain: Chain,
    block: ReturnType<typeof createBlock>,
    input: EvmTransactionInput,
    spills?: SpillWatch,
  ): Promise<OracleResult> {
    const { evm } = chain.vm;
    let called = false;
    const runCall = evm.runCall;
    if (chain.common.isActivatedEIP(7928)) Object.assign(evm, { blockLevelAccessList: unreadList() });
    try {
      const tx = chain.transaction(input);
      let refundCounter = 0n;
      evm.runCall = async (options) => {
        called = true;
        evm.runCall = spills?.watched(runCall.bind(evm)) ?? runCall;
        // The library notes the refund counter in this result, and forgets it where EIP-7623's floor is higher.
        return Object.defineProperty(await evm.runCall(options), 'gasRefund', {
          get: () => refundCounter,
          set: (gas: bigint) => {
            if (gas !== 0n) refundCounter = gas;
          },
        });
      };
      const result = await runTx(chain.vm, { tx, block, blockGasUsed: 0n });
      const { execResult, totalGasSpent, createdAddress } = result;
      let reason: string | undefined = execResult.exceptionError?.error;
      // Before Homestead a contract whose code cannot be paid for is left without code, and that is a success (Yellow
      // Paper, Frontier); the library does the same, and calls it an error.
      if (reason === 'code store out of gas' && chain.common.hardfork() === 'chainstart') reason = undefined;
      // A failing precompile takes all gas; of those on bn254 the library says that they reverted.
      if (reason === 'revert' && isPrecompile(evm, input.to)) reason = 'a failing precompile';
      return {
        status: reason === undefined ? 'success' : reason === 'revert' ? 'reverted' : 'halted',
        ...(reason === undefined ? {} : { reason }),
        gasUsed: totalGasSpent,
        blockGas: result.txRegularGas,
        stateGas: result.txStateGas,
        executionGas: called && !(evm as EVM).eip2780PrepOog ? execResult.executionGasUsed : undefined,
        refundCounter,
        returnData: execResult.returnValue,
        logs: execResult.logs ?? [],
        created: createdAddress?.bytes,
      };
    } catch (error) {
      // Before the call the library refuses by throwing; behind it, that is a fault of the library's.
      if (called) throw error;
      return {
        status: 'invalid',
        reason: error instanceof Error ? error.message : String(error),
        gasUsed: 0n,
        executionGas: 0n,
        refundCounter: 0n,
        returnData: none,
        logs: [],
      };
    } finally {
      evm.runCall = runCall;
    }
  }
}
