// What logs say of tokens: who got what, and who may take what. Tokens lie; what they say is told as theirs.

import { addressIn, type Hex, hexFromBytes } from '../base/hex.ts';
import type { ApprovalChange, AssetChange, CallLog } from '../call-types.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import { transactionOf } from './request.ts';
import type { Sandbox } from './sandbox.ts';
import { NATIVE_TOKEN, TRANSFER } from './simulated-logs.ts';

/** keccak256 of the events' signatures. */
const EVENT = {
  transfer: TRANSFER,
  approval: '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
  approvalForAll: '0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31',
  transferSingle: '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62',
  transferBatch: '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb',
} as const;

/** Selectors of what tokens are asked. */
const SELECTOR = {
  allowance: '0xdd62ed3e',
  isApprovedForAll: '0xe985e9c5',
  getApproved: '0x081812fc',
  symbol: '0x95d89b41',
  decimals: '0x313ce567',
} as const;

/** A token may burn what it gets: so much is enough for an honest one. */
const QUESTION_GAS = 500_000n;
const LONGEST_SYMBOL = 64;
const NOBODY: Hex = `0x${'00'.repeat(20)}`;

type Kind = AssetChange['kind'];

/** Something went from one account to another. */
export interface Movement {
  readonly kind: Kind;
  readonly token: Hex | undefined;
  readonly tokenId: bigint | undefined;
  readonly from: Hex;
  readonly to: Hex;
  readonly amount: bigint;
}

/** Who may take what, as an event says. */
export type Approval = Omit<ApprovalChange, 'before' | 'after'>;

/** In the order of the logs; native value is among them as transfers at {@link NATIVE_TOKEN}. */
export function movementsIn(logs: readonly CallLog[]): Movement[] {
  return logs.flatMap(({ address, topics, data }): Movement[] => {
    const [event, second, third, fourth] = topics;
    if (event === EVENT.transfer && second !== undefined && third !== undefined) {
      return transferOf(address, addressIn(second), addressIn(third), fourth, data);
    }
    if (third === undefined || fourth === undefined) return [];
    const shared = { kind: 'erc1155', token: address, from: addressIn(third), to: addressIn(fourth) } as const;
    if (event === EVENT.transferSingle && data.length >= 2 + 128) {
      return [{ ...shared, tokenId: wordAt(data, 0), amount: wordAt(data, 1) }];
    }
    if (event !== EVENT.transferBatch) return [];
    const [ids, amounts] = [listAt(data, 0), listAt(data, 1)];
    if (ids === undefined || amounts === undefined || ids.length !== amounts.length) return [];
    return ids.map((tokenId, at) => ({ ...shared, tokenId, amount: amounts[at]! }));
  });
}

function transferOf(address: Hex, from: Hex, to: Hex, id: Hex | undefined, data: Hex): Movement[] {
  if (id !== undefined) return [{ kind: 'erc721', token: address, tokenId: BigInt(id), from, to, amount: 1n }];
  if (data.length < 2 + 64) return [];
  const isNative = address === NATIVE_TOKEN;
  const kind = isNative ? 'native' : 'erc20';
  const token = isNative ? undefined : address;
  return [{ kind, token, tokenId: undefined, from, to, amount: wordAt(data, 0) }];
}

/** What each account got and gave, of each asset, in the order in which they were first met. Nobody mints and burns. */
export function sumsOf(movements: readonly Movement[]): AssetChange[] {
  const sums = new Map<string, { -readonly [Field in keyof AssetChange]: AssetChange[Field] }>();
  const add = (account: Hex, { kind, token, tokenId, amount }: Movement, side: 'in' | 'out') => {
    if (account === NOBODY) return;
    const key = `${account} ${token} ${tokenId}`;
    const sum = sums.get(key) ?? {
      ...{ account, kind, in: 0n, out: 0n },
      ...(token === undefined ? {} : { token }),
      ...(tokenId === undefined ? {} : { tokenId }),
    };
    sum[side] += amount;
    sums.set(key, sum);
  };
  for (const movement of movements) {
    add(movement.from, movement, 'out');
    add(movement.to, movement, 'in');
  }
  return [...sums.values()];
}

/** Each once, however often it is given. */
export function approvalsIn(logs: readonly CallLog[]): Approval[] {
  const approvals = new Map<string, Approval>();
  for (const { address: token, topics } of logs) {
    const [event, second, third, fourth] = topics;
    if (second === undefined || third === undefined) continue;
    const shared = { token, owner: addressIn(second), spender: addressIn(third) };
    if (event === EVENT.approvalForAll) approvals.set(`${token} all ${second} ${third}`, { kind: 'all', ...shared });
    if (event !== EVENT.approval) continue;
    if (fourth === undefined) approvals.set(`${token} ${second} ${third}`, { kind: 'erc20', ...shared });
    else approvals.set(`${token} ${fourth}`, { kind: 'erc721', ...shared, tokenId: BigInt(fourth) });
  }
  return [...approvals.values()];
}

/** Asks tokens, in the state as it is. */
export class TokenReader {
  readonly #sandbox: Sandbox;
  readonly #environment: EvmBlockInput;

  constructor(sandbox: Sandbox, environment: EvmBlockInput) {
    this.#sandbox = sandbox;
    this.#environment = environment;
  }

  /** Of each approval what holds: an amount, yes or no, or the account; `undefined`: the token does not say. */
  async allowances(approvals: readonly Approval[]): Promise<ApprovalChange['before'][]> {
    const answers: ApprovalChange['before'][] = [];
    for (const { kind, token, owner, spender, tokenId = 0n } of approvals) {
      const pair = `${padded(BigInt(owner))}${padded(BigInt(spender))}`;
      const question: Record<ApprovalChange['kind'], Hex> = {
        erc20: `${SELECTOR.allowance}${pair}`,
        all: `${SELECTOR.isApprovedForAll}${pair}`,
        erc721: `${SELECTOR.getApproved}${padded(tokenId)}`,
      };
      const answer = await this.#ask(token, question[kind]);
      if (answer === undefined || answer.length !== 32) {
        answers.push(undefined);
        continue;
      }
      const word = hexFromBytes(answer);
      answers.push(kind === 'erc20' ? BigInt(word) : kind === 'all' ? BigInt(word) !== 0n : addressIn(word));
    }
    return answers;
  }

  /** What the token calls itself, where it does: a string, or 32 bytes as the oldest have it. */
  async describe(token: Hex, kind: Kind): Promise<{ symbol?: string; decimals?: number }> {
    const symbol = textIn(await this.#ask(token, SELECTOR.symbol));
    const named = symbol === undefined ? {} : { symbol };
    if (kind !== 'erc20') return named;
    const answer = await this.#ask(token, SELECTOR.decimals);
    const decimals = answer?.length === 32 ? BigInt(hexFromBytes(answer)) : undefined;
    return decimals === undefined || decimals > 255n ? named : { ...named, decimals: Number(decimals) };
  }

  async #ask(to: Hex, input: Hex): Promise<Uint8Array | undefined> {
    const environment = this.#environment;
    const transaction = transactionOf({ to, input }, environment.fork, QUESTION_GAS);
    const { output } = await this.#sandbox.run({ environment, transaction });
    return output.status === 'success' ? output.returnData : undefined;
  }
}

function textIn(answer: Uint8Array | undefined): string | undefined {
  if (answer === undefined || answer.length < 32) return undefined;
  const words = hexFromBytes(answer);
  const length = answer.length >= 64 ? wordAt(words, 1) : 32n;
  const bytes = answer.length >= 64 ? answer.subarray(64, 64 + Number(length > 1024n ? 1024n : length)) : answer;
  const text = new TextDecoder().decode(bytes);
  // Names are written by strangers: nothing in them may steer a terminal or a page.
  const plain = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '').slice(0, LONGEST_SYMBOL);
  return plain === '' ? undefined : plain;
}

function wordAt(data: Hex, index: number): bigint {
  return BigInt(`0x${data.slice(2 + index * 64, 66 + index * 64)}`);
}

/** A list of words whose place is in the word at `index`; `undefined` where it is not whole. */
function listAt(data: Hex, index: number): bigint[] | undefined {
  const words = Math.floor((data.length - 2) / 64);
  if (words <= index) return undefined;
  const place = wordAt(data, index);
  if (place % 32n !== 0n || place / 32n >= BigInt(words)) return undefined;
  const start = Number(place / 32n);
  const count = wordAt(data, start);
  if (count > BigInt(words - start - 1)) return undefined;
  return Array.from({ length: Number(count) }, (_, at) => wordAt(data, start + 1 + at));
}

function padded(word: bigint): string {
  return word.toString(16).padStart(64, '0');
}
