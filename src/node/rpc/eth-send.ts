// eth_*, txpool_*: transactions that come in, and what waits.

import { PevmError } from '../../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber, ZERO_ADDRESS } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import { isMissing, plainObject } from '../../base/reader.ts';
import { encodeTransaction } from '../../block/block-encoding.ts';
import { readTransaction, type TransactionInput } from '../../block/block-input.ts';
import { chainOf } from '../../block/chains.ts';
import { LONGEST_RAW_TRANSACTION, parseRawTransaction } from '../../block/raw-transaction.ts';
import { senderOf } from '../../block/sender.ts';
import { rulesOf } from '../../chain/rules.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import { feeCap } from '../pool.ts';
import { type Json, minedAnswer, receiptAnswer, transactionAnswer } from './answers.ts';
import { PLACES, placed, refuseContradictions, requestOf } from './eth-execution.ts';
import type { Methods } from './method.ts';
import {
  addressOf,
  bytesOf,
  decoded,
  looseNumberOf,
  type Params,
  quantityOf,
  refusal,
  SERVER_ERROR,
} from './parameters.ts';
import { withFees } from './request-fees.ts';

export const ETH_SEND: Methods = {
  eth_sendRawTransaction: { params: ['transaction'], run: (node, params) => sendRaw(node, params) },
  eth_sendTransaction: { params: ['transaction'], run: sendTransaction },
  eth_signTransaction: {
    params: ['transaction'],
    async run(node, params) {
      const { transaction, from } = await signed(node, params[0]);
      return rawAnswer(node, transaction, from);
    },
  },
  eth_fillTransaction: {
    params: ['transaction'],
    async run(node, params) {
      const { transaction, from } = await filled(node, params[0]);
      return rawAnswer(node, unsigned(transaction, node.record.chain.id), from);
    },
  },
  eth_sendUnsignedTransaction: { params: ['transaction'], run: (node, params) => sendUnsigned(node, params) },
  eth_sendRawTransactionSync: { params: ['transaction', 'timeout?'], run: sendRawSync },
  eth_getTransactionBySenderAndNonce: { params: ['sender', 'nonce'], run: bySenderAndNonce },
  eth_signTypedData_v4: { params: ['address', 'data'], run: signTypedData },
  eth_signTypedData: { params: ['address', 'data'], run: signTypedData },
  eth_sign: { params: ['address', 'message'], run: ({ accounts }, params) => sign(accounts, params, 0, 1) },
  personal_sign: {
    params: ['message', 'address'],
    run: ({ accounts }, params) => sign(accounts, params, 1, 0),
  },
  eth_pendingTransactions: {
    params: [],
    async run(node) {
      const { pending } = await waiting(node);
      const own = new Set(node.accounts.addresses);
      return pending
        .filter(({ from }) => own.has(from))
        .map(({ transaction, from }) => transactionAnswer(transaction, from, node.record.chain.id));
    },
  },
  txpool_content: { params: [], run: (node) => poolContent(node) },
  txpool_contentFrom: {
    params: ['address'],
    async run(node, params) {
      const name = checksummed(addressOf(params[0], 'params[0]'));
      const { pending, queued } = await poolContent(node);
      return { pending: pending[name] ?? {}, queued: queued[name] ?? {} };
    },
  },
  txpool_inspect: {
    params: [],
    async run(node) {
      const { pending, queued } = await poolContent(node);
      return { pending: inspected(pending), queued: inspected(queued) };
    },
  },
  txpool_status: {
    params: [],
    async run(node) {
      const { pending, queued } = await waiting(node);
      return { pending: quantityFromNumber(pending.length), queued: quantityFromNumber(queued.length) };
    },
  },
};

function sendRaw(node: ChainNode, params: Params): Promise<Hex> {
  const encoded = bytesFromHex(bytesOf(params[0], 'params[0]', LONGEST_RAW_TRANSACTION));
  const transaction = decoded('params[0]', () => parseRawTransaction(encoded, 'params[0]'));
  const own = chainOf(transaction);
  if (own !== undefined && own !== BigInt(node.record.chain.id)) {
    throw new PevmError(SERVER_ERROR, `invalid chain id for signer: have ${own} want ${node.record.chain.id}`);
  }
  return accept(node, transaction, senderOf(transaction, node.record.chain.id));
}

/** Takes a transaction into the pool, as far as it can ever be in a block. */
async function accept(node: ChainNode, transaction: TransactionInput, from: Hex): Promise<Hex> {
  const { record, pool, miner, filters } = node;
  const { head } = record;
  const { balance, nonce } = await record.accountAfter(head, from);
  const gas = BigInt(transaction.gas);
  const limit = BigInt(head.block.gasLimit);
  const rules = rulesOf(head.hardfork);
  if (gas > limit) throw new PevmError(SERVER_ERROR, `exceeds block gas limit: ${gas} of ${limit}`);
  if (gas > BigInt(Number.isFinite(rules.transactionGasCap) ? rules.transactionGasCap : limit)) {
    throw new PevmError(SERVER_ERROR, `transaction gas limit too high (cap: ${rules.transactionGasCap}, tx: ${gas})`);
  }
  const least = intrinsicGas(transaction, node);
  if (gas < least) throw new PevmError(SERVER_ERROR, `intrinsic gas too low: gas ${gas}, minimum needed ${least}`);
  const cost = gas * feeCap(transaction) + BigInt(transaction.value);
  if (balance < cost) {
    throw new PevmError(
      SERVER_ERROR,
      `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}`,
    );
  }
  if (feeCap(transaction) < miner.leastPrice) {
    throw new PevmError(
      SERVER_ERROR,
      `transaction underpriced: ${feeCap(transaction)} of ${miner.leastPrice} wei per gas`,
    );
  }
  const known = { ...transaction, from };
  pool.add(known, from, nonce);
  filters.transaction(known.hash!);
  await miner.arrived();
  return known.hash!;
}

/** Gas before the first instruction, as far as the data alone decides it. */
function intrinsicGas(
  { input, to, accessList = [], authorizationList = [] }: TransactionInput,
  { record }: ChainNode,
): bigint {
  const rules = rulesOf(record.head.hardfork);
  const data = bytesFromHex(input);
  const zeros = data.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
  const slots = accessList.reduce((count, { storageKeys }) => count + storageKeys.length, 0);
  const isCreation = to === undefined;
  const gas =
    rules.transactionGas +
    (isCreation ? rules.creationGas + Math.ceil(data.length / 32) * rules.initCodeWordGas : 0) +
    zeros * rules.zeroByteGas +
    (data.length - zeros) * rules.dataByteGas +
    accessList.length * rules.accessAddressGas +
    slots * rules.accessSlotGas +
    authorizationList.length * rules.authorizationGas;
  const floor = rules.transactionGas + zeros * rules.floorZeroByteGas + (data.length - zeros) * rules.floorDataByteGas;
  return BigInt(rules.floorDataByteGas > 0 ? Math.max(gas, floor) : gas);
}

async function sendTransaction(node: ChainNode, params: Params): Promise<Hex> {
  const { transaction, from } = await signed(node, params[0]);
  return accept(node, transaction, from);
}

/** Gas for a request that names none. Its fees are left out: who has no funds for them hears of that when it comes in. */
async function estimated({ world }: ChainNode, given: Record<string, unknown>): Promise<Hex> {
  const { gasPrice: _, maxFeePerGas: __, maxPriorityFeePerGas: ___, nonce: ____, ...request } = given;
  try {
    return quantityFromNumber(await world.estimateGas(requestOf(request, 'params[0]')));
  } catch (error) {
    throw placed(error, PLACES);
  }
}

/** A request with what is missing filled in by the rules, signed. */
async function signed(node: ChainNode, value: unknown): Promise<{ transaction: TransactionInput; from: Hex }> {
  const { accounts, record } = node;
  const { from: given = accounts.addresses[0] ?? ZERO_ADDRESS } = requestOf(value, 'params[0]');
  const named = addressOf(given, 'params[0].from');
  if (!accounts.actsFor(named)) throw new PevmError(SERVER_ERROR, `unknown account ${named}`);
  const { transaction, from } = await filled(node, value);
  return { transaction: accounts.signTransaction(transaction, from, record.chain.id), from };
}

/** A request with what is missing filled in by the rules. */
async function filled(node: ChainNode, value: unknown): Promise<{ transaction: TransactionInput; from: Hex }> {
  const { record, pool, accounts } = node;
  const { gasLimit, data, input } = plainObject(value, 'params[0]');
  if (!isMissing(data) && !isMissing(input) && bytesOf(data, 'params[0].data') !== bytesOf(input, 'params[0].input')) {
    throw refusal('params[0].data', 'not what input is');
  }
  const { head } = record;
  const request = withFees(requestOf(value, 'params[0]'), head, 'params[0]');
  refuseContradictions(request, 'params[0]', { chainId: record.chain.id, hardfork: head.hardfork });
  const from = addressOf(request.from ?? accounts.addresses[0] ?? ZERO_ADDRESS, 'params[0].from');
  const code = request.data ?? '0x';
  if (isMissing(request.to) && code === '0x') throw refusal('params[0].input', 'missing: the code of the contract');
  const { data: _, ...rest } = request;
  const given: Record<string, unknown> = { ...rest, from, input: code, value: request.value ?? '0x0' };
  given.nonce ??= quantityFromNumber(pool.nextNonce(from, await record.nonceAfter(head, from)));
  given.gas ??= gasLimit ?? (await estimated(node, given));
  return { transaction: readTransaction(given, 'params[0]'), from };
}

/** With zeros in the place of a signature, as geth has it. */
function unsigned(transaction: TransactionInput, chainId: number): TransactionInput {
  const isLegacy = (transaction.type ?? '0x0') === '0x0';
  const draft: TransactionInput = {
    ...transaction,
    ...(isLegacy ? { v: '0x0' } : { yParity: '0x0', chainId: quantityFromNumber(chainId) }),
    r: '0x0',
    s: '0x0',
  };
  return { ...draft, hash: hexFromBytes(keccak256(encodeTransaction(draft, chainId)!)) };
}

const OF_THE_CHAIN: ReadonlySet<string> = new Set([
  ...['blockHash', 'blockNumber', 'blockTimestamp', 'transactionIndex', 'from'],
]);

/** As geth gives a transaction that nobody has sent: no sender, and each fee that its type has not is null. */
function rawAnswer({ record }: ChainNode, transaction: TransactionInput, sender: Hex): Json {
  const answer = transactionAnswer(transaction, sender, record.chain.id);
  const tx = Object.fromEntries(Object.entries(answer).filter(([name]) => !OF_THE_CHAIN.has(name)));
  const { gasPrice = null, maxFeePerGas = null, maxPriorityFeePerGas = null } = transaction;
  const fees = { gasPrice, maxFeePerGas, maxPriorityFeePerGas };
  return { raw: hexFromBytes(encodeTransaction(transaction, record.chain.id)!), tx: { ...tx, ...fees } };
}

/** Of any account, as if it had been impersonated. */
async function sendUnsigned(node: ChainNode, params: Params): Promise<Hex> {
  const { transaction, from } = await filled(node, params[0]);
  return accept(node, node.accounts.signTransaction(transaction, from, node.record.chain.id), from);
}

/** In milliseconds, as geth waits. */
const SYNC_MS = 20_000n;
/** EIP-7966: it came in, and is in no block yet. */
const NOT_YET = 4;

async function sendRawSync(node: ChainNode, params: Params): Promise<Json> {
  const timeout = params[1] === undefined || params[1] === null ? SYNC_MS : looseNumberOf(params[1], 'params[1]');
  const { record } = node;
  const hash = await sendRaw(node, params);
  if (record.store.transaction(hash) === undefined)
    await minedWithin(node, hash, timeout < SYNC_MS ? timeout : SYNC_MS);
  const place = record.store.transaction(hash);
  if (place !== undefined) return receiptAnswer(record, place);
  throw new PevmError(NOT_YET, `the transaction is in the pool, and was in no block within ${timeout} ms`, {
    data: hash,
  });
}

function minedWithin({ record }: ChainNode, hash: Hex, ms: bigint): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(end, Number(ms));
    const stop = record.watch(({ block }: ChainBlock) => {
      if (block.transactions.some((transaction) => transaction.hash === hash)) end();
    });
  });
}

function bySenderAndNonce({ record, pool }: ChainNode, params: Params): Json | null {
  const sender = addressOf(params[0], 'params[0]');
  const nonce = quantityOf(params[1], 'params[1]');
  const { store, chain } = record;
  for (let number = store.head.number; number >= store.first.number; number--) {
    const at = store.byNumber(number)!;
    const index = at.block.transactions.findIndex(
      (transaction) => BigInt(transaction.nonce) === nonce && store.sender(transaction, chain.id) === sender,
    );
    if (index >= 0) return minedAnswer(record, { at, index });
  }
  for (const [from, own] of pool.senders()) {
    const found = from === sender ? own.find((pooled) => pooled.nonce === nonce) : undefined;
    if (found !== undefined) return transactionAnswer(found.transaction, from, chain.id);
  }
  return null;
}

async function signTypedData({ accounts }: ChainNode, params: Params): Promise<Hex> {
  const from = addressOf(params[0], 'params[0]');
  const { typedDataHash } = await import('../typed-data.ts');
  return signatureOf(accounts, from, typedDataHash(params[1], 'params[1]'), 'params[0]');
}

function sign(accounts: ChainNode['accounts'], params: Params, address: number, message: number): Hex {
  const from = addressOf(params[address], `params[${address}]`);
  const data = bytesFromHex(bytesOf(params[message], `params[${message}]`));
  const prefix = new TextEncoder().encode(`\u0019Ethereum Signed Message:\n${data.length}`);
  return signatureOf(accounts, from, keccak256(Uint8Array.of(...prefix, ...data)), `params[${address}]`);
}

/** 65 bytes. */
function signatureOf(accounts: ChainNode['accounts'], from: Hex, hash: Uint8Array, field: string): Hex {
  const { r, s, yParity } = accounts.sign(from, hash, field);
  const word = (value: bigint) => value.toString(16).padStart(64, '0');
  return `0x${word(r)}${word(s)}${(27 + yParity).toString(16)}`;
}

type Waiting = { readonly from: Hex; readonly nonce: bigint; readonly transaction: TransactionInput };

async function waiting({ record, pool }: ChainNode): Promise<{ pending: Waiting[]; queued: Waiting[] }> {
  const { head } = record;
  const pending: Waiting[] = [];
  const queued: Waiting[] = [];
  for (const [from, own] of pool.senders()) {
    let next = await record.nonceAfter(head, from);
    for (const pooled of own) {
      const isNext = pooled.nonce === next;
      (isNext ? pending : queued).push(pooled);
      if (isNext) next++;
    }
  }
  return { pending, queued };
}

/** By sender and nonce. */
type Grouped = Record<string, Record<string, Json>>;

/** In one line each, as geth has them. */
function inspected(content: Grouped): Record<string, Record<string, string>> {
  const line = ({ to, value, gas, gasPrice }: Json) =>
    `${to === null ? 'contract creation' : to}: ${BigInt(value as Hex)} wei + ${BigInt(gas as Hex)} gas × ${BigInt(gasPrice as Hex)} wei`;
  return Object.fromEntries(
    Object.entries(content).map(([sender, own]) => [
      sender,
      Object.fromEntries(Object.entries(own).map(([nonce, transaction]) => [nonce, line(transaction)])),
    ]),
  );
}

async function poolContent(node: ChainNode) {
  const { pending, queued } = await waiting(node);
  const grouped = (list: readonly Waiting[]) => {
    const senders: Grouped = {};
    for (const { from, nonce, transaction } of list) {
      const name = checksummed(from);
      senders[name] ??= {};
      senders[name][String(nonce)] = transactionAnswer(transaction, from, node.record.chain.id);
    }
    return senders;
  };
  return { pending: grouped(pending), queued: grouped(queued) };
}

/** EIP-55 */
export function checksummed(address: Hex): string {
  const digest = hexFromBytes(keccak256(new TextEncoder().encode(address.slice(2)))).slice(2);
  const letters = [...address.slice(2)].map((letter, i) =>
    Number.parseInt(digest[i]!, 16) >= 8 ? letter.toUpperCase() : letter,
  );
  return `0x${letters.join('')}`;
}
