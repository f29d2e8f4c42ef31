// What logs say of tokens: who got what, and who may take what. Tokens lie; what they say is told as theirs.

import { addressIn, type Hex, ZERO_ADDRESS } from '../base/hex.ts';
import type { Effect, LogEffect } from './effects.ts';
import type { ApprovalChange, Asset } from './preview-types.ts';

/** keccak256 of the events' signatures. */
const EVENT = {
  transfer: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
  approval: '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
  approvalForAll: '0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31',
  transferSingle: '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62',
  transferBatch: '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb',
  /** Wrapped native value: Deposit(address,uint256), Withdrawal(address,uint256). */
  deposit: '0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c',
  withdrawal: '0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65',
  /** Permit2: Approval and Permit(address,address,address,uint160,uint48[,uint48]), Lockdown(address,address,address). */
  allowed: '0xda9fa7c1b00402c17d0161b249b1ab8bbec047c5a52207b9c112deffd817036b',
  permitted: '0xc6a377bfc4eb120024a8ac08eef205be16b817020812c73223e81d1bdb9708ec',
  lockedDown: '0x89b1add15eff56b3dfe299ad94e01f2b52fbcb80ae1a3baea6ae8c04cb2b98a4',
} as const;

/** Something went from one account to another; nobody mints and burns tokens. */
export interface Movement {
  readonly kind: Asset['kind'];
  readonly token: Hex | undefined;
  readonly tokenId: bigint | undefined;
  readonly from: Hex;
  readonly to: Hex;
  readonly amount: bigint;
  /** Native value that was put in, or taken out: of this contract it must be a token as well. */
  readonly isWrapped?: boolean;
}

/** What one account got and gave of one asset. */
export interface Sum extends Pick<Movement, 'kind' | 'token' | 'tokenId'> {
  readonly account: Hex;
  in: bigint;
  out: bigint;
  /** All of it is native value that was wrapped or unwrapped. */
  isWrapped?: boolean;
}

/** Who may take what, as an event says, or a call that has used it. */
export interface Approval extends Pick<ApprovalChange, 'kind' | 'owner' | 'spender'> {
  readonly token: Hex;
  readonly tokenId?: bigint;
  readonly via?: Hex;
  /** Nobody has said that it changed. */
  readonly isUse?: boolean;
}

/** In the order in which they happened. */
export function movementsIn(effects: readonly Effect[]): Movement[] {
  const said = effects.flatMap((effect): Movement[] => {
    if (effect.kind === 'log') return movementsOf(effect);
    if (effect.kind !== 'value') return [];
    const { from, to, amount } = effect;
    // What is burnt goes to nobody: not to the account 0x0, which can have some.
    return [{ kind: 'native', token: undefined, tokenId: undefined, from, to: to ?? BURNT, amount }];
  });
  const seen = new Set(said.filter(({ isWrapped }) => !isWrapped).map(nameOfMovement));
  return said.filter((movement) => !movement.isWrapped || isWrapping(movement, seen));
}

/** Nobody's account: no address looks like this. */
const BURNT: Hex = '0x';

function movementsOf({ log: { address, topics, data }, isPaid }: LogEffect): Movement[] {
  const [event, second, third, fourth] = topics;
  if (event === EVENT.transfer && second !== undefined && third !== undefined) {
    return transferOf(address, addressIn(second), addressIn(third), fourth, data);
  }
  if (topics.length === 2 && data.length === 2 + 64) {
    const shared = {
      kind: 'erc20',
      token: address,
      tokenId: undefined,
      amount: wordAt(data, 0),
      isWrapped: true,
    } as const;
    const account = addressIn(second!);
    if (event === EVENT.deposit && isPaid) return [{ ...shared, from: ZERO_ADDRESS, to: account }];
    if (event === EVENT.withdrawal) return [{ ...shared, from: account, to: ZERO_ADDRESS }];
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
}

function transferOf(token: Hex, from: Hex, to: Hex, id: Hex | undefined, data: Hex): Movement[] {
  if (id !== undefined) return [{ kind: 'erc721', token, tokenId: BigInt(id), from, to, amount: 1n }];
  // CryptoKitties and others of that time have nothing indexed, or the number in the data: they are not told apart.
  if (data.length < 2 + 64) return [];
  return [{ kind: 'erc20', token, tokenId: undefined, from, to, amount: wordAt(data, 0) }];
}

/** Whether native value was taken out as well, and the contract has not said the same as a transfer already. */
function isWrapping(movement: Movement, seen: ReadonlySet<string>): boolean {
  const { token, to, amount } = movement;
  if (seen.has(nameOfMovement(movement))) return false;
  return to !== ZERO_ADDRESS || seen.has(`native ${token} ${amount}`);
}

function nameOfMovement({ kind, token, from, to, amount }: Movement): string {
  return kind === 'native' ? `native ${from} ${amount}` : `${token} ${from} ${to} ${amount}`;
}

/** What each account got and gave, of each asset, in the order in which they were first met. */
export function sumsOf(movements: readonly Movement[]): Sum[] {
  const sums = new Map<string, Sum>();
  const add = (account: Hex, { kind, token, tokenId, amount, isWrapped = false }: Movement, side: 'in' | 'out') => {
    if (account === BURNT || (account === ZERO_ADDRESS && kind !== 'native')) return;
    const key = nameOfSum(account, kind, token, tokenId);
    const sum: Sum = sums.get(key) ?? { account, kind, token, tokenId, in: 0n, out: 0n, isWrapped };
    sum[side] += amount;
    sum.isWrapped = isWrapped && sum.isWrapped === true;
    sums.set(key, sum);
  };
  for (const movement of movements) {
    add(movement.from, movement, 'out');
    add(movement.to, movement, 'in');
  }
  return [...sums.values()];
}

export function nameOfSum(account: Hex, kind: Asset['kind'], token?: Hex, tokenId?: bigint): string {
  return `${account} ${kind} ${token} ${tokenId}`;
}

/** Each once, however often it is given. */
export function approvalsIn(effects: readonly Effect[]): Approval[] {
  const approvals = new Map<string, Approval>();
  const add = (approval: Approval) => {
    const { kind, token, owner, spender, tokenId, via } = approval;
    const group = kind === 'permit' ? 'allowance' : kind;
    const name = `${group} ${token} ${owner} ${tokenId ?? spender} ${via}`;
    const known = approvals.get(name);
    // What was said counts more than that it was used.
    if (known === undefined || known.isUse || !approval.isUse) approvals.set(name, approval);
  };
  for (const effect of effects) {
    if (effect.kind === 'log') for (const approval of approvalsOf(effect)) add(approval);
    if (effect.kind !== 'spend' || effect.owner === effect.spender) continue;
    const { token, owner, spender } = effect;
    add({ kind: 'allowance', token, owner, spender, isUse: true });
  }
  return [...approvals.values()];
}

function approvalsOf({ log: { address: token, topics, data }, isPermit }: LogEffect): Approval[] {
  const [event, second, third, fourth] = topics;
  if (second === undefined) return [];
  const owner = addressIn(second);
  if (event === EVENT.lockedDown && data.length >= 2 + 128) {
    const [locked, spender] = [0, 1].map((at) => addressIn(`0x${data.slice(2 + 64 * at, 66 + 64 * at)}`));
    return [{ kind: 'allowance', token: locked!, owner, spender: spender!, via: token }];
  }
  if (third === undefined) return [];
  const spender = addressIn(third);
  if (event === EVENT.approvalForAll) return [{ kind: 'operator', token, owner, spender }];
  if ((event === EVENT.allowed || event === EVENT.permitted) && fourth !== undefined) {
    const kind = event === EVENT.permitted ? 'permit' : 'allowance';
    return [{ kind, token: spender, owner, spender: addressIn(fourth), via: token }];
  }
  if (event !== EVENT.approval) return [];
  if (fourth !== undefined) return [{ kind: 'token', token, owner, spender, tokenId: BigInt(fourth) }];
  return [{ kind: isPermit ? 'permit' : 'allowance', token, owner, spender }];
}

export function wordAt(data: Hex, index: number): bigint {
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
