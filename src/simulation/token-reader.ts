// Asks tokens: what they are called, what somebody has of them, and who may take it. They may burn what they are given, answer
// with megabytes or lies, and there may be thousands of them: gas and numbers of questions are bounded.

import { addressIn, bytesFromHex, type Hex, hexFromBytes, ZERO_ADDRESS } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import { wordOf } from '../state/remote/block-keys.ts';
import { factsOf, slotOf } from '../state/remote/code-facts.ts';
import type { StateKey } from '../state/state-source.ts';
import { environmentOf } from './call.ts';
import type { Asset } from './preview-types.ts';
import { type ReadRequest, transactionOf } from './request.ts';
import type { Sandbox } from './sandbox.ts';
import type { Setting } from './setting.ts';
import { type Approval, wordAt } from './token-events.ts';

/** Selectors of what tokens are asked. */
const SELECTOR = {
  allowance: '0xdd62ed3e',
  isApprovedForAll: '0xe985e9c5',
  getApproved: '0x081812fc',
  symbol: '0x95d89b41',
  decimals: '0x313ce567',
  balanceOf: '0x70a08231',
  balanceOfId: '0x00fdd58e',
  ownerOf: '0x6352211e',
  /** supportsInterface(0xd9b67a26) */
  supportsErc1155: `0x01ffc9a7d9b67a26${'00'.repeat(28)}`,
  /** Permit2: allowance(owner, token, spender). */
  permit2: '0x927da105',
} as const;

/** Enough for an honest token; for all questions of a preview together, and so many of them. */
const QUESTION_GAS = 500_000n;
const GAS_OF_ALL = 50_000_000n;
const MOST_QUESTIONS = 2_000;
const LONGEST_SYMBOL = 64;
const LONGEST_TEXT = 1024;

/** Tokens, and slots of each, that are asked for before it is known whether they are needed. */
const MOST_EXPECTED = 16;
const MOST_SLOTS = 16;

/** What is left to be asked, by all who ask. */
export class QuestionBudget {
  #questions = MOST_QUESTIONS;
  #gas = GAS_OF_ALL;

  /** Gas for one more question; 0: none is left. */
  next(): bigint {
    if (this.#questions === 0 || this.#gas <= 0n) return 0n;
    this.#questions--;
    return QUESTION_GAS;
  }

  spend(gas: bigint): void {
    this.#gas -= gas;
  }
}

/** Of an approval: what holds, and of Permit2 for how long. */
export interface Answer {
  readonly value: bigint | boolean | Hex | undefined;
  readonly expiration?: bigint;
}

/** A question offers no fee. */
const FREE: ReadRequest = {};
const NO_ANSWER: Answer = { value: undefined };

export class TokenReader {
  readonly #sandbox: Sandbox;
  readonly #environment: EvmBlockInput;
  readonly #budget: QuestionBudget;
  readonly #setting: Setting;
  #expected: readonly Hex[] = [];

  /** Asks about the state as it is when it asks. */
  constructor(sandbox: Sandbox, environment: EvmBlockInput, budget: QuestionBudget, setting: Setting) {
    this.#sandbox = sandbox;
    this.#setting = setting;
    this.#environment = environmentOf(FREE, environment);
    this.#budget = budget;
  }

  /** Says which tokens will be asked: where the state is not complete, all of them are looked for together. */
  expect(tokens: Iterable<Hex>): void {
    this.#expected = [...tokens].slice(0, MOST_EXPECTED);
  }

  /** Slots that the code of those tokens names: one of them may hold what they are called. */
  async #likely(): Promise<readonly StateKey[]> {
    const { state, ask } = this.#setting;
    const keys: StateKey[] = [{ kind: 'account', address: ZERO_ADDRESS }];
    for (const address of this.#expected) {
      const code = await state.code(ask, bytesFromHex(address));
      const { patterns } = factsOf(code, hexFromBytes(keccak256(bytesFromHex(code))));
      const named = patterns.filter((pattern) => pattern.keys.length === 0).slice(0, MOST_SLOTS);
      for (const pattern of named) keys.push({ kind: 'storage', address, slot: wordOf(slotOf(pattern, [])) });
    }
    this.#expected = [];
    return keys;
  }

  /** An amount, yes or no, or the approved account; `undefined` where the token does not say. */
  async approval({ kind, token, owner, spender, tokenId = 0n, via }: Approval): Promise<Answer> {
    if (via !== undefined) return this.#permit2(via, owner, token, spender);
    const pair = `${padded(owner)}${padded(spender)}`;
    const question: Record<Approval['kind'], Hex> = {
      allowance: `${SELECTOR.allowance}${pair}`,
      permit: `${SELECTOR.allowance}${pair}`,
      operator: `${SELECTOR.isApprovedForAll}${pair}`,
      token: `${SELECTOR.getApproved}${padded(tokenId)}`,
    };
    const word = await this.#word(token, question[kind]);
    if (word === undefined) return NO_ANSWER;
    if (kind === 'token') return { value: addressIn(word) };
    return { value: kind === 'operator' ? BigInt(word) !== 0n : BigInt(word) };
  }

  async #permit2(via: Hex, owner: Hex, token: Hex, spender: Hex): Promise<Answer> {
    const answer = await this.#ask(via, `${SELECTOR.permit2}${padded(owner)}${padded(token)}${padded(spender)}`);
    if (answer?.length !== 96) return NO_ANSWER;
    const words = hexFromBytes(answer);
    return { value: wordAt(words, 0), expiration: wordAt(words, 1) };
  }

  /** What an account has of a token: 1 or 0 of one of ERC-721; `undefined` where the token does not say. */
  async balance(account: Hex, { kind, address, tokenId = 0n }: Asset): Promise<bigint | undefined> {
    if (address === undefined) return undefined;
    if (kind === 'erc721') {
      const owner = await this.#word(address, `${SELECTOR.ownerOf}${padded(tokenId)}`);
      return owner === undefined ? undefined : addressIn(owner) === account ? 1n : 0n;
    }
    const question: Hex =
      kind === 'erc20'
        ? `${SELECTOR.balanceOf}${padded(account)}`
        : `${SELECTOR.balanceOfId}${padded(account)}${padded(tokenId)}`;
    const word = await this.#word(address, question);
    return word === undefined ? undefined : BigInt(word);
  }

  /** What the token calls itself, where it does: a string, or 32 bytes as the oldest have it. */
  async describe(token: Hex, kind: Asset['kind']): Promise<Pick<Asset, 'symbol' | 'decimals'>> {
    const symbol = textIn(await this.#ask(token, SELECTOR.symbol));
    const named = symbol === undefined ? {} : { symbol };
    if (kind !== 'erc20') return named;
    const answer = await this.#word(token, SELECTOR.decimals);
    const decimals = answer === undefined ? undefined : BigInt(answer);
    return decimals === undefined || decimals > 255n ? named : { ...named, decimals: Number(decimals) };
  }

  /** Whether a contract that lets somebody take all of an owner's says that it is one of ERC-1155. */
  async isErc1155(token: Hex): Promise<boolean> {
    const answer = await this.#word(token, SELECTOR.supportsErc1155);
    return answer !== undefined && BigInt(answer) === 1n;
  }

  /** The only word of the answer. */
  async #word(to: Hex, input: Hex): Promise<Hex | undefined> {
    const answer = await this.#ask(to, input);
    return answer?.length === 32 ? hexFromBytes(answer) : undefined;
  }

  async #ask(to: Hex, input: Hex): Promise<Uint8Array | undefined> {
    const environment = this.#environment;
    const gas = this.#budget.next();
    if (gas === 0n) return undefined;
    const transaction = transactionOf({ to, input }, environment.fork, gas);
    const { output } = await this.#sandbox.run({ environment, transaction, expected: () => this.#likely() });
    this.#budget.spend(output.gasUsed);
    return output.status === 'success' ? output.returnData : undefined;
  }
}

/** Whether what was approved is all that there can ever be: of some tokens amounts have 96 bits, of Permit2 160. */
export function isUnlimited(value: Answer['value'], via?: Hex): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'bigint') return false;
  return value >= 1n << 255n || value === (1n << 96n) - 1n || (via !== undefined && value === (1n << 160n) - 1n);
}

function textIn(answer: Uint8Array | undefined): string | undefined {
  if (answer === undefined || answer.length < 32) return undefined;
  const length = answer.length >= 64 ? wordAt(hexFromBytes(answer.subarray(0, 64)), 1) : 32n;
  const most = length > BigInt(LONGEST_TEXT) ? LONGEST_TEXT : Number(length);
  const bytes = answer.length >= 64 ? answer.subarray(64, 64 + most) : answer;
  const text = new TextDecoder().decode(bytes);
  // Names are written by strangers: nothing in them may steer a terminal or a page.
  const plain = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '');
  const short = [...plain].slice(0, LONGEST_SYMBOL).join('');
  return short === '' ? undefined : short;
}

function padded(value: bigint | Hex): string {
  return (typeof value === 'bigint' ? value.toString(16) : value.slice(2)).padStart(64, '0');
}
