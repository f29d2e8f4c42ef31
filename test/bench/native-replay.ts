// A real block on the native peer: its state as genesis, its signed transactions in the pool, and only the mining timed.

import { createTxFromRPC, type TxData } from '@ethereumjs/tx';
import { type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import { chainAt } from '../../src/executor/ethereumjs/chain.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import type { MemoryState } from '../../src/state/memory.ts';
import { Anvil, type GenesisAccount, type NextBlock } from './anvil.ts';

/** The pool wants senders to afford the caps they allow, all at once; what they own changes no gas. */
const TOP_UP = 10n ** 24n;

/** Why the peer cannot run a block; `undefined` where it can. */
export function notReplayable({ block, state }: BlockFile): string | undefined {
  if (block.transactions.some(({ type }) => type === '0x3')) return 'blob transactions come without their sidecars';
  if ([...state.accounts.values()].some(({ code }) => code === undefined)) return 'the code of an account is unknown';
  return undefined;
}

export interface GasAgreement {
  /** Transactions whose gas is what the peer used. */
  equal: number;
  transactions: number;
  /** Gas of all, as the peer has it. */
  gasUsed: bigint;
}

/** One block on a node of its own, as often as wanted: after each run the node goes back to the state before. */
export class NativeReplay implements AsyncDisposable {
  readonly #anvil: Anvil;
  readonly #next: NextBlock;
  readonly #raw: readonly string[];

  private constructor(anvil: Anvil, next: NextBlock, raw: readonly string[]) {
    this.#anvil = anvil;
    this.#next = next;
    this.#raw = raw;
  }

  static async start(file: BlockFile): Promise<NativeReplay> {
    const { block, hardfork, chainId } = file;
    const timestamp = BigInt(block.timestamp);
    const next = {
      timestamp,
      gasLimit: BigInt(block.gasLimit),
      coinbase: block.miner,
      baseFeePerGas: block.baseFeePerGas === undefined ? undefined : BigInt(block.baseFeePerGas),
      prevRandao: isAtLeast(hardfork, 'paris') ? block.mixHash : undefined,
    };
    const raw = await rawTransactions(file);
    const anvil = await Anvil.start({
      hardfork,
      chainId,
      number: BigInt(block.number) - 1n,
      timestamp: timestamp - 1n,
      gasLimit: next.gasLimit,
      alloc: genesisOf(file.state, new Set(block.transactions.map(({ from }) => from as Hex))),
    });
    return new NativeReplay(anvil, next, raw);
  }

  /** Milliseconds of mining the block. */
  async run(): Promise<number> {
    return (await this.#mined(this.#raw)).durationMs;
  }

  /** Milliseconds of mining a block without transactions on the same state: what is not execution. */
  async floor(): Promise<number> {
    return (await this.#mined([])).durationMs;
  }

  /** Mines once more, untimed, and compares the gas of each transaction with a trusted execution's. */
  async compare(hashes: readonly Hex[], gasUsed: readonly bigint[]): Promise<GasAgreement> {
    const { gas } = await this.#mined(this.#raw, true);
    // Where the node charges too much, the last transactions do not fit into the block any more.
    const mined = hashes.filter((hash) => gas.has(hash));
    if ([...gas.keys()].some((hash, index) => mined[index] !== hash)) throw new Error('anvil mined in another order');
    return {
      equal: hashes.filter((hash, index) => gas.get(hash) === gasUsed[index]).length,
      transactions: hashes.length,
      gasUsed: [...gas.values()].reduce((sum, used) => sum + used, 0n),
    };
  }

  /**
   * Milliseconds that the node takes to trace the mined block, with a tracer of geth's name. `undefined`: where it cannot
   * trace whole blocks, its transactions one after the other. `sample`: so many of them, at equal distances, in place of all: what
   * one takes grows with its place, so that the mean of these is that of all.
   */
  async traced(tracer: string, hashes: readonly string[], sample = hashes.length): Promise<number> {
    const snapshot = await this.#anvil.snapshot();
    await this.#anvil.load(this.#next, this.#raw);
    await this.#anvil.mine();
    const start = performance.now();
    const count = Math.min(sample, hashes.length);
    const asked = Array.from({ length: count }, (_, at) => hashes[Math.floor(((at + 0.5) * hashes.length) / count)]!);
    for (const hash of asked) await this.#anvil.call('debug_traceTransaction', hash, { tracer });
    const durationMs = ((performance.now() - start) * hashes.length) / count;
    await this.#anvil.revert(snapshot);
    return durationMs;
  }

  async #mined(raw: readonly string[], withGas = false): Promise<{ durationMs: number; gas: Map<string, bigint> }> {
    const snapshot = await this.#anvil.snapshot();
    await this.#anvil.load(this.#next, raw);
    const durationMs = await this.#anvil.mine();
    const gas = withGas ? await this.#anvil.gasUsed() : new Map<string, bigint>();
    await this.#anvil.revert(snapshot);
    return { durationMs, gas };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#anvil.stop();
  }
}

/** The signed transactions as they go over the wire. @throws Error where one is not what its hash says */
export async function rawTransactions({ block, chainId, hardfork }: BlockFile): Promise<Hex[]> {
  const common = chainAt(chainId, hardfork);
  return Promise.all(
    block.transactions.map(async (input, index) => {
      const signed = { ...input, v: input.v ?? input.yParity } as unknown as TxData[0];
      const transaction = await createTxFromRPC(signed, { common, freeze: false });
      if (input.hash !== undefined && hexFromBytes(transaction.hash()) !== input.hash) {
        throw new Error(`transaction ${index} does not have the hash that the block gives it`);
      }
      return hexFromBytes(transaction.serialize());
    }),
  );
}

function genesisOf(state: MemoryState, senders: ReadonlySet<Hex>): Record<string, GenesisAccount> {
  const alloc: Record<string, GenesisAccount> = {};
  for (const { address, balance, nonce, code, storage } of state.accounts.values()) {
    const slots = [...storage.values()].map(({ slot, value }) => [hexFromBytes(slot), hexFromBytes(value)] as const);
    alloc[hexFromBytes(address)] = {
      balance: quantityFromNumber(balance),
      nonce: quantityFromNumber(nonce),
      ...(code !== undefined && code.length > 0 ? { code: hexFromBytes(code) } : {}),
      storage: Object.fromEntries(slots),
    };
  }
  for (const sender of senders) {
    const account = alloc[sender] ?? { balance: '0x0', nonce: '0x0' };
    alloc[sender] = { ...account, balance: quantityFromNumber(BigInt(account.balance) + TOP_UP) };
  }
  return alloc;
}
