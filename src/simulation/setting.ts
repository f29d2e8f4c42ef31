// Where calls run: the state, the block whose environment they see, and what it takes to run them.

import type { Hex } from '../base/hex.ts';
import type { BlockInput } from '../block/block-input.ts';
import type { BlobRules, Chain } from '../chain/chain.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import type { StateChanges } from '../core/host/state-changes.ts';
import type { CoreInstance } from '../core/instance/abi.ts';
import { environmentOf, hashesOf } from '../job/evm-block.ts';
import type { Ask } from '../job/job.ts';
import type { StandingState } from '../job/state-before.ts';

/** What the thread that calls run on brings. */
export interface CallingThread {
  /** Gives an instance of the core the precompiled contracts that the thread has. */
  equip(instance: CoreInstance): void;
  /** Loads them, for one that has thrown `Unequipped`. */
  loadPrecompiles(instance: CoreInstance): Promise<void>;
  /** The trace build of the core. */
  tracedCore(): Promise<WebAssembly.Module>;
}

/** A state that can be changed for a while. */
export interface ChangeableState extends StandingState {
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  readonly emptyAccounts: boolean | undefined;
  setBalance(ask: Ask, address: Uint8Array, balance: bigint): Promise<void>;
  setNonce(ask: Ask, address: Uint8Array, nonce: bigint): Promise<void>;
  setCode(ask: Ask, address: Uint8Array, code: Uint8Array): Promise<void>;
  setStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): Promise<void>;
  /** Leaves the account without storage. */
  emptyStorage(address: Uint8Array): Promise<void>;
  code(ask: Ask, address: Uint8Array): Promise<Hex>;
  /** What is different since then. */
  changesSince(mark: number): StateChanges;
  account(ask: Ask, address: Uint8Array): Promise<{ readonly balance: bigint; readonly nonce: bigint }>;
}

/** The block that a state is the one after. */
export interface Head {
  readonly chain: Chain;
  readonly hardfork: Hardfork;
  readonly blobs: BlobRules | undefined;
  /** Its header; of a block that is not known, what a usual one would have. */
  readonly header: BlockInput;
}

export interface Setting {
  readonly state: ChangeableState;
  readonly head: Head;
  readonly ask: Ask;
  readonly thread: CallingThread;
}

/** Made once per block: with its hashes it takes longer than a short call. */
const environments = new WeakMap<Head, { readonly emptyAccounts: boolean; readonly environment: EvmBlockInput }>();

/** What a call sees of the block: of the very one that the state is the one after. */
export function environmentAt(setting: Setting): EvmBlockInput {
  const { head } = setting;
  const emptyAccounts = setting.state.emptyAccounts !== false;
  const known = environments.get(head);
  if (known?.emptyAccounts === emptyAccounts) return known.environment;
  const environment = newEnvironment(setting);
  environments.set(head, { emptyAccounts, environment });
  return environment;
}

function newEnvironment({ state, head }: Setting): EvmBlockInput {
  const { chain, hardfork, blobs, header } = head;
  const environment = environmentOf({
    ...{ chainId: chain.id, hardfork, blobs, block: header, blockHashes: state.blockHashes, senders: 'trust' },
  });
  return { ...environment, emptyAccounts: environment.emptyAccounts || state.emptyAccounts !== false };
}

type Hashes = Pick<EvmBlockInput, 'blockHashes' | 'hashesToCome'>;

/** What BLOCKHASH finds in a block of another number than the head's: hashes of those before the head alone, as in geth. */
export function hashesBefore({ state, head }: Setting, number: bigint): Hashes {
  const blockHashes = hashesOf(state.blockHashes, number);
  const toCome = number - BigInt(head.header.number);
  return { blockHashes, hashesToCome: toCome > 0n ? Math.min(Number(toCome), blockHashes.length) : 0 };
}

/** What was made of environments: the same object for the same, which is encoded once. */
const knowing = new WeakMap<EvmBlockInput, { readonly hash: Hex; readonly seen: EvmBlockInput }>();

/** In the block after the head its hash is known too, lest code can tell that it is only asked what it would do (go-ethereum#32175). */
export function knowingHead({ state, head: { header } }: Setting, environment: EvmBlockInput): EvmBlockInput {
  const number = BigInt(header.number);
  const hash = header.hash ?? state.blockHashes.get(number);
  if (environment.number !== number + 1n || hash === undefined) return environment;
  const known = knowing.get(environment);
  if (known?.hash === hash) return known.seen;
  const seen = { ...environment, blockHashes: [hash, ...environment.blockHashes.slice(1)], hashesToCome: 0 };
  knowing.set(environment, { hash, seen });
  return seen;
}

/**
 * The fork at another number, or time, than the head's: a fork holds where all before it do. A fork that is not the one of
 * the chain's schedule was named by somebody, and stays. `isMerged`: whatever the head is.
 */
export function forkAtPlace(
  { chain, hardfork, header }: Head,
  number: bigint,
  time: bigint,
  isMerged = false,
): Hardfork {
  if (chain.forks === undefined) return hardfork;
  const { hasProofOfStake } = rulesOf(hardfork);
  const at = (blockNumber: bigint, timestamp: bigint, merged: boolean): Hardfork | undefined => {
    let last: Hardfork | undefined = 'chainstart';
    for (const { since, hardfork: next } of chain.forks!) {
      const holds =
        since === 'merge' ? merged : 'block' in since ? blockNumber >= since.block : timestamp >= since.time;
      // After London and the merge, forks come by time, wherever the bombs of the difficulty had been.
      if (!holds && since !== 'merge' && 'block' in since && merged && rulesOf(last ?? 'chainstart').hasBaseFee)
        continue;
      if (!holds) break;
      last = next;
    }
    return last;
  };
  const scheduled = at(BigInt(header.number), BigInt(header.timestamp), hasProofOfStake);
  return scheduled === hardfork ? (at(number, time, isMerged || hasProofOfStake) ?? hardfork) : hardfork;
}
