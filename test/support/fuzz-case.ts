// Random blocks for the EVM: programs, accounts and transactions that one number decides.
import { RLP } from '@ethereumjs/rlp';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexFromBytes } from '../../src/base/hex.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import { rulesOf } from '../../src/chain/rules.ts';
import type { EvmBlockInput } from '../../src/core/evm/evm-encode.ts';
import type { EvmAuthorizationInput, EvmTransactionInput } from './evm-input.ts';
import { assemble, type Item } from './evm-program.ts';
import { addressOf, ENTRIES, type EvmScenario, type ScenarioAccount } from './evm-scenario.ts';
import { fakeExponential, hexText } from './evm-state.ts';
import { ProgramWriter, type Surroundings, since, writeHelper } from './fuzz-program.ts';
import { Random } from './fuzz-random.ts';

/** An account whose code can be taken apart. */
export interface FuzzAccount {
  address: bigint;
  nonce: bigint;
  balance: bigint;
  storage: Map<string, bigint>;
  program: Item[];
}

export interface FuzzTransaction {
  input: EvmTransactionInput;
  /** Of a creation: its init code, which becomes the data. */
  program?: Item[];
}

export interface FuzzCase {
  block: EvmBlockInput;
  excessBlobGas: bigint;
  accounts: FuzzAccount[];
  transactions: FuzzTransaction[];
}

/** Programs in one case that a transaction begins with. */
const PROGRAMS = 20;
/** Transactions that go into a program once more, on what the first left behind. */
const REPEATED = 4;

const forks: readonly (readonly [weight: number, fork: Hardfork])[] = [
  [30, 'osaka'],
  [24, 'prague'],
  [13, 'cancun'],
  [6, 'shanghai'],
  [3, 'paris'],
  [4, 'london'],
  [4, 'berlin'],
  [3, 'istanbul'],
  [2, 'petersburg'],
  [2, 'constantinople'],
  [2, 'byzantium'],
  [2, 'spuriousDragon'],
  [1.5, 'tangerineWhistle'],
  [1.5, 'homestead'],
  [2, 'chainstart'],
];

const ether = 10n ** 18n;
const coinbase = 0xc0ffee0000000000000000000000000000000000n;
const entry = (index: number) => BigInt(`0x${ENTRIES.padEnd(40, '0')}`) + BigInt(index);
const helper = (index: number) => 0xa000000000000000000000000000000000000000n + BigInt(index);
const absent = (index: number) => 0xdead000000000000000000000000000000000000n + BigInt(index);

interface Key {
  secret: Uint8Array;
  address: Uint8Array;
}

function keyOf(number: number): Key {
  const secret = keccak_256(Uint8Array.of(number));
  return { secret, address: keccak_256(secp256k1.getPublicKey(secret, false).subarray(1)).slice(12) };
}

const keys = Array.from({ length: 12 }, (_, index) => keyOf(index));
/** The first send transactions; all sign authorisations. */
const SENDERS = 10;

const number = (bytes: Uint8Array) => BigInt(`0x${hexText(bytes)}`);

/** The case of a number, of a fork that it chooses by itself where none is given. */
export function fuzzCase(seed: number, given?: Hardfork): FuzzCase {
  const random = new Random(seed);
  const fork = given ?? random.weighted(forks);
  const accounts = makeAccounts(random, fork);
  // From BPO1 on the fee grows otherwise with it.
  const hasExcess = since(fork, 'cancun') && !since(fork, 'bpo1');
  const excessBlobGas = hasExcess ? random.pick([0n, 0n, 10_000_000n, 30_000_000n]) : 0n;
  const block = makeBlock(random, fork, accounts, excessBlobGas);
  const nonces = new Map<string, bigint>(accounts.map(({ address, nonce }) => [hexText(addressOf(address)), nonce]));
  const transactions: FuzzTransaction[] = [];
  for (let index = 0; index < PROGRAMS; index++) {
    transactions.push(makeTransaction(random, block, accounts, nonces, index));
  }
  for (let times = 0; times < REPEATED; times++) {
    transactions.push(makeTransaction(random, block, accounts, nonces, random.below(PROGRAMS), true));
  }
  return { block, excessBlobGas, accounts, transactions };
}

/** The case with its code assembled. */
export function toScenario({ block, excessBlobGas, accounts, transactions }: FuzzCase): EvmScenario {
  return {
    block,
    excessBlobGas,
    accounts: new Map(
      accounts.map(({ address, nonce, balance, storage, program }): [string, ScenarioAccount] => [
        hexText(addressOf(address)),
        { nonce, balance, storage, code: assemble(program) },
      ]),
    ),
    transactions: transactions.map(({ input, program }) =>
      program === undefined ? input : { ...input, data: assemble(program) },
    ),
  };
}

function makeAccounts(random: Random, fork: Hardfork): FuzzAccount[] {
  const simple = [...keys.map(({ address }) => number(address)), ...[0, 1, 2].map(absent), coinbase];
  const helpers = [0, 1, 2, 3].map(helper);
  const entries = Array.from({ length: PROGRAMS }, (_, index) => entry(index));
  const delegated = since(fork, 'prague') ? [0x7702n << 140n, (0x7702n << 140n) + 1n, (0x7702n << 140n) + 2n] : [];
  const others = [...simple, ...delegated, ...delegated, ...entries.slice(0, 6), random.pick(entries)];
  const world: Surroundings = { fork, helpers, others };

  const accounts: FuzzAccount[] = [];
  keys.forEach(({ address }, index) => {
    const balance = index < SENDERS ? 1000n * ether : random.pick([0n, 1n, ether]);
    const nonce = index < SENDERS ? BigInt(index * 3) : BigInt(random.below(2));
    // An authority that is not there at all
    if (balance === 0n && nonce === 0n) return;
    const program = delegated.length > 0 && random.chance(10) ? designation(random.pick([...helpers, ...simple])) : [];
    accounts.push({ address: number(address), nonce, balance, storage: new Map(), program });
  });
  for (const address of helpers) {
    accounts.push(contract(random, address, writeHelper(random, fork, [...simple, address])));
  }
  for (const address of entries) {
    accounts.push(contract(random, address, ProgramWriter.write(random, world, random.pick([4, 8, 12, 20, 30]))));
  }
  for (const address of delegated) {
    const target = random.pick([...helpers, ...entries.slice(0, 3), ...delegated, absent(0), 0n, 1n, 4n]);
    accounts.push({ ...contract(random, address, designation(target)), nonce: BigInt(random.between(1, 2)) });
  }
  if (random.chance(30))
    accounts.push({ ...contract(random, coinbase, []), nonce: 0n, balance: random.pick([1n, ether]) });
  // Empty accounts that exist all the same; before EIP-161 that makes a difference
  if (random.chance(since(fork, 'spuriousDragon') ? 3 : 40)) {
    accounts.push({ address: absent(0), nonce: 0n, balance: 0n, storage: new Map(), program: [] });
  }
  return accounts;
}

function contract(random: Random, address: bigint, program: Item[]): FuzzAccount {
  const storage = new Map<string, bigint>();
  if (program.length > 0) {
    for (let slot = 0; slot < 4; slot++) {
      if (random.chance(60))
        storage.set(slot.toString(16).padStart(64, '0'), random.pick([1n, 2n, 3n, (1n << 256n) - 1n]));
    }
  }
  return { address, nonce: 1n, balance: random.pick([0n, 1n, 5n, ether]), storage, program };
}

/** The code of an account that lends its code from another (EIP-7702). */
function designation(target: bigint): Item[] {
  return [{ kind: 'bytes', bytes: Uint8Array.of(0xef, 0x01, 0x00, ...addressOf(target)) }];
}

function makeBlock(
  random: Random,
  fork: Hardfork,
  accounts: readonly FuzzAccount[],
  excessBlobGas: bigint,
): EvmBlockInput {
  const current = BigInt(random.pick([1, 2, 100, 256, 257, 300, 20_000_000]));
  const hashes = Number(current < 256n ? current : 256n);
  const london = since(fork, 'london');
  const beneficiary = random.chance(94) ? coinbase : random.pick(accounts).address;
  return {
    fork,
    number: current,
    timestamp: 1_700_000_000n + BigInt(random.below(1000)),
    gasLimit: 60_000_000n,
    coinbase: addressOf(beneficiary),
    randao: since(fork, 'paris') ? random.bits(256) : 131_072n + BigInt(random.below(1_000_000)),
    baseFeePerGas: london ? random.pick([7n, 7n, 1_000_000_000n]) : 0n,
    blobBaseFee: since(fork, 'cancun')
      ? fakeExponential(1n, excessBlobGas, since(fork, 'prague') ? 5007716n : 3338477n)
      : 0n,
    chainId: 1n,
    blockHashes: blockHashes.slice(0, hashes),
    emptyAccounts: false,
  };
}

const blockHashes = Array.from({ length: 256 }, (_, back) => hexFromBytes(keccak_256(Uint8Array.of(1, back))));

function makeTransaction(
  random: Random,
  block: EvmBlockInput,
  accounts: readonly FuzzAccount[],
  nonces: Map<string, bigint>,
  index: number,
  again = false,
): FuzzTransaction {
  const { fork } = block;
  const sender = keys[random.below(SENDERS)]!.address;
  const senderText = hexText(sender);
  const type = typeOf(random, fork);
  const creation = type < 3 && !again && random.chance(12);
  const before = new Map(nonces);
  let nonce = nonces.get(senderText)!;
  const wrongNonce = random.chance(0.4);
  if (wrongNonce) nonce += random.chance(50) || nonce === 0n ? 1n : -1n;
  else nonces.set(senderText, nonce + 1n);

  const to = again && random.chance(25) ? random.pick(accounts).address : entry(index);
  const base = block.baseFeePerGas;
  const priority = random.pick([0n, 1n, 2n, 1_000_000_000n]);
  const input: EvmTransactionInput = {
    type,
    sender,
    to: creation ? undefined : addressOf(to),
    nonce,
    gasLimit: 0n,
    value: random.chance(70) ? 0n : random.pick([1n, 2n, ether, random.chance(2) ? 2000n * ether : 3n]),
    data: random.chance(30) ? new Uint8Array(0) : random.bytes(random.pick([1, 4, 32, 36, 68, 100, 260])),
    maxFeePerGas: base + (type < 2 ? priority : priority * random.pick([1n, 1n, 2n]) + random.pick([0n, 1n])),
    maxPriorityFeePerGas: base + priority,
  };
  if (input.data.length > 4 && random.chance(60)) input.data.fill(0, 4, input.data.length - random.below(5));
  if (type < 2) input.maxPriorityFeePerGas = input.maxFeePerGas;
  else input.maxPriorityFeePerGas = priority > input.maxFeePerGas ? input.maxFeePerGas : priority;
  if (type === 0 ? false : random.chance(60)) input.accessList = accessList(random, accounts);
  if (type === 3) addBlobs(random, block, input);
  if (type === 4) input.authorizationList = authorizations(random, nonces, accounts);

  const transaction: FuzzTransaction = { input };
  if (creation) {
    const world = { fork, helpers: [0, 1, 2, 3].map(helper), others: [entry(0), entry(index), coinbase, absent(1)] };
    transaction.program = ProgramWriter.writeInitCode(random, world);
    if (random.chance(2)) {
      // Around the largest size of init code
      const missing = random.pick([49_151, 49_152, 49_153]) - assemble(transaction.program).length;
      transaction.program.push({ kind: 'bytes', bytes: new Uint8Array(missing) });
    }
  }
  const least = leastGas(transaction, fork);
  input.gasLimit = gasLimit(random, least);
  if (isRefused(transaction, block, least)) for (const [address, value] of before) nonces.set(address, value);
  return transaction;
}

/** Whether the transaction cannot be part of the block, as far as that is easy to say: later nonces depend on it. */
function isRefused({ input, program }: FuzzTransaction, block: EvmBlockInput, least: number): boolean {
  const { fork } = block;
  const arrivals: Hardfork[] = ['chainstart', 'berlin', 'london', 'cancun', 'prague'];
  if (!since(fork, arrivals[input.type]!)) return true;
  if (input.gasLimit < BigInt(least) || input.gasLimit > block.gasLimit || input.value > 1000n * ether) return true;
  if (since(fork, 'osaka') && input.gasLimit > 1n << 24n) return true;
  if (program !== undefined && since(fork, 'shanghai') && assemble(program).length > 49_152) return true;
  if (input.type === 4) return input.authorizationList!.length === 0;
  if (input.type !== 3) return false;
  const blobs = input.blobVersionedHashes!;
  if (
    blobs.length === 0 ||
    blobs.length > rulesOf(block.fork).maxBlobsOfTransaction ||
    blobs.some((hash) => hash[0] !== 1)
  )
    return true;
  return input.maxFeePerBlobGas! < block.blobBaseFee;
}

function typeOf(random: Random, fork: Hardfork): number {
  // Types that the fork does not know are refused.
  if (random.chance(0.3)) return random.below(5);
  const weights: [number, number][] = [[30, 0]];
  if (since(fork, 'berlin')) weights.push([20, 1]);
  if (since(fork, 'london')) weights.push([35, 2]);
  if (since(fork, 'cancun')) weights.push([8, 3]);
  if (since(fork, 'prague')) weights.push([5, 4]);
  return random.weighted(weights);
}

/** What the transaction costs before it does anything. */
function leastGas({ input, program }: FuzzTransaction, fork: Hardfork): number {
  const data = program === undefined ? input.data : assemble(program);
  const zeros = data.filter((byte) => byte === 0).length;
  const perByte = since(fork, 'istanbul') ? 16 : 68;
  let least = 21_000 + zeros * 4 + (data.length - zeros) * perByte;
  if (program !== undefined && fork !== 'chainstart')
    least += 32_000 + (since(fork, 'shanghai') ? 2 * Math.ceil(data.length / 32) : 0);
  for (const { storageKeys } of input.accessList ?? []) least += 2400 + 1900 * storageKeys.length;
  least += 25_000 * (input.authorizationList?.length ?? 0);
  return since(fork, 'prague') ? Math.max(least, 21_000 + 10 * (zeros + 4 * (data.length - zeros))) : least;
}

/** Enough for most, too little for some. */
function gasLimit(random: Random, least: number): bigint {
  const choice = random.below(100);
  if (choice < 6) return BigInt(least + random.below(3000));
  if (choice < 18) return BigInt(least + random.below(60_000));
  if (choice < 94) return BigInt(least + random.between(200_000, 1_500_000));
  if (choice < 98) return BigInt(least + random.between(1_500_000, 4_000_000));
  if (choice < 99) return BigInt(least + random.between(-1, 3));
  return random.chance(60)
    ? BigInt(least + 200_000)
    : random.pick([0n, 20_999n, 1n << 24n, (1n << 24n) + 1n, 59_999_999n, 60_000_001n]);
}

function accessList(random: Random, accounts: readonly FuzzAccount[]): EvmTransactionInput['accessList'] {
  return Array.from({ length: random.below(4) }, () => ({
    address: addressOf(random.chance(80) ? random.pick(accounts).address : BigInt(random.below(20))),
    storageKeys: Array.from({ length: random.below(4) }, () => {
      const key = new Uint8Array(32);
      if (random.chance(90)) key[31] = random.below(4);
      else key.fill(0xff);
      return key;
    }),
  }));
}

function addBlobs(random: Random, block: EvmBlockInput, input: EvmTransactionInput): void {
  const count = random.chance(96) ? random.between(1, 6) : random.pick([0, 7, 9, 10]);
  input.blobVersionedHashes = Array.from({ length: count }, () => {
    const hash = random.bytes(32);
    hash[0] = random.chance(99.5) ? 1 : random.below(3);
    return hash;
  });
  input.maxFeePerBlobGas = random.chance(97) ? 10_000n : BigInt(random.below(3)) + (block.blobBaseFee >> 1n);
}

const signatures = new Map<string, EvmAuthorizationInput>();

function authorizations(
  random: Random,
  nonces: Map<string, bigint>,
  accounts: readonly FuzzAccount[],
): EvmAuthorizationInput[] {
  const targets = [0n, helper(0), helper(1), helper(2), helper(3), entry(0), entry(1), 1n, coinbase];
  return Array.from(
    {
      length: random.weighted([
        [70, 1],
        [20, 2],
        [8, 3],
        [2, 0],
      ]),
    },
    () => {
      const key = random.pick(keys);
      const address = hexText(key.address);
      const current = nonces.get(address) ?? 0n;
      let nonce = current;
      if (random.chance(10)) nonce += BigInt(random.below(3));
      else if (random.chance(3)) nonce = (1n << 64n) - 1n;
      const chainId = random.chance(90) ? BigInt(random.below(2)) : random.pick([2n, (1n << 256n) - 1n]);
      const target = random.chance(95) ? random.pick(targets) : random.pick(accounts).address;
      const authorization = { ...sign(key, chainId, target, nonce) };
      if (random.chance(6)) corrupt(random, authorization);
      else if (nonce === current && chainId < 2n) nonces.set(address, current + 1n);
      return authorization;
    },
  );
}

function corrupt(random: Random, authorization: EvmAuthorizationInput): void {
  const choice = random.below(5);
  if (choice === 0) authorization.yParity = random.pick([1n - authorization.yParity, 2n, 27n]);
  else if (choice === 1) authorization.r = random.bits(256);
  else if (choice === 2) authorization.s = random.bits(256);
  // A nonce beyond 64 bits cannot be encoded: whoever reads the transaction refuses it.
  else if (choice === 3) authorization.nonce = BigInt.asUintN(64, authorization.nonce + 1n);
  else authorization.r = 0n;
}

/** Signs keccak256(0x05 ‖ rlp([chain id, address, nonce])); the same again and again, so remembered. */
function sign(key: Key, chainId: bigint, target: bigint, nonce: bigint): EvmAuthorizationInput {
  const name = `${key.secret[0]} ${chainId} ${target} ${nonce}`;
  let known = signatures.get(name);
  if (known === undefined) {
    const address = addressOf(target);
    const message = Buffer.concat([Uint8Array.of(5), RLP.encode([chainId, address, nonce])]);
    const signature = secp256k1.sign(keccak_256(message), key.secret, { format: 'recovered', prehash: false });
    known = {
      chainId,
      address,
      nonce,
      yParity: BigInt(signature[0]!),
      r: number(signature.subarray(1, 33)),
      s: number(signature.subarray(33)),
    };
    if (signatures.size > 50_000) signatures.clear();
    signatures.set(name, known);
  }
  return known;
}
