// `--verify-state`: what a block has changed, held against the state that a node has after it.

import { InvalidBlockError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { type RpcState, type RpcStatistics, rpcState, type StateDiff } from '../index.ts';
import type { BlockResult, Mismatch } from '../types.ts';

/** `proofs`: each value is proven against the state root of the block's header; `reads`: the node is believed. */
export type StateTrust = 'proofs' | 'reads';

/** What was compared, and found equal. */
export interface ComparedState {
  readonly accounts: number;
  readonly slots: number;
}

type StateKey = Parameters<RpcState['load']>[0][number];

/** A value that the block has left: where it is to be looked up, under which name, and what it is. */
interface Left {
  readonly key: StateKey;
  readonly name: string;
  readonly value: Readonly<Record<string, bigint | Hex | boolean>>;
}

const NOTHING = { balance: 0n, nonce: 0n, exists: false };

export class PostState {
  readonly #trust: StateTrust;
  readonly #urls: readonly string[];
  /** The state that is not proven. */
  readonly #believed: RpcState;
  #proven: RpcState | undefined;

  constructor(trust: StateTrust, urls: readonly string[], believed: RpcState) {
    this.#trust = trust;
    this.#urls = urls;
    this.#believed = believed;
  }

  /** What was asked for beside what the believed state counts. */
  get statistics(): Pick<RpcStatistics, 'rounds' | 'requests' | 'bytes'> {
    return this.#proven?.statistics() ?? { rounds: 0, requests: 0, bytes: 0 };
  }

  /**
   * Nothing is said of what the block has left as it was.
   * @throws InvalidBlockError naming all that differs; ProofError naming what the node has said and cannot prove; RpcError
   */
  async compare(number: bigint, hash: Hex, { stateDiff }: BlockResult): Promise<ComparedState> {
    const left = leftBy(stateDiff);
    const found = left.length === 0 ? [] : await this.#after(hash).load(left.map(({ key }) => key));
    const mismatches = left.flatMap(({ name, value }, at) => {
      const has = found[at] as unknown as Readonly<Record<string, unknown>>;
      return Object.entries(value)
        .filter(([field, actual]) => has[field] !== actual)
        .map(([field, actual]): Mismatch => {
          const suffix = field === 'value' ? '' : `.${field}`;
          return { name: name + suffix, expected: String(has[field]), actual: String(actual) };
        });
    });
    if (mismatches.length > 0) throw refusal(number, mismatches, this.#trust);
    const slots = left.filter(({ key }) => key.kind === 'storage').length;
    return { accounts: stateDiff.size, slots };
  }

  #after(hash: Hex): RpcState {
    if (this.#trust === 'reads') return this.#believed.at(hash);
    if (this.#proven !== undefined) return this.#proven.at(hash);
    this.#proven = rpcState({ transport: this.#urls, block: hash, verifyProofs: true });
    return this.#proven;
  }
}

function leftBy(diff: StateDiff): Left[] {
  return [...diff].flatMap(([address, account]): Left[] => {
    const name = `post.${address}`;
    const key: StateKey = { kind: 'account', address };
    if (account === null) return [{ key, name, value: NOTHING }];
    const { balance, nonce, code, storage } = account;
    const fields = { ...(balance !== undefined && { balance }), ...(nonce !== undefined && { nonce }) };
    return [
      ...(Object.keys(fields).length === 0 ? [] : [{ key, name, value: fields }]),
      ...(code === undefined ? [] : [{ key: { kind: 'code', address } as const, name, value: { code } }]),
      ...[...storage].map(([slot, value]) => ({
        key: { kind: 'storage', address, slot } as const,
        name: `${name}.storage[${slot}]`,
        value: { value },
      })),
    ];
  });
}

function refusal(number: bigint, mismatches: readonly Mismatch[], trust: StateTrust): InvalidBlockError {
  const whose = trust === 'proofs' ? 'by the state root' : 'by the node';
  const differing = mismatches.map(({ name, expected, actual }) => `${name} is ${actual}, ${whose} ${expected}`);
  return new InvalidBlockError(`block ${number}: ${differing.join('; ')}`, {}, mismatches);
}
