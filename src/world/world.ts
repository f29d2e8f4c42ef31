// A world: a state that stays in the core, blocks that advance it one after the other, and moments to come back to.

import { InputError } from '../base/errors.ts';
import { bytes32FromNumber, bytesFromHex, type Hex } from '../base/hex.ts';
import { amount, bytes as bytesReader, describe, address as readAddress } from '../base/reader.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { rulesOf } from '../chain/rules.ts';
import type { BlockContext } from '../job/block-encoding.ts';
import { stateDiffOf } from '../job/changed-state.ts';
import type { BlockRun, World, WorldBlock, WorldBlockRequest } from '../types.ts';
import { changesSince } from './world-diff.ts';
import type { Ask, WorldState } from './world-state.ts';

/** What a world asks of its engine: turns, in the order in which they are asked for. */
export interface WorldTurns {
  take<R>(body: (ask: Ask) => Promise<R>): Promise<R>;
  executeBlock(request: WorldBlockRequest, state: WorldState, advanced: (context: BlockContext) => void): BlockRun;
  /** Turns for another world. */
  another(): WorldTurns;
  /** The world is no more; settles when its last turn is over. */
  end(): Promise<void>;
}

interface Snapshot {
  readonly mark: number;
  readonly block: WorldBlock | undefined;
}

const readAmount = amount(256);
const readNonce = amount(64);
const readCode = bytesReader();

export class ResidentWorld implements World {
  readonly #turns: WorldTurns;
  readonly #state: WorldState;
  readonly #snapshots = new Map<number, Snapshot>();
  #nextSnapshot = 1;
  #block: WorldBlock | undefined;
  /** Whether an empty account is none, in the newest block (EIP-161). */
  #emptyIsAbsent = true;
  #disposed: Promise<void> | undefined;

  constructor(turns: WorldTurns, state: WorldState, block: WorldBlock | undefined) {
    this.#turns = turns;
    this.#state = state;
    this.#block = block;
  }

  get block(): WorldBlock | undefined {
    return this.#block;
  }

  executeBlock(request: WorldBlockRequest): BlockRun {
    return this.#turns.executeBlock(request, this.#state, (context) => this.#advanced(context));
  }

  async getBalance(address: string): Promise<bigint> {
    const place = addressOf(address);
    return this.#take(async (ask) => (await this.#state.account(ask, place)).balance);
  }

  async getNonce(address: string): Promise<bigint> {
    const place = addressOf(address);
    return this.#take(async (ask) => (await this.#state.account(ask, place)).nonce);
  }

  async getCode(address: string): Promise<Hex> {
    const place = addressOf(address);
    return this.#take((ask) => this.#state.code(ask, place));
  }

  async getStorage(address: string, slot: string | number | bigint): Promise<Hex> {
    const place = addressOf(address);
    const key = wordOf(slot, 'slot');
    return this.#take((ask) => this.#state.storage(ask, place, key));
  }

  async setBalance(address: string, balance: string | number | bigint): Promise<void> {
    const place = addressOf(address);
    const value = readAmount(balance, 'balance');
    return this.#change((ask) => this.#state.setBalance(ask, place, value));
  }

  async setNonce(address: string, nonce: string | number | bigint): Promise<void> {
    const place = addressOf(address);
    const value = readNonce(nonce, 'nonce');
    return this.#change((ask) => this.#state.setNonce(ask, place, value));
  }

  async setCode(address: string, code: string): Promise<void> {
    const place = addressOf(address);
    const value = bytesFromHex(readCode(code, 'code'));
    return this.#change((ask) => this.#state.setCode(ask, place, value));
  }

  async setStorage(address: string, slot: string | number | bigint, value: string | number | bigint): Promise<void> {
    const place = addressOf(address);
    const [key, word] = [wordOf(slot, 'slot'), wordOf(value, 'value')];
    return this.#change(() => this.#state.setStorage(place, key, word));
  }

  snapshot(): number {
    const id = this.#nextSnapshot++;
    // It is the state when all that was asked for before is done.
    this.#take(async () => {
      this.#snapshots.set(id, { mark: this.#state.residence.mark, block: this.#block });
    }).catch(() => {});
    return id;
  }

  revert(id: number): Promise<void> {
    return this.#take(async () => {
      const { mark, block } = this.#snapshot(id);
      await this.#state.residence.revertTo(mark);
      for (const later of this.#snapshots.keys()) if (later > id) this.#snapshots.delete(later);
      for (const number of this.#state.blockHashes.keys()) {
        if (block !== undefined && number > block.number) this.#state.blockHashes.delete(number);
      }
      this.#block = block;
    });
  }

  release(id: number): Promise<void> {
    return this.#take(async () => {
      this.#snapshot(id);
      this.#snapshots.delete(id);
      this.#forget();
    });
  }

  stateDiffSince(id: number): Promise<StateDiff> {
    return this.#take(async () => {
      const { mark } = this.#snapshot(id);
      return stateDiffOf(changesSince(this.#state.residence, mark), this.#emptyIsAbsent);
    });
  }

  fork(): Promise<World> {
    return this.#take(async () => new ResidentWorld(this.#turns.another(), await this.#state.fork(), this.#block));
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#turns.end().then(() => this.#state.residence.dispose());
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #take<R>(body: (ask: Ask) => Promise<R>): Promise<R> {
    if (this.#disposed !== undefined) return Promise.reject(new InputError('world', 'it was disposed of'));
    return this.#turns.take(body);
  }

  /** A change from outside: all of it, or nothing. */
  #change(body: (ask: Ask) => Promise<void>): Promise<void> {
    return this.#take(async (ask) => {
      const { residence } = this.#state;
      const { mark } = residence;
      try {
        await body(ask);
      } catch (error) {
        await residence.revertTo(mark);
        throw error;
      }
      this.#forget();
    });
  }

  #advanced({ block, hardfork }: BlockContext): void {
    const number = BigInt(block.number);
    const { hash, parentHash } = block;
    const { blockHashes } = this.#state;
    if (number > 0n) blockHashes.set(number - 1n, parentHash);
    if (hash !== undefined) blockHashes.set(number, hash);
    this.#block = { number, ...(hash === undefined ? {} : { hash }) };
    this.#emptyIsAbsent = rulesOf(hardfork).clearsEmpty;
    // Before EIP-161 blocks leave some.
    if (!this.#emptyIsAbsent) this.#state.emptyAccounts = true;
    this.#forget();
  }

  /** What nobody can come back to need not be kept. */
  #forget(): void {
    const { residence } = this.#state;
    let oldest = residence.mark;
    for (const { mark } of this.#snapshots.values()) oldest = Math.min(oldest, mark);
    residence.forgetBefore(oldest);
  }

  #snapshot(id: number): Snapshot {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) throw new InputError('id', `there is no snapshot ${describe(id)}`);
    return snapshot;
  }
}

function addressOf(address: string): Uint8Array {
  return bytesFromHex(readAddress(address, 'address'));
}

function wordOf(value: string | number | bigint, field: string): Uint8Array {
  return bytes32FromNumber(readAmount(value, field));
}
