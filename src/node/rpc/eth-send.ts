// eth_*, txpool_*: transactions that come in, and what waits.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { PevmError } from '../../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { bytes, plainObject } from '../../base/reader.ts';
import { readTransaction, type TransactionInput } from '../../block/block-input.ts';
import { chainOf } from '../../block/chains.ts';
import { nextBaseFee } from '../../block/fees.ts';
import { LONGEST_RAW_TRANSACTION, parseRawTransaction } from '../../block/raw-transaction.ts';
import { senderOf } from '../../block/sender.ts';
import { rulesOf } from '../../chain/rules.ts';
import type { ChainNode } from '../chain-node.ts';
import { feeCap } from '../pool.ts';
import { transactionAnswer } from './answers.ts';
import { PLACES, placed, requestOf } from './eth-execution.ts';
import type { Methods } from './method.ts';
import { addressOf, type Params, SERVER_ERROR } from './parameters.ts';

const readRaw = bytes(undefined, LONGEST_RAW_TRANSACTION);

export const ETH_SEND: Methods = {
  eth_sendRawTransaction: { params: ['transaction'], run: (node, params) => sendRaw(node, params) },
  eth_sendTransaction: { params: ['transaction'], run: sendTransaction },
  eth_signTransaction: {
    params: ['transaction'],
    async run(node, params) {
      const { transaction } = await completed(node, params[0]);
      const { encodeTransaction } = await import('../../block/block-encoding.ts');
      return { raw: hexFromBytes(encodeTransaction(transaction, node.record.chain.id)!), tx: transaction };
    },
  },
  eth_sign: { params: ['address', 'message'], run: ({ accounts }, params) => sign(accounts, params[0], params[1]) },
  personal_sign: {
    params: ['message', 'address'],
    run: ({ accounts }, params) => sign(accounts, params[1], params[0]),
  },
  txpool_content: { params: [], run: (node) => poolContent(node) },
  txpool_status: {
    params: [],
    async run(node) {
      const { pending, queued } = await waiting(node);
      return { pending: quantityFromNumber(pending.length), queued: quantityFromNumber(queued.length) };
    },
  },
};

function sendRaw(node: ChainNode, params: Params): Promise<Hex> {
  const encoded = bytesFromHex(readRaw(params[0], 'params[0]'));
  const transaction = parseRawTransaction(encoded, 'params[0]');
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
  const { transaction, from } = await completed(node, params[0]);
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
async function completed(node: ChainNode, value: unknown): Promise<{ transaction: TransactionInput; from: Hex }> {
  const { record, pool, accounts } = node;
  const given = { ...plainObject(value, 'params[0]') };
  const from = addressOf(given.from ?? accounts.addresses[0], 'params[0].from');
  if (!accounts.actsFor(from)) throw new PevmError(SERVER_ERROR, `unknown account ${from}`);
  const { head } = record;
  const nonce = await record.nonceAfter(head, from);
  given.from = from;
  given.nonce ??= quantityFromNumber(pool.nextNonce(from, nonce));
  given.value ??= '0x0';
  given.input ??= given.data ?? '0x';
  if (given.gasPrice === undefined && rulesOf(head.hardfork).hasBaseFee) {
    const tip = given.maxPriorityFeePerGas ?? quantityFromNumber(10n ** 9n);
    given.maxPriorityFeePerGas = tip;
    given.maxFeePerGas ??= quantityFromNumber(2n * nextBaseFee(head.block) + BigInt(tip as string));
  }
  given.gasPrice ??= given.maxFeePerGas === undefined ? quantityFromNumber(10n ** 9n) : undefined;
  if (given.gas === undefined && given.gasLimit === undefined) given.gas = await estimated(node, given);
  const transaction = readTransaction(given, 'params[0]');
  return { transaction: accounts.signTransaction(transaction, from, record.chain.id), from };
}

function sign(accounts: ChainNode['accounts'], address: unknown, message: unknown): Hex {
  const from = addressOf(address, 'address');
  const data = bytesFromHex(bytes()(message, 'message'));
  const prefix = new TextEncoder().encode(`\u0019Ethereum Signed Message:\n${data.length}`);
  const { r, s, yParity } = accounts.sign(from, keccak_256(Uint8Array.of(...prefix, ...data)));
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

async function poolContent(node: ChainNode) {
  const { pending, queued } = await waiting(node);
  const grouped = (list: readonly Waiting[]) => {
    const senders: Record<string, Record<string, unknown>> = {};
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
  const digest = hexFromBytes(keccak_256(new TextEncoder().encode(address.slice(2)))).slice(2);
  const letters = [...address.slice(2)].map((letter, i) =>
    Number.parseInt(digest[i]!, 16) >= 8 ? letter.toUpperCase() : letter,
  );
  return `0x${letters.join('')}`;
}
