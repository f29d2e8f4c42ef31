// Ethereum's state tests as scenarios, and what becomes of them when code, state or transaction change a little.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexFromBytes } from '../../src/base/hex.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import type { EvmBlockInput } from '../../src/core/evm/evm-encode.ts';
import type { JsonPost, JsonStateTest } from '../conformance/state-case.ts';
import { number } from '../conformance/vector-json.ts';
import type { EvmTransactionInput } from './evm-input.ts';
import type { EvmScenario, ScenarioAccount } from './evm-scenario.ts';
import { fakeExponential, hexBytes, hexText } from './evm-state.ts';
import { since } from './fuzz-program.ts';
import type { Random } from './fuzz-random.ts';

const forks: Record<string, Hardfork> = {
  Frontier: 'chainstart',
  Homestead: 'homestead',
  EIP150: 'tangerineWhistle',
  EIP158: 'spuriousDragon',
  Byzantium: 'byzantium',
  Constantinople: 'constantinople',
  ConstantinopleFix: 'petersburg',
  Istanbul: 'istanbul',
  Berlin: 'berlin',
  London: 'london',
  Paris: 'paris',
  Merge: 'paris',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
  Prague: 'prague',
  Osaka: 'osaka',
};

const most64 = (1n << 64n) - 1n;

function sized(text: string | undefined, length: number): Uint8Array {
  return hexBytes((text ?? '').replace(/^0x/, '').padStart(length * 2, '0')).slice(-length);
}

/** The case as a scenario; undefined where a number in it has no room in a transaction. */
export function vectorScenario(test: JsonStateTest, forkName: string, post: JsonPost): EvmScenario | undefined {
  const fork = forks[forkName];
  if (fork === undefined) return undefined;
  const { env } = test;
  const fraction = since(fork, 'prague') ? 5007716n : 3338477n;
  const current = number(env.currentNumber);
  const excessBlobGas = since(fork, 'cancun') ? number(env.currentExcessBlobGas) : 0n;
  const transaction = transactionOf(test, post);
  // The price of so much blob gas takes the library minutes.
  if (transaction === undefined || excessBlobGas > 1n << 32n || number(env.currentGasLimit) > most64) return undefined;
  const block: EvmBlockInput = {
    fork,
    number: current,
    timestamp: number(env.currentTimestamp),
    gasLimit: number(env.currentGasLimit),
    coinbase: sized(env.currentCoinbase, 20),
    randao: since(fork, 'paris') ? number(env.currentRandom) : number(env.currentDifficulty),
    baseFeePerGas: since(fork, 'london') ? number(env.currentBaseFee ?? '0x0a') : 0n,
    blobBaseFee: since(fork, 'cancun') ? fakeExponential(1n, excessBlobGas, fraction) : 0n,
    chainId: 1n,
    blockHashes: Array.from({ length: Number(current < 256n ? current : 256n) }, (_, back) =>
      hexFromBytes(keccak_256(new TextEncoder().encode(String(current - BigInt(back) - 1n)))),
    ),
    emptyAccounts: false,
  };
  const accounts = new Map<string, ScenarioAccount>();
  for (const [address, { nonce, balance, code, storage }] of Object.entries(test.pre)) {
    const slots = Object.entries(storage).map(([slot, value]): [string, bigint] => [
      hexText(sized(slot, 32)),
      number(value),
    ]);
    accounts.set(hexText(sized(address, 20)), {
      nonce: number(nonce),
      balance: number(balance),
      code: hexBytes(code),
      storage: new Map(slots.filter(([, value]) => value !== 0n)),
    });
  }
  return { block, excessBlobGas, accounts, transactions: [transaction] };
}

function transactionOf({ transaction: json }: JsonStateTest, { indexes }: JsonPost): EvmTransactionInput | undefined {
  const accessList = json.accessLists?.[indexes.data] ?? undefined;
  let type = accessList === undefined ? 0 : 1;
  if (json.authorizationList !== undefined) type = 4;
  else if (json.maxFeePerBlobGas !== undefined) type = 3;
  else if (json.maxFeePerGas !== undefined) type = 2;
  const to = (json.to ?? '').replace(/^0x$/, '');
  const input: EvmTransactionInput = {
    type,
    sender: senderOf(json),
    to: to === '' ? undefined : sized(to, 20),
    nonce: number(json.nonce),
    gasLimit: number(json.gasLimit[indexes.gas]),
    value: number(json.value[indexes.value]),
    data: hexBytes(json.data[indexes.data]!),
    maxFeePerGas: number(type >= 2 ? json.maxFeePerGas : json.gasPrice),
    maxPriorityFeePerGas: number(type >= 2 ? json.maxPriorityFeePerGas : json.gasPrice),
    accessList: (accessList ?? []).map(({ address, storageKeys }) => ({
      address: sized(address, 20),
      storageKeys: storageKeys.map((key) => sized(key, 32)),
    })),
    maxFeePerBlobGas: number(json.maxFeePerBlobGas),
    blobVersionedHashes: (json.blobVersionedHashes ?? []).map((hash) => sized(hash, 32)),
    authorizationList: (json.authorizationList ?? []).map(({ chainId, address, nonce, v, yParity, r, s }) => ({
      chainId: number(chainId),
      address: sized(address, 20),
      nonce: number(nonce),
      yParity: number(yParity ?? v),
      r: number(r),
      s: number(s),
    })),
  };
  const words = [input.value, input.maxFeePerGas, input.maxPriorityFeePerGas, input.maxFeePerBlobGas!];
  const small = [input.nonce, input.gasLimit, ...input.authorizationList!.map(({ nonce }) => nonce)];
  const tuple = input.authorizationList!.flatMap(({ chainId, r, s }) => [chainId, r, s]);
  if (small.some((value) => value > most64) || [...words, ...tuple].some((value) => value >> 256n !== 0n))
    return undefined;
  return input.authorizationList!.some(({ yParity }) => yParity > 255n) ? undefined : input;
}

const senders = new Map<string, Uint8Array>();
function senderOf({ sender, secretKey = '' }: JsonStateTest['transaction']): Uint8Array {
  if (sender !== undefined) return sized(sender, 20);
  let known = senders.get(secretKey);
  if (known === undefined) {
    known = keccak_256(secp256k1.getPublicKey(sized(secretKey, 32), false).subarray(1)).slice(12);
    senders.set(secretKey, known);
  }
  return known;
}

/** It pays for 23 MB in a call; some vectors have gas for more than any computer's memory, and do not use it as they are. */
const MOST_GAS = 1_000_000_000n;

/** A copy with one to four changes. */
export function mutated(random: Random, scenario: EvmScenario): EvmScenario {
  const accounts = new Map(
    [...scenario.accounts].map(([key, value]) => [key, { ...value, storage: new Map(value.storage) }]),
  );
  const [transaction] = scenario.transactions;
  const gasLimit = transaction!.gasLimit > MOST_GAS ? MOST_GAS : transaction!.gasLimit;
  const copy = { ...scenario, accounts, transactions: [{ ...transaction!, gasLimit }] };
  const sender = hexText(transaction!.sender!);
  for (let times = random.between(1, 4); times > 0; times--) change(random, copy, sender);
  return copy;
}

function change(random: Random, { accounts, transactions, block }: EvmScenario, sender: string): void {
  const [transaction] = transactions as [EvmTransactionInput];
  const [address, account] = random.pick([...accounts]);
  const choice = random.below(100);
  if (choice < 45) {
    const coded = [...accounts.values()].filter(({ code }) => code.length > 0);
    if (coded.length === 0) return;
    const target = random.pick(coded);
    target.code = changedCode(random, target.code);
  } else if (choice < 55) changeStorage(random, account);
  else if (choice < 62) {
    if (address !== sender)
      account.balance = random.pick([0n, 1n, account.balance >> 1n, account.balance + 1n, 10n ** 18n]);
  } else if (choice < 66) {
    if (address !== sender) account.nonce = random.pick([0n, 1n, account.nonce + 1n, most64 - 1n, most64]);
  } else if (choice < 80) transaction.data = changedBytes(random, transaction.data);
  else if (choice < 92) {
    const { gasLimit } = transaction;
    const limits = [
      gasLimit >> 1n,
      (gasLimit * 9n) / 10n,
      gasLimit - 1n,
      gasLimit + 1n,
      gasLimit * 2n,
      21_000n,
      60_000n,
    ];
    const limit = random.pick(limits);
    transaction.gasLimit = limit < 0n ? 0n : limit > block.gasLimit ? block.gasLimit : limit;
  } else if (choice < 97) transaction.value = random.pick([0n, 1n, transaction.value + 1n, transaction.value >> 1n]);
  else if (transaction.to !== undefined) transaction.to = hexBytes(address);
}

function changeStorage(random: Random, { storage, code }: ScenarioAccount): void {
  if (code.length === 0) return;
  const slot =
    storage.size > 0 && random.chance(70)
      ? random.pick([...storage.keys()])
      : random.below(4).toString(16).padStart(64, '0');
  const value = random.pick([0n, 1n, 2n, (storage.get(slot) ?? 0n) + 1n, (1n << 256n) - 1n, random.bits(256)]);
  if (value === 0n || value >> 256n !== 0n) storage.delete(slot);
  else storage.set(slot, value);
}

/** Beginnings of instructions. */
function boundaries(code: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at < code.length; at++) {
    starts.push(at);
    const byte = code[at]!;
    if (byte >= 0x60 && byte <= 0x7f) at += byte - 0x5f;
  }
  return starts;
}

const inserted = [
  0x01, 0x0b, 0x16, 0x1d, 0x20, 0x30, 0x34, 0x3d, 0x47, 0x50, 0x54, 0x59, 0x5a, 0x5b, 0x5f, 0x80, 0x81, 0x90, 0x91,
];

/** One instruction more, less, another, twice, or another byte behind a PUSH. */
function changedCode(random: Random, code: Uint8Array): Uint8Array {
  const starts = boundaries(code);
  const index = random.below(starts.length);
  const start = starts[index]!;
  const end = starts[index + 1] ?? code.length;
  const choice = random.below(10);
  const head = code.subarray(0, start);
  const put = (middle: Uint8Array, tail: Uint8Array) => new Uint8Array(Buffer.concat([head, middle, tail]));
  if (choice < 2) return put(new Uint8Array(0), code.subarray(end));
  if (choice < 4)
    return put(Uint8Array.of(random.chance(50) ? random.pick(inserted) : random.word() & 0xff), code.subarray(start));
  if (choice < 5) return put(code.subarray(start, end), code.subarray(start));
  const copy = Uint8Array.from(code);
  if (choice < 7 || end - start === 1) copy[start] = random.chance(50) ? random.pick(inserted) : random.word() & 0xff;
  else
    copy[random.between(start + 1, end - 1)] = random.pick([
      0,
      1,
      2,
      0x1f,
      0x20,
      0x40,
      0x80,
      0xff,
      random.word() & 0xff,
    ]);
  return copy;
}

function changedBytes(random: Random, data: Uint8Array): Uint8Array {
  const choice = random.below(4);
  if (choice === 0) return data.subarray(0, random.below(data.length + 1));
  if (choice === 1) return new Uint8Array(Buffer.concat([data, random.bytes(random.between(1, 40))]));
  const copy = Uint8Array.from(data);
  for (let times = random.between(1, 4); times > 0 && copy.length > 0; times--) {
    copy[random.below(copy.length)] = random.pick([0, 1, 0xff, random.word() & 0xff]);
  }
  return copy;
}
