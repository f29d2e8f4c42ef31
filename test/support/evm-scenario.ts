// A block of transactions over a small state, run by the core and by the library, and every difference between the two.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { CONTROL_BASE, Control } from '../../assembly/layout.ts';
import { hexFromBytes } from '../../src/base/hex.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import type { EvmTransactionOutput } from '../../src/core/evm/evm-decode.ts';
import type { EvmBlockInput } from '../../src/core/evm/evm-encode.ts';
import { preparePrecompiles } from '../../src/precompiles/precompiles.ts';
import { EvmHost, type EvmRun } from './evm-host.ts';
import type { EvmTransactionInput } from './evm-input.ts';
import { disassemble } from './evm-program.ts';
import { type Account, hexBytes, hexText, PreState } from './evm-state.ts';
import { EvmOracle, type Faults, type OracleResult } from './fuzz-oracle.ts';

export interface ScenarioAccount {
  nonce: bigint;
  balance: bigint;
  code: Uint8Array;
  /** By slot, 64 hexadecimal digits; without zeros. */
  storage: Map<string, bigint>;
}

export interface EvmScenario {
  block: EvmBlockInput;
  excessBlobGas: bigint;
  /** By address, 40 hexadecimal digits. */
  accounts: Map<string, ScenarioAccount>;
  transactions: EvmTransactionInput[];
}

/** How the addresses begin of the programs that transactions of random cases begin with. */
export const ENTRIES = 'e00000000000000000000000';

/** Addresses beyond every memory, and zeros, next to each other in every order. */
const poison = Uint32Array.from({ length: 1 << 18 }, (_, at) => (at % 5 === 1 || at % 5 === 4 ? 0 : 0xf0f0f0f0));

/** Both sides, kept from scenario to scenario. */
export class EvmDuel {
  readonly host: EvmHost;
  readonly oracle: EvmOracle;
  /** What has been compared so far; `programs`: those of random cases that have run, once in each case. */
  readonly seen = {
    programs: 0,
    transactions: 0,
    success: 0,
    reverted: 0,
    halted: 0,
    invalid: 0,
    logs: 0,
    gas: 0n,
    instead: 0,
  };

  constructor(host: EvmHost, faults: Faults = {}) {
    this.host = host;
    this.oracle = new EvmOracle(faults);
  }

  static async create(faults: Faults = {}): Promise<EvmDuel> {
    // So that the fast libraries are compared with those of the library.
    await preparePrecompiles();
    return new EvmDuel(await EvmHost.create({ memoryMiB: 384, transactions: 256, locations: 16384 }), faults);
  }

  /**
   * What differs first, in words; undefined where everything agrees. `instead`: what runs in place of transactions that the
   * library knows earlier rules of, see EvmOracle.run.
   */
  async difference(scenario: EvmScenario, instead?: readonly EvmTransactionInput[]): Promise<string | undefined> {
    const { results, ran, accounts, entered } = await this.oracle.run(scenario, instead);
    const state = preState(scenario);
    const run = this.#run({ ...scenario, transactions: ran }, state);
    if (run.halt !== 0) return `the core halted (${run.halt})`;
    this.seen.instead += ran.filter((one, index) => one !== scenario.transactions[index]).length;
    for (const [index, result] of run.results.entries()) {
      const found = resultDifference(result, results[index]!);
      if (found !== undefined) return `transaction ${index}: ${found}`;
      this.seen.transactions++;
      this.seen[result.status]++;
      this.seen.logs += result.logs.length;
      this.seen.gas += result.gasUsed;
    }
    for (const name of entered) if (name.startsWith(ENTRIES) || name.startsWith('creation')) this.seen.programs++;
    return this.#stateDifference(state.after(run), accounts);
  }

  /** The core's side alone. */
  runCore(scenario: EvmScenario): EvmRun {
    return this.#run(scenario, preState(scenario));
  }

  /** What differs between the state that the core leaves and another. */
  stateDifference(scenario: EvmScenario, other: Map<string, ScenarioAccount>): string | undefined {
    const state = preState(scenario);
    return this.#stateDifference(state.after(this.#run(scenario, state)), other);
  }

  #run({ block, transactions }: EvmScenario, state: PreState): EvmRun {
    // Old bytes: what is taken from the arena is not cleared, and must not matter.
    const { buffer } = this.host.memory;
    const start = new DataView(buffer).getUint32(CONTROL_BASE + Control.ARENA_START, true);
    new Uint32Array(buffer, start, Math.min(poison.length, (buffer.byteLength - start) >> 2)).set(poison);
    return this.host.run({ ...block, emptyAccounts: state.emptyAccounts }, transactions, state.base, state.codes);
  }

  #stateDifference(ours: Map<string, Account>, theirs: Map<string, ScenarioAccount>): string | undefined {
    for (const address of new Set([...ours.keys(), ...theirs.keys()])) {
      const our = ours.get(address);
      const their = theirs.get(address);
      const there = our !== undefined && (our.exists || !isEmpty(our));
      const say = (what: string, left: unknown, right: unknown) => `${what} of ${address} is ${left}, not ${right}`;
      const same = our?.codeHash === undefined ? (their?.code.length ?? 0) === 0 : hasHash(our.codeHash, their?.code);
      if (!same)
        return say('code', hexText(our?.codeHash ?? new Uint8Array(0)), hexText(their?.code ?? new Uint8Array(0)));
      if ((our?.nonce ?? 0n) !== (their?.nonce ?? 0n)) return say('nonce', our?.nonce, their?.nonce);
      if ((our?.balance ?? 0n) !== (their?.balance ?? 0n)) return say('balance', our?.balance, their?.balance);
      if (there !== (their !== undefined)) return say('existence', there, their !== undefined);
      for (const slot of new Set([...(our?.storage.keys() ?? []), ...(their?.storage.keys() ?? [])])) {
        const left = our?.storage.get(slot) ?? 0n;
        const right = their?.storage.get(slot) ?? 0n;
        if (left !== right) return say(`slot ${slot}`, left, right);
      }
    }
    return undefined;
  }
}

function isEmpty({ nonce, balance, codeHash }: Account): boolean {
  return nonce === 0n && balance === 0n && codeHash === undefined;
}

const hashes = new WeakMap<Uint8Array, string>();
function hasHash(hash: Uint8Array, code: Uint8Array | undefined): boolean {
  if (code === undefined || code.length === 0) return false;
  let known = hashes.get(code);
  if (known === undefined) {
    known = hexText(keccak_256(code));
    hashes.set(code, known);
  }
  return known === hexText(hash);
}

/** The scenario's state as the core's host loads it. */
export function preState(scenario: EvmScenario): PreState {
  const codes = new Map<string, { hash: Uint8Array; bytes: Uint8Array }>();
  const accounts = new Map<string, Account>();
  for (const [address, { nonce, balance, code, storage }] of scenario.accounts) {
    let codeHash: Uint8Array | undefined;
    if (code.length > 0) {
      codeHash = keccak_256(code);
      hashes.set(code, hexText(codeHash));
      codes.set(hexText(codeHash), { hash: codeHash, bytes: code });
    }
    accounts.set(address, { nonce, balance, codeHash, storage, exists: false });
  }
  return new PreState(accounts, codes);
}

function resultDifference(our: EvmTransactionOutput, their: OracleResult): string | undefined {
  const say = (what: string, left: unknown, right: unknown) => `${what} is ${left}, not ${right}`;
  const why = our.status === 'invalid' ? our.invalid : (their.reason ?? '');
  if (our.status !== their.status) return `${say('the status', our.status, their.status)} (${why})`;
  if (our.status === 'invalid') return undefined;
  for (const name of ['gasUsed', 'executionGas', 'refundCounter'] as const) {
    if (their[name] !== undefined && our[name] !== their[name])
      return `${say(name, our[name], their[name])} (${our.status} ${why})`;
  }
  for (const name of ['blockGas', 'stateGas'] as const) {
    if (their[name] !== undefined && our[name] !== their[name]) return say(name, our[name], their[name]);
  }
  const left = our.status === 'halted' ? '' : hexText(our.returnData);
  const right = our.status === 'halted' ? '' : hexText(their.returnData);
  if (left !== right) return say('the output', left, right);
  const created = our.status === 'success' ? [our.created, their.created] : [];
  if (created[0] !== undefined || created[1] !== undefined) {
    const [ourAddress, theirAddress] = created.map((bytes) => (bytes === undefined ? 'none' : hexText(bytes)));
    if (ourAddress !== theirAddress) return say('the new contract', ourAddress, theirAddress);
  }
  return logDifference(our, their);
}

function logDifference(our: EvmTransactionOutput, their: OracleResult): string | undefined {
  const logText = (address: Uint8Array, topics: Uint8Array[], data: Uint8Array) =>
    [address, ...topics, data].map(hexText).join(' ');
  const left = our.logs.map(({ address, topics, data }) => logText(address, topics, data));
  const right = their.logs.map(([address, topics, data]) => logText(address, topics, data));
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    if (left[at] !== right[at]) return `log ${at} is ${left[at]}, not ${right[at]}`;
  }
  return undefined;
}

// --- text ---

/** The scenario for a human reader, code as opcodes. */
export function describeScenario({ block, excessBlobGas, accounts, transactions }: EvmScenario): string {
  const hex = (bytes: Uint8Array) => `0x${hexText(bytes)}`;
  const lines = [
    `fork ${block.fork}, block ${block.number}, time ${block.timestamp}, gas limit ${block.gasLimit}, ` +
      `coinbase ${hex(block.coinbase)}, base fee ${block.baseFeePerGas}, excess blob gas ${excessBlobGas}`,
  ];
  for (const [address, { nonce, balance, code, storage }] of accounts) {
    lines.push(`account 0x${address}: nonce ${nonce}, balance ${balance}`);
    for (const [slot, value] of storage) lines.push(`  slot ${BigInt(`0x${slot}`)} = 0x${value.toString(16)}`);
    if (code.length > 0) lines.push(`  code ${disassemble(code)}`, `  code ${hex(code)}`);
  }
  for (const transaction of transactions) {
    const { type, sender, to, nonce, gasLimit, value, data, maxFeePerGas, maxPriorityFeePerGas } = transaction;
    lines.push(
      `transaction of type ${type} from ${hex(sender!)} to ${to === undefined ? 'nobody' : hex(to)}: nonce ${nonce}, ` +
        `gas ${gasLimit}, value ${value}, fee ${maxFeePerGas}, priority ${maxPriorityFeePerGas}`,
    );
    if (data.length > 0) lines.push(`  data ${to === undefined ? `${disassemble(data)}\n  data ` : ''}${hex(data)}`);
    for (const { address, storageKeys } of transaction.accessList ?? []) {
      lines.push(`  access ${hex(address)} ${storageKeys.map(hex).join(' ')}`);
    }
    for (const hash of transaction.blobVersionedHashes ?? []) lines.push(`  blob ${hex(hash)}`);
    for (const { chainId, address, nonce: at, yParity, r, s } of transaction.authorizationList ?? []) {
      lines.push(`  authorisation chain ${chainId}, ${hex(address)}, nonce ${at}, ${yParity} ${r} ${s}`);
    }
  }
  return lines.join('\n');
}

/** An address out of a number. */
export function addressOf(number: bigint): Uint8Array {
  return hexBytes(number.toString(16).padStart(40, '0'));
}

// --- by hand ---

export const SENDER = addressOf(0x5e0de7n);
export const COINBASE = addressOf(0xc0ffeen);

/** A scenario out of what matters in it: contracts by address, and transactions from `SENDER` in order. */
export function scenarioOf(parts: {
  fork?: EvmBlockInput['fork'];
  contracts: ReadonlyMap<bigint, Uint8Array>;
  transactions: (Partial<EvmTransactionInput> & { to?: Uint8Array | undefined })[];
}): EvmScenario {
  const { fork = 'osaka', contracts, transactions } = parts;
  const accounts = new Map<string, ScenarioAccount>([
    [hexText(SENDER), { nonce: 0n, balance: 10n ** 24n, code: new Uint8Array(0), storage: new Map() }],
  ]);
  for (const [address, code] of contracts) {
    accounts.set(hexText(addressOf(address)), { nonce: 1n, balance: 10n ** 18n, code, storage: new Map() });
  }
  const block: EvmBlockInput = {
    fork,
    number: 20_000_000n,
    timestamp: 1_700_000_000n,
    gasLimit: 1_000_000_000n,
    coinbase: COINBASE,
    randao: 131_072n,
    baseFeePerGas: isAtLeast(fork, 'london') ? 7n : 0n,
    blobBaseFee: isAtLeast(fork, 'cancun') ? 1n : 0n,
    chainId: 1n,
    blockHashes: Array.from({ length: 256 }, (_, back) => hexFromBytes(keccak_256(Uint8Array.of(back)))),
    emptyAccounts: false,
  };
  return {
    block,
    excessBlobGas: 0n,
    accounts,
    transactions: transactions.map((transaction, index) => ({
      type: 0,
      sender: SENDER,
      nonce: BigInt(index),
      gasLimit: 200_000n,
      value: 0n,
      data: new Uint8Array(0),
      maxFeePerGas: 10n,
      maxPriorityFeePerGas: 10n,
      ...transaction,
    })),
  };
}
